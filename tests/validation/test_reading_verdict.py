"""An item is kept when the reader finds just the key right, and nothing against it."""

import pytest

from tasks.language.catalogue import load_catalogue
from tasks.schemas.item_rows import Draft, ItemReading, Passage, ReadFinding, ReadOption
from tasks.schemas.plan_sections import ReaderPlan, ValidationPlan
from tasks.validation.item_checker import SUSPECTED, ItemChecker
from tasks.validation.reading_verdict import find_reading_fault

READER = ReaderPlan(model="reader-1")


def options(*verdicts, key=2):
    return tuple(
        ReadOption(line=f"line {n}", option=f"option {n}", verdict=verdict, is_key=n == key)
        for n, verdict in enumerate(verdicts, 1)
    )


def findings(*verdicts):
    return tuple(
        ReadFinding(line="line", finding=f"finding {n}", verdict=verdict)
        for n, verdict in enumerate(verdicts)
    )


def reading(kind="question", **more):
    told = {"options": options("wrong", "right", "not_told", "wrong")} | more
    return ItemReading(item="x", kind=kind, model="m", request="k", **told)


def fault(kept=None, **more):
    found = find_reading_fault(reading(**more), kept or {})
    return found and found.code


def test_just_the_key_is_right():
    assert fault() is None
    assert fault(kind="pair", options=options("right", key=1)) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"options": options("right", "right", "wrong", "wrong")}, "reader-finds-more-right"),
        ({"options": options("right", "wrong", "wrong", "wrong")}, "reader-finds-another-right"),
        ({"options": options("right", "wrong", "right", "wrong")}, "reader-finds-another-right"),
        ({"options": options("wrong", "not_told", "wrong", "wrong")}, "reader-finds-none-right"),
        ({"options": ()}, "reader-finds-none-right"),
        ({"is_diagnosis": False}, "reader-finds-no-diagnosis"),
        ({"possible": False}, "reader-finds-no-such-patient"),
        ({"guessable": True}, "reader-can-guess"),
        ({"wording": True}, "reader-sees-wording-asked"),
        ({"clean": False}, "reader-finds-it-unclear"),
        ({"findings": findings("told", "contradicted")}, "reader-finds-it-contradicted"),
        (
            {"kind": "pair", "findings": findings("not_told", "not_told")},
            "reader-finds-it-not-told",
        ),
        ({"kind": "pair", "findings": findings("told", "not_told")}, None),
        ({"findings": findings("not_told", "not_told", "not_told")}, None),
        ({"is_read": False, "options": ()}, None),
    ],
)
def test_each_fault_has_its_code(change, code):
    assert fault(**change) == code


def test_a_repeat_counts_where_the_other_is_used_and_came_before():
    assert (
        fault(repeats=("earlier",), kept={"earlier": "its text"}) == "reader-knows-it-from-before"
    )
    assert fault(repeats=("fell",), kept={"earlier": "its text"}) is None


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_fault_is_told_with_its_values(language):
    say = load_catalogue(language)
    changes = [
        {"repeats": ("e",)},
        {"possible": False, "remark": "no such"},
        {"findings": findings("contradicted")},
        {"is_diagnosis": False, "remark": "no such"},
        {"options": options("right", "right")},
        {"options": options("right", "wrong")},
        {"options": (), "remark": "no such"},
        {"kind": "pair", "findings": findings("not_told", "not_told")},
        {"guessable": True, "remark": "no such"},
        {"wording": True, "remark": "no such"},
        {"clean": False, "remark": "no such"},
    ]
    told = {"e": "no such"}
    for change in changes:
        found = find_reading_fault(reading(**change), told)
        words = say.format_message(found)
        assert any(value in words for value in ("no such", "finding 0", "option 1")), words
        assert say.get_label("reasons", found.code) != found.code


BOOK = [
    Passage(
        id="p1",
        chapter="Lungs",
        section="Asthma",
        page=1,
        text="In asthma the breath whistles at night. Salbutamol helps within minutes.",
    ),
    Passage(id="p2", chapter="Lungs", section="Croup", page=2, text="In croup the cough barks."),
]


