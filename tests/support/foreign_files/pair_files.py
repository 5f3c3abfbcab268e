"""Signs and illnesses as people and data sets keep them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from support.foreign_files.exam_truth import (
    Case,
    ForeignFile,
    Row,
    draw_cases,
    write_old_persian,
)
from support.foreign_files.question_tables import save_sheets, write_csv

Shape = Callable[[int, str, str], dict[str, Any]]  # number, signs as a text, illness → the row
ASKED = "What is the most likely diagnosis?"
SHAPES: dict[str, Shape] = {
    "pairs": lambda n, t, i: {"symptom": t, "diagnosis": i},
    "alpaca": lambda n, t, i: {"instruction": ASKED, "input": t, "output": i},
    "alpaca bare": lambda n, t, i: {"instruction": t, "input": "", "output": i},
    "alpaca text": lambda n, t, i: {
        "instruction": ASKED,
        "input": t,
        "output": i,
        "text": f"Below is …\n\n### Instruction:\n{ASKED}\n\n### Input:\n{t}\n\n### Response:\n{i}",
    },
    "sharegpt": lambda n, t, i: {
        "conversations": [
            {"from": "system", "value": "You are a doctor."},
            {"from": "human", "value": t},
            {"from": "gpt", "value": i},
        ]
    },
    "messages": lambda n, t, i: {
        "messages": [{"role": "user", "content": t}, {"role": "assistant", "content": i}]
    },
    "message parts": lambda n, t, i: {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": t}]},
            {"role": "assistant", "content": [{"type": "text", "text": i}]},
        ]
    },
    "completion": lambda n, t, i: {"prompt": t, "completion": f" {i}"},
    "preference": lambda n, t, i: {"prompt": t, "chosen": i, "rejected": "Scurvy"},
    "trl": lambda n, t, i: {
        "prompt": [{"role": "user", "content": t}],
        "completion": [{"role": "assistant", "content": i}],
    },
    "dolly": lambda n, t, i: {
        "instruction": ASKED,
        "context": t,
        "response": i,
        "category": "closed_qa",
    },
    "input_text": lambda n, t, i: {"output_text": i, "input_text": t},
    "text and label": lambda n, t, i: {"label": i, "text": t},
    "question and answer": lambda n, t, i: {"Question": t, "Answer": i},
    "query and response": lambda n, t, i: {"query": t, "response": i},
    "list": lambda n, t, i: {"disease": i, "symptoms": t.split(", ")},
    "list of one": lambda n, t, i: {"symptoms": t.split(", "), "diagnosis": [i]},
    "headings": lambda n, t, i: {"Patient Description": t, "Final Diagnosis": i},
    "code": lambda n, t, i: {"id": n, "case": t, "disease": i, "ICD-10": "J45"},
}
PERSIAN_HEADERS = [
    ("علائم", "بیماری"),
    ("شرح حال بیمار", "تشخیص نهایی"),
    ("نشانه‌های بیماری", "نام بیماری"),
    ("علائم بالینی", "تشخیص پزشک"),
]


def _texts(cases: Sequence[Case], comma: str = ", ") -> list[Row]:
    return [(comma.join(case.signs), case.illness) for case in cases]


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def list_shapes() -> list[ForeignFile]:
    """Pairs in the shapes of data sets to tune on."""
    truth = _texts(draw_cases("en"))
    made = []
    for number, (name, shape) in enumerate(SHAPES.items()):
        rows = [shape(n, text, illness) for n, (text, illness) in enumerate(truth)]
        kind, content = (
            ("jsonl", b"\n".join(map(_dump, rows))) if number % 2 else ("json", _dump(rows))
        )
        made.append(ForeignFile(f"pairs {name}.{kind}", content, truth, kind="pair"))
    grouped = _dump(
        {illness: [t for t, i in truth if i == illness] for illness in dict(map(reversed, truth))}
    )
    turns = {
        "messages": [
            {"role": r, "content": "…"} for r in ("user", "assistant", "user", "assistant")
        ]
    }
    chats = [
        {"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": i}]}
        for t, i in truth
    ]
    return [
        *made,
        ForeignFile("pairs by illness.json", grouped, [], kind="pair"),
        ForeignFile("pairs of turns.json", _dump([*chats, *[turns] * 9]), truth, kind="pair"),
    ]


def list_sign_tables() -> list[ForeignFile]:
    """Tables of signs: one column a sign, or numbered columns of names; in four languages."""
    made = []
    for language in ("en", "fa", "fr", "ar"):
        cases = draw_cases(language)
        signs = sorted({sign for case in cases for sign in case.signs})
        name = {"en": "prognosis", "fa": "بیماری", "fr": "maladie", "ar": "المرض"}[language]
        marked = [[*(int(s in case.signs) for s in signs), case.illness] for case in cases]
        in_order = [
            (", ".join(s for s in signs if s in case.signs), case.illness) for case in cases
        ]
        table = write_csv([[*(s.replace(" ", "_") for s in signs), name], *marked]).encode()
        made.append(
            ForeignFile(
                f"signs marked {language}.csv", table, in_order, kind="pair", language=language
            )
        )
        word = {"en": "Symptom_{}", "fa": "علامت {}", "fr": "Symptôme {}", "ar": "العرض {}"}[
            language
        ]
        numbered = [[name.title(), *(word.format(n) for n in range(1, 6))]]
        numbered += [[case.illness, *case.signs, "", ""] for case in cases]
        table = write_csv(numbered).encode()
        made.append(
            ForeignFile(
                f"signs numbered {language}.csv",
                table,
                _texts(cases),
                kind="pair",
                language=language,
            )
        )
    cases = draw_cases("en")
    signs = sorted({sign for case in cases for sign in case.signs})
    in_order = [(", ".join(s for s in signs if s in case.signs), case.illness) for case in cases]
    first = [[case.illness, *("Yes" if s in case.signs else "No" for s in signs)] for case in cases]
    numbered = [["Unnamed: 0", "id", "Disease", *signs]]
    numbered += [
        [n, n, c.illness, *(int(s in c.signs) for s in signs)] for n, c in enumerate(cases)
    ]
    nan = [
        {
            "Disease": c.illness,
            **{f"Symptom_{n}": s for n, s in enumerate([*c.signs, float("nan")], 1)},
        }
        for c in cases
    ]
    texts = write_csv(
        [
            ["Disease", *(f"Symptom_{n}" for n in range(1, 5))],
            *([c.illness, *c.signs, "nan"] for c in cases),
        ]
    )
    outcome = [["Disease", "Fever", "Cough", "Age", "Outcome Variable"]]
    outcome += [
        [c.illness, "Yes", "No", 30, ("Positive", "Negative")[n % 2]] for n, c in enumerate(cases)
    ]
    return [
        *made,
        ForeignFile(
            "signs first.csv",
            write_csv([["diseases", *signs], *first]).encode(),
            in_order,
            kind="pair",
        ),
        ForeignFile("signs index.csv", write_csv(numbered).encode(), in_order, kind="pair"),
        ForeignFile("signs nan.json", json.dumps(nan).encode(), _texts(cases), kind="pair"),
        ForeignFile("signs nan as text.csv", texts.encode(), _texts(cases), kind="pair"),
        ForeignFile("signs outcome.csv", write_csv(outcome).encode(), [], kind="pair"),
    ]


def list_pair_tables() -> list[ForeignFile]:
    """Two columns under the headers of people, in sheets and encodings."""
    truth, made = _texts(draw_cases("fa"), "، "), []
    for number, header in enumerate(PERSIAN_HEADERS):
        rows = [["ردیف", *header], *([n, *row] for n, row in enumerate(truth, 1))]
        made.append(
            ForeignFile(
                f"pairs persian {number}.csv",
                write_csv(rows).encode("utf-8-sig"),
                truth,
                "pair",
                "fa",
            )
        )
    plain = [["علائم", "بیماری"], *truth]
    quoted = [[signs.replace("، ", "\n"), illness] for signs, illness in truth]
    anki = "#separator:tab\n#html:false\n" + write_csv(truth, delimiter="\t")
    index = [["", *plain[0]], *([n, *row] for n, row in enumerate(truth))]
    files: list[tuple[str, Any, list[Row]]] = [
        ("sheet.xlsx", save_sheets({"Sheet1": [["فهرست"], [], *map(list, plain)]}), truth),
        ("cp1256.csv", write_old_persian(write_csv(plain)).encode("cp1256"), truth),
        ("utf16.txt", write_csv(plain, delimiter="\t").encode("utf-16"), truth),
        ("index.csv", write_csv(index).encode(), truth),
        ("newlines.csv", write_csv([plain[0], *quoted]).encode(), [tuple(row) for row in quoted]),
        ("anki.txt", anki.encode(), truth),
    ]
    return [
        *made,
        *(
            ForeignFile(f"pairs {name}", content, rows, "pair", "fa")
            for name, content, rows in files
        ),
    ]


def list_pair_files() -> list[ForeignFile]:
    """All files of pairs."""
    return [*list_shapes(), *list_sign_tables(), *list_pair_tables()]
