"""Files as people have them: formats, headers, encodings; each row is read or refused with its reason, and no key is guessed."""

import gzip
import json
from datetime import datetime

import pytest
from openpyxl import Workbook
from support.items.own_files import load_pairs, load_questions

from tasks.language.catalogue import load_catalogue
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.validation.parsing.import_items import open_items

OPTIONS = ["Asthma", "Pneumonia", "Pulmonary embolism", "Chronic bronchitis"]
STEM = "A 23-year-old woman wheezes at night. What is the most likely diagnosis?"
ROW = {"question": STEM, "options": OPTIONS, "answer": "B"}
SIGNS, ILLNESS = "مرد ۵۰ سالهٔ سیگاری با سرفهٔ مزمن و خلط فراوان", "برونشیت مزمن"


def saved(folder, name, content):
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(
            content if isinstance(content, str) else json.dumps(content, ensure_ascii=False),
            "utf-8",
        )
    return path


def keys(path):
    done = load_questions(path, "en")
    return [q.options[q.answer - 1] for q in done.kept], [r.reason.code for r in done.rejected]


@pytest.mark.parametrize(
    "header",
    [
        "Correct answer",
        "correct_answer",
        "CorrectAnswer",
        "Answer Key",
        "Right Answer",
        "label",
        "target",
        "gold",
        "پاسخ صحیح",
        "گزینهٔ درست",
        "جواب",
        "کلید سؤال",
        "پاسخ\u200cنامه",
        "Bonne réponse",
        "respuesta correcta",
        "答案",
    ],
)
def test_a_key_s_header_is_known_by_its_letters(tmp_path, header):
    text = f"Question Text;Option A;Option B;Option C;Option D;{header}\n{STEM};{';'.join(OPTIONS)};B\n"
    assert keys(saved(tmp_path, "q.csv", text)) == (["Pneumonia"], [])


def test_a_key_that_is_a_number_and_a_text_is_read_as_the_other_rows_are(tmp_path):
    lobes = "How many lobes has the right lung?,2,3,4,5,3\n"
    header = "question,option1,option2,option3,option4,answer\n"
    by_text = header + lobes + "Which organ makes insulin?,liver,pancreas,spleen,kidney,pancreas\n"
    by_place = header + lobes + "Which organ makes insulin?,liver,pancreas,spleen,kidney,2\n"
    assert keys(saved(tmp_path, "text.csv", by_text))[0] == ["3", "pancreas"]
    assert keys(saved(tmp_path, "place.csv", by_place))[0] == ["4", "pancreas"]
    assert keys(saved(tmp_path, "alone.csv", header + lobes)) == ([], ["an-uncertain-key"])


def test_a_text_out_of_the_range_of_numbers_is_still_a_text(tmp_path):
    rows = [{**ROW, "options": ["2", "3", "4", "5"], "answer": key} for key in ("5", "3")]
    assert keys(saved(tmp_path, "q.json", rows))[0] == ["5", "3"]


def test_blood_groups_are_texts_where_the_file_tells_texts(tmp_path):
    group = {
        "question": "Which blood group is the universal donor for plasma?",
        "options": ["O", "AB", "B", "A"],
    }
    rows = [{**group, "answer": "B"}, {**ROW, "answer": "Pneumonia"}]
    assert keys(saved(tmp_path, "q.json", rows))[0] == ["B", "Pneumonia"]
    assert keys(saved(tmp_path, "one.json", rows[:1])) == ([], ["an-uncertain-key"])