def draft(*questions):
    items = ",".join(
        f'{{"fact": "f", "kind": "other", "question": "{text}", "options": {options},'
        f' "answer": {answer}, "page": 1, "quote": "Salbutamol helps within minutes."}}'
        for text, options, answer in questions
    )
    return Draft(
        id="d",
        kind="question",
        passages=("p1", "p2"),
        asked=len(questions),
        writer="m",
        raw=f'{{"items": [{items}]}}',
    )


GOOD = (
    "Which drug helps a patient with asthma within minutes?",
    '["Salbutamol", "Prednisone", "Amoxicillin", "Aspirin"]',
    1,
)
ABSOLUTE = (
    "Which drug brings relief in asthma at once?",
    '["Salbutamol", "Never any drug", "Amoxicillin", "Aspirin"]',
    1,
)


def check(plan, *questions):
    checker = ItemChecker(BOOK, "en", plan)
    return checker, checker.check_draft(draft(*questions))


def judge(row, **more):
    return reading(**more).model_copy(update={"item": row.id})


def test_what_words_only_suspect_is_left_to_the_reader_where_there_is_one():
    _, alone = check(ValidationPlan(), GOOD, ABSOLUTE)
    assert [r.reason.code for r in alone.rejected] == ["absolute-terms"]
    assert "absolute-terms" in SUSPECTED
    _, read = check(ValidationPlan(reader=READER), GOOD, ABSOLUTE)
    assert len(read.kept) == 2 and not read.rejected


def test_what_could_not_be_read_is_judged_by_the_rules_with_their_suspicions():
    checker, found = check(ValidationPlan(reader=READER), GOOD, ABSOLUTE)
    readings = [judge(row, is_read=False, options=()) for row in found.kept]
    judged = checker.check_readings(readings)
    assert [rejection.reason.code for _, rejection in judged.fallen] == ["absolute-terms"]
    assert [row.question for row in checker.kept] == [GOOD[0]]


def test_counts_add_up_after_a_reading_and_the_item_comes_back_as_it_came():
    checker, found = check(ValidationPlan(reader=READER), GOOD, ABSOLUTE)
    first, second = found.kept
    judged = checker.check_readings([judge(first), judge(second, guessable=True, remark="easy")])
    assert [row.id for row, _ in judged.fallen] == [second.id]
    assert judged.readings[1].fault.code == "reader-can-guess" and judged.readings[0].fault is None
    kept, rejected, funnel, _ = checker.collect_items()
    assert kept == [first] and rejected[-1].check == "reading" and ABSOLUTE[0] in rejected[-1].raw
    steps = {step.name: step for step in funnel if step.kind == "question"}
    assert (steps["read"].came, steps["read"].kept) == (2, 1)
    assert steps["read"].fell == {"reader-can-guess": 1}


def test_an_item_that_fell_may_come_again_mended():
    checker, found = check(ValidationPlan(reader=READER), GOOD)
    checker.check_readings([judge(found.kept[0], clean=False)])
    again = checker.check_draft(draft(GOOD))
    assert len(again.kept) == 1 and not again.rejected


def test_of_two_that_repeat_each_other_the_first_stays():
    checker, found = check(ValidationPlan(reader=READER), GOOD, ABSOLUTE)
    first, second = found.kept
    readings = [judge(first, repeats=(second.id,)), judge(second, repeats=(first.id,))]
    judged = checker.check_readings(readings)
    assert [row.id for row, _ in judged.fallen] == [second.id]
    assert judged.fallen[0][1].reason.values["text"] == GOOD[0]


def test_a_second_reading_decides_nothing_and_is_judged_all_the_same():
    checker, found = check(ValidationPlan(reader=READER), GOOD)
    row = found.kept[0]
    second = judge(row, guessable=True).model_copy(update={"is_second": True})
    judged = checker.check_readings([judge(row), second])
    assert checker.kept == [row] and not judged.fallen
    assert [one.fault is None for one in judged.readings] == [True, False]


def test_without_a_reader_there_is_no_such_step():
    checker, _ = check(ValidationPlan(), GOOD)
    assert "read" not in {step.name for step in checker.collect_items().funnel}
    assert not ValidationPlan().reader.is_on, "who reads is known with the writer"
