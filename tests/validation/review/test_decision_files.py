"""Decisions as people's files have them: JSON and CSV of the page, the workbook, in both languages."""

import json

import pytest
from openpyxl import Workbook

from tasks.schemas.errors import PlanError
from tasks.validation.review.decision_files import read_decisions


def write_csv(path, *rows):
    path.write_text("﻿" + "".join(",".join(row) + "\r\n" for row in rows), "utf-8")
    return path


def test_the_page_s_json_is_read(tmp_path):
    file = tmp_path / "review.json"
    items = [
        {"item": "pair-1", "decision": "keep", "note": ""},
        {"item": "q-2", "decision": "mend", "note": "n", "question": "چه؟", "answer": "3"},
    ]
    file.write_text(json.dumps({"study": "s", "sheet": "d", "items": items}), "utf-8")
    first, second = read_decisions(file)
    assert (first.item, first.decision, dict(first.texts)) == ("pair-1", "keep", {})
    assert second.texts == {"question": "چه؟", "answer": "3"} and second.note == "n"


def test_a_list_of_options_is_read_as_four_texts(tmp_path):
    file = tmp_path / "review.json"
    file.write_text(
        json.dumps([{"item": "q", "decision": "mend", "options": ["a", "b", "c", "d"]}])
    )
    assert read_decisions(file)[0].texts == {f"option_{n}": o for n, o in enumerate("abcd", 1)}


def test_guarded_cells_of_a_csv_come_back_as_they_were(tmp_path):
    head = ("item", "decision", "note", "symptom", "diagnosis")
    rows = [("p1", "mend", "'=SUM(A1)", "''-x", "'plain"), ("p2", "reject", "'+1", "", "")]
    first, second = read_decisions(write_csv(tmp_path / "r.csv", head, *rows))
    assert (first.note, second.note) == ("=SUM(A1)", "+1")
    assert first.texts["symptom"] == "'-x" and first.texts["diagnosis"] == "'plain"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (("Item", "Decision", "Note", "Vignette", "Diagnosis"), ("keep", "Reject", " MEND ")),
        (("شناسه", "تصمیم", "یادداشت", "شرح حال", "تشخیص"), ("پذیرش", "رد", "اصلاح")),
    ],
)
def test_a_workbook_in_either_language_is_read(tmp_path, head, words):
    book = Workbook()
    book.active.append(head)
    for number, word in enumerate(words):
        book.active.append([f"pair-{number}", word, None, "متن", "نقرس"])
    book.active.append(["pair-9", None, None, "متن", "نقرس"])
    book.save(tmp_path / "review.xlsx")
    found = read_decisions(tmp_path / "review.xlsx")
    assert [one.decision for one in found] == ["keep", "reject", "mend", None]
    assert found[0].texts == {"symptom": "متن", "diagnosis": "نقرس"} and found[0].note == ""


def test_both_worksheets_are_read_and_numbers_are_texts(tmp_path):
    book = Workbook()
    book.active.append(["Item", "Decision", "Note", "Vignette", "Diagnosis"])
    book.active.append(["pair-1", "keep", 7, "v", "d"])
    other = book.create_sheet("questions")
    options = [f"Option {n}" for n in (1, 2, 3, 4)]
    other.append(["Item", "Decision", "Note", "Question", *options, "Right option"])
    other.append(["q-1", "mend", None, "?", "A", "B", 3, 4.5, 2.0])
    book.save(tmp_path / "review.xlsx")
    first, second = read_decisions(tmp_path / "review.xlsx")
    assert first.note == "7" and second.texts["answer"] == "2"
    assert [second.texts[f"option_{n}"] for n in (1, 2, 3, 4)] == ["A", "B", "3", "4.5"]


def test_two_decisions_on_one_item_are_refused_and_the_same_twice_counts_once(tmp_path):
    rows = [("item", "decision", "note"), ("p1", "keep", ""), ("p1", "keep", "")]
    assert len(read_decisions(write_csv(tmp_path / "same.csv", *rows))) == 1
    rows[2] = ("p1", "reject", "")
    with pytest.raises(PlanError, match=r"r\.csv, row 2: the item p1 was decided on in an earlier"):
        read_decisions(write_csv(tmp_path / "r.csv", *rows))


def test_a_decision_on_no_item_is_refused_and_an_empty_row_is_none(tmp_path):
    rows = [("item", "decision", "note"), ("p1", "keep", ""), ("", "", "a remark")]
    assert len(read_decisions(write_csv(tmp_path / "same.csv", *rows))) == 1
    rows[2] = ("", "reject", "")
    with pytest.raises(PlanError, match=r"r\.csv, row 2: a decision without the id of its item"):
        read_decisions(write_csv(tmp_path / "r.csv", *rows))


def test_a_word_that_is_no_decision_stops_the_study_and_names_its_row(tmp_path, monkeypatch):
    rows = [("item", "decision", "note"), ("p1", "keep", ""), ("p2", "perhaps", "")]
    with pytest.raises(PlanError, match=r"r\.csv, row 2: «perhaps» is no decision"):
        read_decisions(write_csv(tmp_path / "r.csv", *rows))


def test_a_file_without_decisions_is_told_with_its_columns(tmp_path):
    file = tmp_path / "items.json"
    file.write_text(json.dumps([{"question": "a", "answer": 1}]))
    with pytest.raises(PlanError, match="holds no decision on an item; its columns are question"):
        read_decisions(file)
