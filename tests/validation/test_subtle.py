"""The gate on defects and wordings that its rules were not made from."""

import json
import random

import pytest
from validation.planted import book, draft, fits, good_items, shown_to
from validation.subtle import SUBTLE, other_good

from tasks.plan import ValidationPlan
from tasks.validation.desk import Desk
from tasks.validation.duplicates import Seen

A_KIND = 12
LEAST = {"one sign of the key, three of another": 0.6, "key denied by its own quote": 0.6, "key misspelt": 0.4}  # what is not certain goes


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(book(), "fa", ValidationPlan())


@pytest.mark.parametrize("name", SUBTLE)
def test_a_subtle_defect_is_stopped(name: str, desk: Desk) -> None:
    applies, plant = SUBTLE[name]
    draw = random.Random(3)
    chosen = draw.sample([(k, i) for k, i in good_items(200, 11) if fits(applies, k, i)], A_KIND)
    passed = []
    for number, (kind, item) in enumerate(chosen):
        desk.seen_items = Seen("fa", ValidationPlan())
        bad = plant(item, draw)
        assert isinstance(bad, dict)
        raw = json.dumps(bad, ensure_ascii=False)
        passed += [raw] * bool(desk.check_draft(draft(kind, raw, number, [*shown_to(bad), *shown_to(item)])).kept)
    assert len(passed) <= (1 - LEAST.get(name, 0.9)) * A_KIND, passed[:2]


def test_good_items_in_other_words_pass() -> None:
    desk = Desk(book(), "fa", ValidationPlan())
    items = other_good(300)
    taken = [desk.check_draft(draft(kind, json.dumps(item, ensure_ascii=False), n, shown_to(item))) for n, (kind, item) in enumerate(items)]
    refused = [r.reason for one in taken for r in one.rejected if r.check != "duplicates"]
    assert len(refused) <= 0.02 * len(items), refused
