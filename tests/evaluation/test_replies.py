"""Replies as models give them, labelled by hand before the reader was written: right, and hardly ever a wrong credit."""

import json
from pathlib import Path
from typing import NamedTuple

from tasks.evaluation.answer_extraction import extract_answer

REPLIES = Path(__file__).with_name("replies.jsonl")


class Reading(NamedTuple):
    said: str
    wanted: int | None
    read: int | None


def read_all() -> list[Reading]:
    rows = map(json.loads, REPLIES.read_text("utf-8").splitlines())
    return [
        Reading(r["said"], r["answer"], extract_answer(r["said"], r["options"], r["language"]))
        for r in rows
    ]


def test_replies_are_read_as_a_person_reads_them():
    readings = read_all()
    wrong = [r for r in readings if r.read != r.wanted]
    credited = [r for r in wrong if r.read is not None]  # an option that the model did not choose
    assert len(readings) >= 300
    assert len(wrong) <= 0.02 * len(readings), wrong
    assert len(credited) <= 0.005 * len(readings), credited
