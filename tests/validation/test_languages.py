"""The gate knows English too, and does its work in a language that it has no words of."""

import json

import pytest

from tasks.schemas.item_rows import Draft, Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.item_checker import ItemChecker

ENGLISH = [
    Passage(
        id="p001-01",
        chapter="Lung",
        section="1.1 Asthma",
        heading="Signs",
        page=1,
        text="- Wheezing on exhalation\n- Nocturnal dry cough\n- No fever at night",
    ),
    Passage(
        id="p002-01",
        chapter="Lung",
        section="1.2 Chronic obstructive pulmonary disease (COPD)",
        heading="Signs",
        page=2,
        text="- Productive morning cough\n- Blue lips\n- Barrel chest",
    ),
    Passage(
        id="p003-01",
        chapter="Lung",
        section="1.3 Pulmonary embolism",
        heading="Signs",
        page=3,
        text="- Sudden pleuritic pain\n- Haemoptysis after surgery\n- One swollen leg",
    ),
    Passage(
        id="p004-01",
        chapter="Lung",
        section="1.4 Pneumonia",
        heading="Signs",
        page=4,
        text="- High fever with chills\n- Rusty sputum\n- Crackles",
    ),
]
OPTIONS = ["Asthma", "COPD", "Pulmonary embolism", "Pneumonia"]
STEM = "A 60-year-old smoker has a productive morning cough, blue lips and a barrel chest. What is the most likely diagnosis?"
GERMAN = [
    Passage(
        id="p001-01",
        chapter="Lunge",
        section="Asthma",
        page=1,
        text="Typisch ist pfeifende Ausatmung mit trockenem Husten in der Nacht.",
    ),
    Passage(
        id="p002-01",
        chapter="Lunge",
        section="Pneumonie",
        page=2,
        text="Typisch ist hohes Fieber mit Schüttelfrost und rostfarbenem Auswurf.",
    ),
]


def label(item, kind, passages=ENGLISH, language="en"):
    draft = Draft(
        id="d",
        kind=kind,
        passages=tuple(p.id for p in passages),
        asked=1,
        writer="w",
        raw=json.dumps(item),
    )
    outcome = ItemChecker(passages, language, ValidationPlan()).check_draft(draft)
    return outcome.rejected[0].reason.code if outcome.rejected else "kept"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "kept"),
        ({"quote": "blue  LIPS"}, "kept"),
        ({"quote": "blue nails"}, "quote-not-in-the-passages"),
        ({"answer": 1}, "key-supported-by-a-neighbour-only"),
        (
            {
                "question": "A 20-year-old has high fever with chills, rusty sputum and crackles. What is the most likely diagnosis?"
            },
            "another-condition-fits-better",
        ),
        (
            {"options": ["Asthma", "COPD", "Pneumonia", "None of the above"]},
            "all-or-none-of-the-above",
        ),
        (
            {"question": STEM.replace("most likely", "most likely (answer: 2)")},
            "answer-told-in-the-item",
        ),
        (
            {"question": STEM, "options": ["asthma", "COPD", "Asthma", "Pneumonia"]},
            "repeated-options",
        ),
    ],
)
def test_english_questions(change, expected):
    assert (
        label(
            {
                "question": STEM,
                "options": OPTIONS,
                "answer": 2,
                "page": 2,
                "quote": "Blue lips",
                **change,
            },
            "question",
        )
        == expected
    )


def test_quote_beside_its_negation_is_refused_in_english():
    pair = {
        "symptom": "A 23-year-old woman with wheezing on exhalation and a nocturnal dry cough",
        "diagnosis": "Asthma",
        "page": 1,
    }
    assert label({**pair, "quote": "Nocturnal dry cough"}, "pair") == "kept"
    assert label({**pair, "quote": "fever at night"}, "pair") == "quote-leaves-out-a-negation"


def test_a_language_without_a_table_is_grounded_all_the_same():
    pair = {
        "symptom": "Eine 23-jährige Frau mit pfeifender Ausatmung und Husten",
        "diagnosis": "Asthma",
        "page": 1,
        "quote": "pfeifende Ausatmung",
    }
    assert label(pair, "pair", GERMAN, "de") == "kept"
    assert (
        label({**pair, "diagnosis": "Pneumonie"}, "pair", GERMAN, "de")
        == "key-supported-by-a-neighbour-only"
    )
    assert (
        label({**pair, "quote": "seltene Ausatmung"}, "pair", GERMAN, "de")
        == "quote-not-in-the-passages"
    )