def test_numbers_from_zero_are_settled_by_many_rows(tmp_path):
    rows = [{**ROW, "question": f"{STEM} {n}", "answer": n % 4} for n in range(40)]
    assert keys(saved(tmp_path, "q.json", rows))[0] == [OPTIONS[n % 4] for n in range(40)]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (
            {
                "question": STEM,
                "choices": {"text": OPTIONS, "label": list("ABCD")},
                "answerKey": "B",
            },
            "Pneumonia",
        ),
        (
            {
                "question": STEM,
                "choices": {"text": OPTIONS, "label": list("1234")},
                "answerKey": "2",
            },
            "Pneumonia",
        ),
        (
            {
                "id": "7-980",
                "question": {
                    "stem": STEM,
                    "choices": [
                        {"text": o, "label": m} for o, m in zip(OPTIONS, "ABCD", strict=True)
                    ],
                },
                "answerKey": "B",
            },
            "Pneumonia",
        ),
        (
            {
                "question_stem": STEM,
                "choices": {"text": OPTIONS, "label": list("ABCD")},
                "answerKey": "B",
            },
            "Pneumonia",
        ),
        (
            {
                "question": STEM,
                "distractor1": "Asthma",
                "distractor2": "Croup",
                "distractor3": "Flu",
                "correct_answer": "Pneumonia",
            },
            "Pneumonia",
        ),
        (
            {
                "question": STEM,
                "correct_answer": "Pneumonia",
                "incorrect_answers": ["Asthma", "Croup", "Flu"],
            },
            "Pneumonia",
        ),
        ({"input": STEM, "choices": OPTIONS, "target": "B"}, "Pneumonia"),
        ({"question": STEM, "options": str(OPTIONS), "answer": 2}, "Pneumonia"),
        (
            {
                "question": STEM,
                "options": "['Asthma' 'Pneumonia'\n 'Pulmonary embolism' 'Chronic bronchitis']",
                "answer": 2,
            },
            "Pneumonia",
        ),
        (
            {
                "question": STEM,
                "options": [f"{m} {o}" for m, o in zip("①②③④", OPTIONS, strict=True)],
                "answer": "②",
            },
            "Pneumonia",
        ),
        (
            {
                "question": STEM,
                "options": "A) Asthma B) Pneumonia C) Pulmonary embolism D) Chronic bronchitis",
                "answer": "B",
            },
            "Pneumonia",
        ),
        (
            {
                "prompt": f"{STEM}\nA. Asthma\nB. Pneumonia\nC. Croup\nD. Flu\nAnswer:",
                "completion": "x",
                "answer": "B",
            },
            "Pneumonia",
        ),
        (
            {
                "question": STEM,
                "answers": dict(zip("abcd", OPTIONS, strict=True)),
                "correct_answers": ["b"],
            },
            "Pneumonia",
        ),
        ({"question": STEM, "options": ["1.5", "2.5", "3.5", "4.5"], "answer": "2.5"}, "2.5"),
    ],
)
def test_layouts_of_known_data_sets_are_read(tmp_path, row, key):
    assert keys(saved(tmp_path, "q.json", [row])) == ([key], [])


def test_rows_whose_key_has_no_certain_reading_are_refused_by_name(tmp_path):
    rows = [
        {**ROW, "answer": "A,C"},
        {**ROW, "answer": ["A", "C"]},
        {**ROW, "options": ["سل", "كرون", "کرون", "تب"]},
    ]
    assert keys(saved(tmp_path, "q.json", rows)) == (
        [],
        ["several-keys", "several-keys", "repeated-options"],
    )


@pytest.mark.parametrize(
    "rows",
    [
        [
            {"instruction": "Name the illness.", "input": s, "output": i}
            for s, i in ((SIGNS, ILLNESS), ("تب و لرز شبانه", "مالاریا"))
        ],
        [
            {
                "messages": [
                    {"role": "user", "content": SIGNS},
                    {"role": "assistant", "content": ILLNESS},
                ]
            }
        ],
        [
            {
                "conversations": [
                    {"from": "system", "value": "s"},
                    {"from": "human", "value": SIGNS},
                    {"from": "gpt", "value": ILLNESS},
                ]
            }
        ],
        [{"prompt": SIGNS, "completion": ILLNESS}],
        [{"question": SIGNS, "answer": ILLNESS}],
        [{"text": SIGNS, "label": ILLNESS}],
        [{"علائم بیمار": SIGNS, "نام بیماری": ILLNESS}],
    ],
    ids=["alpaca", "messages", "sharegpt", "completion", "qa", "text and label", "persian"],
)
def test_pairs_of_known_shapes_are_read(tmp_path, rows):
    kept = load_pairs(saved(tmp_path, "p.json", rows)).kept
    assert len(kept) == len(rows) and (kept[0].symptom, kept[0].diagnosis) == (SIGNS, ILLNESS)


