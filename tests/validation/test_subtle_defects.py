"""The gate on defects and wordings that its rules were not made from."""

import json
import random

import pytest
from support.items.planted_defects import (
    build_draft,
    can_plant,
    list_shown_passages,
    load_book,
    make_good_items,
)
from support.items.subtle_defects import SUBTLE, make_other_good_items

from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.item_checker import ItemChecker

A_KIND = 12
LEAST = {
    "one sign of the key, three of another": 0.6,
    "key denied by its own quote": 0.6,
    "key-misspelt": 0.4,
}  # what is not certain goes


@pytest.fixture(scope="module")
def checker() -> ItemChecker:
    return ItemChecker(load_book(), "fa", ValidationPlan())


@pytest.mark.parametrize("name", SUBTLE)
def test_a_subtle_defect_is_stopped(name: str, checker: ItemChecker) -> None:
    applies, plant = SUBTLE[name]
    draw = random.Random(3)
    chosen = draw.sample(
        [(k, i) for k, i in make_good_items(200, 11) if can_plant(applies, k, i)], A_KIND
    )
    passed = []
    for number, (kind, item) in enumerate(chosen):
        checker.seen_items = SeenItems("fa", ValidationPlan())
        bad = plant(item, draw)
        assert isinstance(bad, dict)
        raw = json.dumps(bad, ensure_ascii=False)
        passed += [raw] * bool(
            checker.check_draft(
                build_draft(
                    kind, raw, number, [*list_shown_passages(bad), *list_shown_passages(item)]
                )
            ).kept
        )
    assert len(passed) <= (1 - LEAST.get(name, 0.9)) * A_KIND, passed[:2]


def test_good_items_in_other_words_pass() -> None:
    checker = ItemChecker(load_book(), "fa", ValidationPlan())
    items = make_other_good_items(300)
    taken = [
        checker.check_draft(
            build_draft(kind, json.dumps(item, ensure_ascii=False), n, list_shown_passages(item))
        )
        for n, (kind, item) in enumerate(items)
    ]
    refused = [r.reason for one in taken for r in one.rejected if r.check != "duplicates"]
    assert len(refused) <= 0.02 * len(items), refused
