"""A person's own files: known shapes are read, bad rows are told, keys are never guessed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from support.items.gate_items import QUESTION
from support.items.own_files import load_pairs, load_questions

from tasks.schemas.errors import PlanError
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.parsing.import_items import load_imported_items
from tasks.validation.validate import PlannedCounts, validate_items

OPTIONS = ["Asthma", "Pneumonia", "Pulmonary embolism", "Chronic bronchitis"]
STEM = "A 23-year-old woman wheezes at night. What is the most likely diagnosis?"
EXERCISE = {"question": STEM, "options": OPTIONS, "answer": 2}


def saved(folder, name, content):
    path = folder / name
    path.write_text(
        content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8"
    )
    return path


def keys(path):
    done = load_questions(path, "en")
    return [q.options[q.answer - 1] for q in done.kept], [r.reason.code for r in done.rejected]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([EXERCISE], "Pneumonia"),
        (
            [
                {
                    "question": STEM,
                    "options": dict(zip("ABCD", OPTIONS, strict=True)),
                    "answer_idx": "B",
                    "answer": "Pneumonia",
                    "meta_info": "step1",
                }
            ],
            "Pneumonia",
        ),
        (
            [
                {
                    "question": STEM,
                    "opa": "Asthma",
                    "opb": "Pneumonia",
                    "opc": "PE",
                    "opd": "COPD",
                    "cop": c,
                    "subject_name": "Medicine",
                }
                for c in (1, 0)
            ],
            "Pneumonia",
        ),
        (
            [{"question": STEM, "choices": OPTIONS, "answer": 1, "subject": "clinical_knowledge"}],
            "Pneumonia",
        ),
        (
            [{"question": STEM, "candidates": OPTIONS, "answer": "2", "category": "science"}],
            "Pneumonia",
        ),
        ([{"question": STEM, "choices": OPTIONS, "answer": "B"}], "Pneumonia"),
        ([{"سؤال": STEM, "گزینه‌ها": OPTIONS, "پاسخ": "ب"}], "Pneumonia"),
    ],
    ids=["exercise", "MedQA", "MedMCQA", "MMLU", "ParsiNLU", "letter", "Persian names"],
)
def test_known_shapes_are_read(tmp_path, rows, key):
    for path in (
        saved(tmp_path, "q.json", rows),
        saved(tmp_path, "q.jsonl", "\n".join(json.dumps(r, ensure_ascii=False) for r in rows)),
    ):
        assert keys(path)[0][0] == key


@pytest.mark.parametrize(
    ("rows", "label"),
    [
        ([{**EXERCISE, "options": [*OPTIONS, "Croup"]}], "not-four-options"),
        (
            [
                {
                    "question": STEM,
                    "options": dict(zip("ABCDE", [*OPTIONS, "Croup"], strict=True)),
                    "answer_idx": "E",
                }
            ],
            "not-four-options",
        ),
        ([{**EXERCISE, "answer": [1, 3]}], "several-keys"),
        ([{**EXERCISE, "answer": "AB"}], "an-illegible-key"),
        ([{**EXERCISE, "answer": None}], "no-key"),
        ([{**EXERCISE, "answer": 7}], "key-out-of-range"),
        ([{**EXERCISE, "answer": -1}], "key-out-of-range"),
        (
            [{"question": STEM, "opa": "a1", "opb": "b1", "opc": "c1", "opd": "d1", "cop": 2}],
            "key-counted-from-0-or-1",
        ),
        ([{"question": STEM, "choices": OPTIONS, "answer": 2}], "key-counted-from-0-or-1"),
        ([{**EXERCISE, "answer": 0}, EXERCISE], "key-counted-from-0-or-1"),
        (
            [
                {
                    "question": STEM,
                    "options": dict(zip("ABCD", OPTIONS, strict=True)),
                    "answer_idx": "B",
                    "answer": "Asthma",
                }
            ],
            "two-keys",
        ),
        ([{"question": STEM, "answer": 2}], "no-options-among-fields"),
        (["text"], "not-an-object"),
    ],
)
def test_doubtful_rows_are_rejected_never_guessed(tmp_path, rows, label):
    kept, labels = keys(saved(tmp_path, "q.json", rows))
    assert not kept and set(labels) == {label} and len(labels) == len(rows)


def test_medmcqa_that_counts_from_one_is_told_by_its_fours(tmp_path):
    rows = [
        {"question": f"{STEM} {n}", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": n}
        for n in (1, 2, 4)
    ]
    assert keys(saved(tmp_path, "q.json", rows))[0] == ["w", "x", "z"]


def test_csv_with_and_without_header_and_other_separators(tmp_path):
    header = "question;option1;option2;option3;option4;answer\n"
    assert keys(saved(tmp_path, "a.csv", f"\ufeff{header}{STEM};{';'.join(OPTIONS)};2\n"))[0] == [
        "Pneumonia"
    ]
    assert keys(saved(tmp_path, "b.csv", f'"{STEM}",{",".join(OPTIONS)},B\n'))[0] == ["Pneumonia"]
    assert keys(
        saved(
            tmp_path,
            "c.tsv",
            "question\tA\tB\tC\tD\tE\tanswer\n" + "\t".join([STEM, *OPTIONS, "", "B"]),
        )
    )[0] == ["Pneumonia"]
    assert keys(
        saved(tmp_path, "d.csv", f"question,A,B,C,D,E,answer\n{STEM},{','.join(OPTIONS)},Croup,B\n")
    )[1] == ["not-four-options"]
    assert keys(
        saved(
            tmp_path,
            "e.csv",
            f'question,options,answer\n{STEM},"{json.dumps(OPTIONS).replace(chr(34), chr(34) * 2)}",2\n',
        )
    )[0] == ["Pneumonia"]


def test_xlsx_is_read_with_numbers_as_excel_keeps_them(tmp_path):
    book = Workbook()
    for row in (
        ["سؤال", "گزینه ۱", "گزینه ۲", "گزینه ۳", "گزینه ۴", "پاسخ"],
        ["چند لوب در ریهٔ راست است؟", 1, 2, 3, 4, 3.0],
        [None] * 6,
        ["سل؟", "a", "b", "c", None, 1],
    ):
        book.active.append(row)
    book.save(tmp_path / "q.xlsx")
    done = load_questions(tmp_path / "q.xlsx")
    assert [(q.options, q.answer) for q in done.kept] == [(("1", "2", "3", "4"), 3)]
    assert [r.reason.code for r in done.rejected] == ["not-four-options"]


def test_a_sheets_title_and_empty_rows_above_its_header_are_no_items(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["آزمون بالینی، نسخهٔ ۲"])
    sheet.merge_cells("A1:F1")
    for row in (
        [],
        [None, *(f"گزینه {n}" for n in "۱۲۳۴"), "سؤال", "پاسخ"],
        [None, *OPTIONS, STEM, 2],
        [],
        [None, *OPTIONS, STEM + "!", "۳"],
    ):
        sheet.append(row)
    book.save(tmp_path / "own.xlsx")
    assert keys(tmp_path / "own.xlsx") == (["Pneumonia", "Pulmonary embolism"], [])


def test_excels_own_mark_for_the_separator_is_obeyed(tmp_path):
    text = (
        "\ufeffsep=;\r\nquestion;option1;option2;option3;option4;answer\r\n"
        + f"{STEM};{';'.join(OPTIONS)};2\r\n"
    )
    assert keys(saved(tmp_path, "own.csv", text)) == (["Pneumonia"], [])


@pytest.mark.parametrize(
    "tree",
    [{"train": [EXERCISE], "test": [EXERCISE]}, {"version": 1, "my list": [EXERCISE, EXERCISE]}],
)
def test_lists_under_any_name_are_read_whole(tmp_path, tree):
    assert keys(saved(tmp_path, "own.json", tree)) == (["Pneumonia"] * 2, [])


def test_pairs_of_a_file_and_broken_json_in_it(tmp_path):
    text = '{"pairs": [{"symptom": "مرد ۵۰ ساله با تب", "diagnosis": "مالاریا",} {"symptom": "زن ۲۰ ساله"}, {"symptom": "زن با'
    done = load_pairs(saved(tmp_path, "p.json", text))
    assert [p.diagnosis for p in done.kept] == ["مالاریا"]
    assert [r.reason.code for r in done.rejected] == ["a-field-is-missing", "broken-json"]
    assert all(r.draft_id.startswith("p.json:") for r in done.rejected)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.pdf", b"%PDF"),
        ("q.xlsx", b"no zip"),
        ("q.csv", b"\xff\xfa\x00\x81"),
        ("q.json", b"\x81\x8d"),
    ],
)
def test_unreadable_files_are_a_plan_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PlanError, match=r"[oO]wn items"):
        load_questions(tmp_path / name)


def test_missing_file_is_a_plan_error(tmp_path):
    with pytest.raises(PlanError):
        load_pairs(tmp_path / "none.json")


def test_own_items_pass_the_gate_without_grounding(tmp_path):
    pairs = [
        {"symptom": f"بیمار {n} ساله با نشانهٔ شمارهٔ {n} و تب", "diagnosis": f"بیماری شمارهٔ {n}"}
        for n in range(20, 40)
    ]
    questions = [
        {
            **QUESTION,
            "question": f"در فردی با یافتهٔ {n} کدام بیماری درست است؟",
            "options": [f"بیماری شمارهٔ {n + i}" for i in range(4)],
            "answer": 1,
        }
        for n in range(20, 36)
    ]
    own = load_imported_items(
        [
            ("pair", saved(tmp_path, "p.json", pairs)),
            ("question", saved(tmp_path, "q.json", [*questions, questions[0]])),
        ]
    )
    done = validate_items([], [], ValidationPlan(), "fa", wanted=PlannedCounts(), own=own)
    assert [r.check for r in done.rejected if r.kind == "question"] == ["duplicates"]
    assert {q.fact for q in done.same_fact} <= {p.fact for p in done.pairs} and len(
        done.new_fact
    ) == 5  # a quarter of twenty facts
    assert len(done.pairs) + len(done.held_out) == 15 and all(
        s.came == s.kept + sum(s.fell.values()) for s in done.funnel
    )


@settings(deadline=None)  # it writes files, and a busy disk is no fault
@given(
    rows=st.lists(
        st.dictionaries(
            st.sampled_from(["question", "options", "answer", "choices", "cop", "opa", "A"]),
            st.none()
            | st.integers()
            | st.text(max_size=5)
            | st.lists(st.text(max_size=3), max_size=5),
            max_size=5,
        ),
        max_size=6,
    )
)
def test_any_rows_end_kept_or_rejected(tmp_path_factory, rows):
    path = saved(tmp_path_factory.mktemp("own"), "q.json", rows)
    done = load_questions(path)
    assert len(done.kept) + len(done.rejected) == len(rows)


def test_ids_of_a_file_are_kept(tmp_path):
    file = tmp_path / "questions.json"
    row = {
        "id": "q-7",
        "question": "Which organ makes insulin?",
        "options": ["liver", "pancreas", "spleen", "kidney"],
        "answer": 2,
    }
    file.write_text(json.dumps([row]), "utf-8")
    assert [question.id for question in load_questions(file, "en").kept] == ["q-7"]