def test_symptom_tables_are_read_as_lists_of_signs(tmp_path):
    numbered = "Disease,Symptom_1,Symptom_2,Symptom_3\nMalaria, high_fever, chills,\nFlu,cough,headache,fever\n"
    marked = "itching,skin_rash,chills,prognosis\n0,1,1,Malaria\n1,0,0,Allergy\n"
    assert [p.symptom for p in load_pairs(saved(tmp_path, "a.csv", numbered), "en").kept] == [
        "high fever, chills",
        "cough, headache, fever",
    ]
    assert [p.symptom for p in load_pairs(saved(tmp_path, "b.csv", marked), "en").kept] == [
        "skin rash, chills",
        "itching",
    ]


def test_a_conversation_of_several_turns_is_no_pair(tmp_path):
    turns = [{"role": r, "content": "…x"} for r in ("user", "assistant", "user", "assistant")]
    assert [
        r.reason.code for r in load_pairs(saved(tmp_path, "p.json", [{"messages": turns}])).rejected
    ] == ["not-one-question-and-one-answer"]


HEADER = "question,option1,option2,option3,option4,answer\n"
TABLE = HEADER + f"{STEM},{','.join(OPTIONS)},2\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.csv", TABLE.replace("\n", "\r").encode()),
        ("q.csv", TABLE.replace("\n", "\r\n").encode("utf-16")),
        ("q.csv.gz", gzip.compress(TABLE.encode())),
        ("q.jsonl.gz", gzip.compress(json.dumps(ROW).encode())),
        ("q.json", json.dumps({k: {"0": v} for k, v in ROW.items()}).encode()),
    ],
    ids=["CR", "UTF-16", "csv.gz", "jsonl.gz", "pandas columns"],
)
def test_other_line_ends_encodings_and_packed_files_are_read(tmp_path, name, content):
    assert keys(saved(tmp_path, name, content)) == (["Pneumonia"], [])


def test_windows_1256_is_read_and_told(tmp_path):
    text = "سوال,گزينه 1,گزينه 2,گزينه 3,گزينه 4,پاسخ\nمحتمل ترين تشخيص چيست؟,آسم,سل,تب,کزاز,2\n"
    own = open_items(saved(tmp_path, "q.csv", text.encode("cp1256")), "question", "fa")
    assert own.found.items[0].key == "سل" and list(own.notes) == [
        build_message("read-as-code-page", name="Windows-1256")
    ]


def test_parquet_and_saved_data_sets_are_read_with_the_names_of_their_classes(tmp_path):
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

    features = Features(
        {
            "question": Value("string"),
            "options": Sequence(Value("string")),
            "answer": ClassLabel(names=list("ABCD")),
        }
    )
    rows = Dataset.from_list(
        [{"question": STEM, "options": OPTIONS, "answer": 1}], features=features
    )
    rows.to_parquet(tmp_path / "q.parquet")
    rows.save_to_disk(tmp_path / "one")
    DatasetDict(train=rows, test=rows).save_to_disk(tmp_path / "two")
    assert keys(tmp_path / "q.parquet") == keys(tmp_path / "one") == (["Pneumonia"], [])
    assert keys(tmp_path / "two") == (["Pneumonia"] * 2, [])


