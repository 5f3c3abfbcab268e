"""Half-spaces come back from the book's spelling; reversed word order is noticed."""

import json

import pytest
from validation.planted import book, draft, good_items, shown_to, words_reversed
from validation.rows import BOOK, PAIR
from validation.rows import draft as response

from tasks.plan import ValidationPlan
from tasks.validation.desk import Desk
from tasks.validation.mending import habits, half_spaced, is_reversed
from tasks.validation.wording import wording

FORM = wording("fa")


@pytest.fixture(scope="module")
def written():
    return habits((p.text for p in book()), FORM, "fa")


def test_half_spaces_of_the_book_are_put_back_and_counted():
    desk = Desk(BOOK, "fa", ValidationPlan())
    kept = desk.check_draft(response({**PAIR, "symptom": "زن ۲۳ ساله با خسخس سینه هنگام بازدم و تنگی نفس شبانه"})).kept
    assert "خس‌خس" in kept[0].symptom and desk.repair_counts["pair", "parsed"] == {"half-spaces": 1}


@pytest.mark.parametrize(
    ("joined", "apart"),
    [("بیماریهای قلبی", "بیماری‌های قلبی"), ("میشود", "می‌شود"), ("انتهای روده", "انتهای روده"), ("بهای دارو", "بهای دارو")],
)
def test_endings_are_split_only_where_the_book_knows_the_stem(written, joined, apart):
    assert half_spaced(joined, written, FORM) == apart


def test_reversed_sentences_and_names_are_noticed_and_straight_ones_not(written):
    texts = [i.get("symptom") or i["question"] for _, i in good_items(200)]
    names = [p.section for p in book() if len(p.section.split()) > 1 and p.heading]
    assert not any(is_reversed(t, written) for t in [*texts, *names])
    assert sum(is_reversed(words_reversed(t), written) for t in texts) >= 0.98 * len(texts)
    assert sum(is_reversed(words_reversed(n), written) for n in names) >= 0.95 * len(names)


def test_reversed_options_are_refused_whatever_their_key_says():
    kind, item = next((k, i) for k, i in good_items(20) if k == "question")
    turned = {**item, "options": [words_reversed(o) for o in item["options"]][::-1]}
    desk = Desk(book(), "fa", ValidationPlan())
    assert not desk.check_draft(draft(kind, json.dumps(turned, ensure_ascii=False), 1, shown_to(item))).kept
