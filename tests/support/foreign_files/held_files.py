"""Files that were made after the reader had been mended for the others, and first read by it as it was then; headers are
those of people and data sets that the other modules do not have."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from support.foreign_files.exam_truth import (
    Exam,
    ForeignFile,
    Row,
    draw_cases,
    draw_exam,
    list_truth,
)
from support.foreign_files.question_tables import LATIN, PERSIAN, write_csv

TABLES: list[tuple[str, str, Callable[[int, Exam], Sequence[Any]]]] = [  # language, header, row
    (
        "en",
        "ID,Question,Choice_A,Choice_B,Choice_C,Choice_D,CorrectAnswer,Explanation",
        lambda n, e: [n, e.stem, *e.options, LATIN[e.right - 1], "because of B and C"],
    ),
    (
        "en",
        "Question,Answer A,Answer B,Answer C,Answer D,Correct answer letter",
        lambda n, e: [e.stem, *e.options, LATIN[e.right - 1].lower()],
    ),
    (
        "fa",
        "شماره سؤال,متن پرسش,گزینه ۱),گزینه ۲),گزینه ۳),گزینه ۴),کلید نهایی",
        lambda n, e: [n, e.stem, *e.options, "۱۲۳۴"[e.right - 1]],
    ),
    (
        "fa",
        "سوالات,الف),ب),ج),د),پاسخ تشریحی,گزینه پاسخ",
        lambda n, e: [e.stem, *e.options, "چون چنین است", f"گزینه {PERSIAN[e.right - 1]}"],
    ),
    (
        "fa",
        "Unnamed: 0,Question Body,Choice 1,Choice 2,Choice 3,Choice 4,Key,Category",
        lambda n, e: [n, e.stem, *e.options, e.right, "پزشکی"],
    ),
    (
        "en",
        "Question,A),B),C),D),Answer Key (Letter),Difficulty,Correct %",
        lambda n, e: [e.stem, *e.options, f"{LATIN[e.right - 1]}) ", "2", "55"],
    ),
    (
        "fa",
        "ردیف,سؤال چهارگزینه‌ای,گزینهٔ یک,گزینهٔ دو,گزینهٔ سه,گزینهٔ چهار,شماره گزینه درست",
        lambda n, e: [n, e.stem, *e.options, f"گزینه {e.right}"],
    ),
    (
        "fa",
        "سوال,گزینه الف,گزینه ب,گزینه ج,گزینه د,گزینه صحیح,پاسخ کاربر",
        lambda n, e: [e.stem, *e.options, PERSIAN[e.right - 1], PERSIAN[n % 3]],
    ),
    (
        "en",
        "Sr. No,MCQ Question,Opt A,Opt B,Opt C,Opt D,Ans Key,Marks",
        lambda n, e: [n, e.stem, *e.options, LATIN[e.right - 1], 1],
    ),
    (
        "fa",
        "شماره,صورت مسئله,گزینه یک,گزینه دو,گزینه سه,گزینه چهار,جواب نهایی",
        lambda n, e: [n, e.stem, *e.options, e.right],
    ),
    (
        "fa",
        "سوال,الف,ب,ج,د,پاسخ صحیح (الف/ب/ج/د),توضیح پاسخ",
        lambda n, e: [e.stem, *e.options, PERSIAN[e.right - 1], "زیرا"],
    ),
    (
        "en",
        "Question Title,Option 1,Option 2,Option 3,Option 4,Option 5,Correct Option No.,Marks",
        lambda n, e: [e.stem, *e.options, "", e.right, 1],
    ),
]
SHAPES: list[tuple[str, Callable[[int, Exam], dict[str, Any]]]] = [  # language, row
    (
        "en",
        lambda n, e: {
            "Q": e.stem,
            **{f"A{i}": o for i, o in enumerate(e.options, 1)},
            "Correct": f"A{e.right}",
        },
    ),
    ("en", lambda n, e: {"text": e.stem, "variants": e.options, "rightAnswer": e.right}),
    (
        "en",
        lambda n, e: {
            "problem": e.stem,
            "choices": " ".join(f"{m}. {o}" for m, o in _letters(e)),
            "gold": [LATIN[e.right - 1]],
        },
    ),
    (
        "en",
        lambda n, e: {
            "stem": e.stem,
            "options": [{"letter": m, "value": o} for m, o in _letters(e)],
            "correctLetter": LATIN[e.right - 1],
        },
    ),
    (
        "en",
        lambda n, e: {
            "question": {"text": e.stem},
            "answers": [{"text": o, "correct": o == e.key} for o in e.options],
        },
    ),
    (
        "en",
        lambda n, e: {
            "query": e.stem + "\n" + "\n".join(f"{m}. {o}" for m, o in _letters(e)) + "\nAnswer:",
            "choices": list(LATIN),
            "gold": e.right - 1,
        },
    ),
    (
        "en",
        lambda n, e: {
            "id": n,
            "sent1": e.stem,
            "sent2": "",
            **{f"ending{i}": o for i, o in enumerate(e.options)},
            "label": e.right - 1,
        },
    ),
    (
        "en",
        lambda n, e: {
            "exam_type": "x",
            "question": e.stem,
            "option": dict(_letters(e)),
            "answer": LATIN[e.right - 1],
            "explanation": "",
        },
    ),
    (
        "en",
        lambda n, e: {
            "questionText": e.stem,
            "answerOptions": [{"answerText": o, "isCorrect": o == e.key} for o in e.options],
        },
    ),
    (
        "en",
        lambda n, e: {
            "q": e.stem,
            **dict(zip("abcd", e.options, strict=True)),
            "ans": "abcd"[e.right - 1],
        },
    ),
    (
        "en",
        lambda n, e: {"prompt": e.stem, "response_options": e.options, "correct_response": e.key},
    ),
    (
        "en",
        lambda n, e: {
            "question": e.stem,
            "options": [f"{m}: {o}" for m, o in _letters(e)],
            "answer": f"{LATIN[e.right - 1]}: {e.key}",
        },
    ),
    (
        "en",
        lambda n, e: {
            "id": n,
            "data": {"question": e.stem, "choices": e.options, "answer": LATIN[e.right - 1]},
        },
    ),
    (
        "fa",
        lambda n, e: {
            "سؤال": e.stem,
            "گزینه‌ها": dict(zip(PERSIAN, e.options, strict=True)),
            "پاسخ صحیح": PERSIAN[e.right - 1],
            "توضیح": "x",
        },
    ),
]
PAIRS: list[tuple[str, str, str]] = [  # language, names of signs and illness
    ("en", "patient", "doctor"),
    ("en", "Symptom", "Possible Diseases"),
    ("fa", "علائم و نشانه‌ها", "تشخیص احتمالی"),
    ("en", "Q", "A"),
    ("en", "source", "target"),
    ("en", "symptom_list", "disease_name"),
    ("en", "case_presentation", "primary_diagnosis"),
    ("fa", "شرح علائم", "نام بیماری (فارسی)"),
    ("en", "Chief Complaint & History", "Dx"),
    ("en", "patient_symptoms", "disease_label"),
    ("fa", "علائم گزارش‌شده", "تشخیص نهایی پزشک"),
    ("en", "Clinical Case", "Ground Truth Diagnosis"),
]


def _letters(e: Exam) -> list[tuple[str, str]]:
    return list(zip(LATIN, e.options, strict=True))


def list_held_files() -> list[ForeignFile]:
    """Tables, shapes and pairs under other names."""
    made = []
    for number, (language, header, row) in enumerate(TABLES):
        exam = draw_exam(language)
        rows = [header.split(","), *(row(n, e) for n, e in enumerate(exam))]
        made.append(
            ForeignFile(
                f"held {number}.csv", write_csv(rows).encode(), list_truth(exam), language=language
            )
        )
    for number, (language, shape) in enumerate(SHAPES):
        exam = draw_exam(language)
        content = _dump([shape(n, e) for n, e in enumerate(exam)])
        made.append(
            ForeignFile(f"held {number}.json", content, list_truth(exam), language=language)
        )
    for number, (language, signs, illness) in enumerate(PAIRS):
        truth: list[Row] = [(", ".join(case.signs), case.illness) for case in draw_cases(language)]
        rows = [{signs: t.split(", ") if "list" in signs else t, illness: i} for t, i in truth]
        made.append(ForeignFile(f"held pairs {number}.json", _dump(rows), truth, "pair", language))
    return made


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
