"""A vignette glued from two patients is none; a patient of one condition is never taken for two."""

import json
import random

import pytest
from support.items.planted_defects import (
    build_draft,
    list_shown_passages,
    load_book,
    make_good_items,
)

from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.section_topics import list_stems
from tasks.validation.item_checker import ItemChecker


@pytest.fixture(scope="module")
def pairs():
    return [item for kind, item in make_good_items(120, 3) if kind == "pair"]


def judge(items):
    checker = ItemChecker(load_book(), "fa", ValidationPlan())
    found = [
        checker.check_draft(
            build_draft("pair", json.dumps(item, ensure_ascii=False), n, list_shown_passages(item))
        )
        for n, item in enumerate(items)
    ]
    return [one.rejected[0].reason if one.rejected else None for one in found]


def test_sound_vignettes_are_one_patient_each(pairs):
    codes = [reason.code for reason in judge(pairs) if reason]
    assert len(pairs) > 50 and "two-patients-in-one" not in codes


def test_most_vignettes_glued_from_two_are_stopped_and_the_share_is_that_of_the_weights(pairs):
    draw = random.Random(3)
    glued = []
    for pair in pairs:
        other = draw.choice([one for one in pairs if one["diagnosis"] != pair["diagnosis"]])
        glued.append({**pair, "symptom": f"{pair['symptom']} و {other['symptom']}"})
    reasons = judge(glued)
    assert sum(reason is not None for reason in reasons) > 0.8 * len(glued)
    at, told = next(
        (n, reason)
        for n, reason in enumerate(reasons)
        if reason and reason.code == "two-patients-in-one"
    )
    topics = ItemChecker(load_book(), "fa", ValidationPlan()).passage_index.topics
    words = {w for w in list_stems(glued[at]["symptom"]) if w in topics.stem_weights}
    own = topics.stems_by_topic[topics.get_canonical_title(glued[at]["diagnosis"])]
    foreign = topics.stems_by_topic[told.values["rival"]] - own
    weigh = topics.stem_weights
    share = sum(weigh[w] for w in words & foreign) / sum(weigh[w] for w in words)
    assert told.values["share"].share == pytest.approx(share) and share >= 0.28