def test_every_sheet_with_a_header_is_read_and_the_others_are_told(tmp_path):
    book = Workbook()
    for title, rows in {
        "فصل ۱": [["question", *"ABCD", "answer"], [STEM, *OPTIONS, "B"]],
        "notes": [["made by", "me"]],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.create_sheet("فصل ۲").append(["question", *"ABCD", "answer"])
    book["فصل ۲"].append([STEM + " Now?", *OPTIONS, "A"])
    book.save(tmp_path / "q.xlsx")
    own = open_items(tmp_path / "q.xlsx", "question", "en")
    assert [i.key for i in own.found.items] == ["Pneumonia", "Asthma"]
    assert own.notes == (
        build_message("sheets-read", n=2, names=("فصل ۱", "فصل ۲")),
        build_message("sheets-left-out", names=("notes",)),
    )


def test_a_huge_cell_is_a_refused_row_and_no_crash(tmp_path):
    text = HEADER + f'"{STEM} {"x " * 80_000}",{",".join(OPTIONS)},2\n' + TABLE.removeprefix(HEADER)
    assert keys(saved(tmp_path, "q.csv", text)) == (["Pneumonia"], ["a-cell-too-long"])


def test_columns_that_nobody_knows_are_named_with_the_first_rows_and_can_be_told(tmp_path):
    header = "szöveg,w,x,y,z,jó\n"
    path = saved(tmp_path, "q.csv", header + f"{STEM},{','.join(OPTIONS)},B\n")
    with pytest.raises(
        PlanError,
        match=r"(?s)Columns found: szöveg, w, x, y, z, jó.*23-year-old.*generation\.columns",
    ):
        open_items(path, "question", "en")
    given = {"question": "szöveg", "options": ["w", "x", "y", "z"], "answer": "jó"}
    assert [i.key for i in open_items(path, "question", "en", given).found.items] == ["Pneumonia"]


def test_a_repeated_id_loses_no_row(tmp_path):
    rows = [
        {**ROW, "id": "q1"},
        {**ROW, "id": "q1", "question": STEM + " Now?"},
        {**ROW, "id": "q2"},
    ]
    assert [q.id for q in load_questions(saved(tmp_path, "q.json", rows), "en").kept] == [
        "q1",
        "q1-2",
        "q2",
    ]


def test_what_was_read_and_refused_is_told_in_one_sentence(tmp_path):
    own = open_items(
        saved(tmp_path, "q.json", [ROW, {**ROW, "answer": None}, {**ROW, "options": OPTIONS[:3]}]),
        "question",
        "en",
    )
    told = load_catalogue("en").format_message(own.describe("question"))
    assert told == "rows: 3, read as questions: 1, 1 refused: no key, 1 refused: not four options"


def test_a_hidden_sheet_is_not_read_and_is_told(tmp_path):
    book = Workbook()
    book.active.title = "now"
    for sheet, key in ((book.active, "B"), (book.create_sheet("old"), "A")):
        sheet.append(["question", *"ABCD", "answer"])
        sheet.append([STEM, *OPTIONS, key])
    book["old"].sheet_state = "hidden"
    book.save(tmp_path / "q.xlsx")
    own = open_items(tmp_path / "q.xlsx", "question", "en")
    assert [item.key for item in own.found.items] == ["Pneumonia"]
    assert own.notes == (build_message("sheets-left-out", names=("old",)),)


def test_two_columns_that_name_different_keys_are_settled_by_the_plan_alone(tmp_path):
    row = {**ROW, "answer": "A", "correct answer": "B"}
    path = saved(tmp_path, "q.json", [row])
    assert keys(path) == ([], ["two-keys"])
    told = open_items(path, "question", "en", {"answer": "correct answer"})
    assert [item.key for item in told.found.items] == ["Pneumonia"]


def test_a_passage_stands_before_its_question(tmp_path):
    case = "A 60-year-old smoker coughs up blood."
    row = {"vignette": case, **ROW, "question": "What is the next step?"}
    own = open_items(saved(tmp_path, "q.json", [row]), "question", "en")
    assert own.found.items[0].text == f"{case} What is the next step?"


@pytest.mark.parametrize("name", ["q.xls", "q.xlsx", "q.csv"])
def test_an_old_or_locked_workbook_is_refused_with_what_is_read(tmp_path, name):
    path = saved(tmp_path, name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(PlanError, match=r"[oO]wn items are \.json"):
        open_items(path, "question", "en")


def test_a_western_file_is_told_with_its_code_page(tmp_path):
    text = "Frage;A;B;C;D;Antwort\nWelche Krankheit juckt?;Röteln;Größe;Gicht;Übelkeit;A\n"
    own = open_items(saved(tmp_path, "q.csv", text.encode("cp1252")), "question", "de")
    assert own.found.items[0].options == ("Röteln", "Größe", "Gicht", "Übelkeit")
    assert own.notes == (build_message("read-as-code-page", name="Windows-1252"),)


def test_an_option_that_excel_made_a_date_is_no_text(tmp_path):
    """Excel makes 3 April of "3-4": what the person wrote is lost."""
    book = Workbook()
    book.active.append(["question", *"ABCD", "answer"])
    book.active.append([STEM, datetime(2026, 4, 3), *OPTIONS[1:], "B"])
    book.active.append([STEM, *OPTIONS, "B"])
    book.save(tmp_path / "q.xlsx")
    own = open_items(tmp_path / "q.xlsx", "question", "en")
    assert [item.key for item in own.found.items] == ["Pneumonia"]
    assert [row.reason.code for row in own.found.rejected] == ["a-field-is-missing"]
