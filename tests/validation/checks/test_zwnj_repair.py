"""Half-spaces come back from the book's spelling; reversed word order is noticed."""

import json

import pytest
from support.items.gate_items import BOOK, PAIR
from support.items.gate_items import build_draft as response
from support.items.planted_defects import (
    build_draft,
    list_shown_passages,
    load_book,
    make_good_items,
    reverse_words,
)

from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.zwnj_repair import is_reversed, learn_spelling, restore_half_spaces
from tasks.validation.item_checker import ItemChecker
from tasks.validation.language_patterns import get_language_patterns

FORM = get_language_patterns("fa")


@pytest.fixture(scope="module")
def written():
    return learn_spelling((p.text for p in load_book()), FORM, "fa")


def test_half_spaces_of_the_book_are_put_back_and_counted():
    desk = ItemChecker(BOOK, "fa", ValidationPlan())
    kept = desk.check_draft(
        response({**PAIR, "symptom": "زن ۲۳ ساله با خسخس سینه هنگام بازدم و تنگی نفس شبانه"})
    ).kept
    assert "خس‌خس" in kept[0].symptom and desk.repair_counts["pair", "parsed"] == {"half-spaces": 1}


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ("بیماریهای قلبی", "بیماری‌های قلبی"),
        ("میشود", "می‌شود"),
        ("انتهای روده", "انتهای روده"),
        ("بهای دارو", "بهای دارو"),
    ],
)
def test_endings_are_split_only_where_the_book_knows_the_stem(written, joined, apart):
    assert restore_half_spaces(joined, written, FORM) == apart


def test_reversed_sentences_and_names_are_noticed_and_straight_ones_not(written):
    texts = [i.get("symptom") or i["question"] for _, i in make_good_items(200)]
    names = [p.section for p in load_book() if len(p.section.split()) > 1 and p.heading]
    assert not any(is_reversed(t, written) for t in [*texts, *names])
    assert sum(is_reversed(reverse_words(t), written) for t in texts) >= 0.98 * len(texts)
    assert sum(is_reversed(reverse_words(n), written) for n in names) >= 0.95 * len(names)


def test_reversed_options_are_refused_whatever_their_key_says():
    kind, item = next((k, i) for k, i in make_good_items(20) if k == "question")
    turned = {**item, "options": [reverse_words(o) for o in item["options"]][::-1]}
    desk = ItemChecker(load_book(), "fa", ValidationPlan())
    assert not desk.check_draft(
        build_draft(kind, json.dumps(turned, ensure_ascii=False), 1, list_shown_passages(item))
    ).kept
