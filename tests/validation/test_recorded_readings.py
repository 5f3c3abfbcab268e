"""What a reader, who had seen two of the labels, made of the labelled items: recorded answers, judged
anew.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from validation import read_labelled

ROOT = Path(__file__).parents[2]
ITEMS = ROOT.parent / "shared" / "cases" / "items"

pytestmark = pytest.mark.skipif(not ITEMS.is_dir(), reason="the labelled items are not here")


@pytest.fixture(scope="module")
def judged():
    recorded = read_labelled.load_recorded()
    return read_labelled.judge(
        ITEMS, lambda number, _: json.dumps(recorded[number - 1]["answer"], ensure_ascii=False)
    )


def test_the_recorded_answers_are_to_the_questions_that_would_be_put_today():
    asked = [row["asked"] for row in read_labelled.load_recorded()]
    assert asked == read_labelled.digest_requests(ITEMS), (
        "the reader is told otherwise, or shown other items: have the requests answered anew (read_labelled.py lay,"
        " measure, record)"
    )


def test_good_items_are_kept_and_bad_ones_stopped(judged):
    fell = Counter((one.label["quality"], bool(one.rules or one.reader)) for one in judged)
    assert fell["good", True] <= 0.05 * (fell["good", True] + fell["good", False])
    assert fell["bad", False] <= 0.2 * (fell["bad", True] + fell["bad", False])
    kinds = {}
    for one in judged:
        if one.label["quality"] == "bad":
            kinds.setdefault(read_labelled.name_fault(one.label), []).append(
                bool(one.rules or one.reader)
            )
    assert not {kind: stopped for kind, stopped in kinds.items() if sum(stopped) < len(stopped) / 2}


def test_every_item_was_read(judged):
    assert all(one.reading.is_read for one in judged) and len(judged) == 155


def test_the_table_of_the_docs_is_this(judged):
    text = (ROOT / "docs" / "validation.md").read_text("utf-8")
    found = re.search(r"<!-- readings: begin -->\n(.*?)\n<!-- readings: end -->", text, re.S)
    assert found[1] == read_labelled.show(judged)
