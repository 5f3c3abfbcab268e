"""Exams in the shapes of data sets and of programs: JSON, JSON lines, parquet, folders of save_to_disk."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from support.foreign_files.exam_truth import Exam, ForeignFile, draw_exam, list_truth

LATIN = "ABCD"
Shape = Callable[[int, Exam], dict[str, Any]]  # number and question → the row


def _label(e: Exam) -> str:
    return "ABCDE"[e.right - 1]


def _letters(e: Exam) -> dict[str, str]:
    return dict(zip("ABCDE", e.options, strict=False))


SHAPES: dict[str, tuple[str, Shape]] = {  # name → language, row
    "exercise": ("fa", lambda n, e: {"question": e.stem, "options": e.options, "answer": e.right}),
    "medqa": (
        "en",
        lambda n, e: {
            "question": e.stem,
            "answer": e.key,
            "options": _letters(e),
            "meta_info": "step1",
            "answer_idx": _label(e),
        },
    ),
    "medmcqa 0": ("en", lambda n, e: _medmcqa(n, e) | {"cop": e.right - 1}),
    "medmcqa 1": ("en", lambda n, e: _medmcqa(n, e) | {"cop": e.right}),
    "mmlu": (
        "en",
        lambda n, e: {
            "question": e.stem,
            "subject": "anatomy",
            "choices": e.options,
            "answer": e.right - 1,
        },
    ),
    "mmlu pro like": (
        "en",
        lambda n, e: {
            "question_id": n,
            "question": e.stem,
            "options": e.options,
            "answer": _label(e),
            "answer_index": e.right - 1,
            "cot_content": "",
            "category": "health",
            "src": "x",
        },
    ),
    "parsinlu": (
        "fa",
        lambda n, e: {
            "question": e.stem,
            "candidates": e.options,
            "answer": str(e.right),
            "category": "science",
            "id": n % 5,
        },
    ),
    "arc": (
        "en",
        lambda n, e: {
            "id": f"Mercury_{n}",
            "question": e.stem,
            "choices": {"text": e.options, "label": list(LATIN)},
            "answerKey": _label(e),
        },
    ),
    "arc numbered": (
        "en",
        lambda n, e: {
            "id": f"MCAS_{n}",
            "question": e.stem,
            "choices": {"text": e.options, "label": list("1234")},
            "answerKey": str(e.right),
        },
    ),
    "openbookqa": (
        "en",
        lambda n, e: {
            "id": f"7-{n}",
            "question": {
                "stem": e.stem,
                "choices": [{"text": o, "label": m} for m, o in _letters(e).items()],
            },
            "answerKey": _label(e),
        },
    ),
    "headqa": (
        "en",
        lambda n, e: {
            "qid": str(n),
            "qtext": e.stem,
            "ra": e.right,
            "answers": [{"aid": i, "atext": o} for i, o in enumerate(e.options, 1)],
        },
    ),
    "hellaswag": (
        "en",
        lambda n, e: {"ind": n, "ctx": e.stem, "endings": e.options, "label": str(e.right - 1)},
    ),
    "casimedicos": (
        "fr",
        lambda n, e: {
            "id": n,
            "full_question": e.stem,
            "options": {str(i): o for i, o in enumerate(e.options, 1)} | {"5": None},
            "correct_option": e.right,
        },
    ),
    "agieval": (
        "en",
        lambda n, e: {
            "passage": None,
            "question": e.stem,
            "options": [f"({m}){o}" for m, o in _letters(e).items()],
            "label": _label(e),
            "other": None,
        },
    ),
    "big bench": (
        "en",
        lambda n, e: {"input": e.stem, "target_scores": {o: int(o == e.key) for o in e.options}},
    ),
    "truthfulqa": (
        "en",
        lambda n, e: {
            "question": e.stem,
            "mc1_targets": {"choices": e.options, "labels": [int(o == e.key) for o in e.options]},
        },
    ),
    "flagged": (
        "en",
        lambda n, e: {
            "question": e.stem,
            "options": [
                {"id": i, "text": o, "isCorrect": o == e.key} for i, o in enumerate(e.options)
            ],
        },
    ),
    "opentdb": (
        "en",
        lambda n, e: {
            "type": "multiple",
            "category": "Science",
            "question": e.stem.replace("'", "&#039;"),
            "correct_answer": e.key.replace("'", "&#039;"),
            "incorrect_answers": [o.replace("'", "&#039;") for o in e.options if o != e.key],
        },
    ),
    "inspect": (
        "en",
        lambda n, e: {"input": e.stem, "choices": e.options, "target": _label(e), "id": n},
    ),
    "prompt": (
        "en",
        lambda n, e: {
            "prompt": e.stem
            + "\n"
            + "\n".join(f"{m}. {o}" for m, o in _letters(e).items())
            + "\nAnswer:",
            "completion": f" {_label(e)}",
        },
    ),
    "alpaca": (
        "en",
        lambda n, e: {
            "instruction": "Answer this multiple choice question.",
            "input": f"Q: {e.stem}\n" + "\n".join(f"{m}. {o}" for m, o in _letters(e).items()),
            "output": _label(e),
        },
    ),
    "messages": (
        "en",
        lambda n, e: {
            "messages": [
                {"role": "system", "content": "You are a doctor."},
                {
                    "role": "user",
                    "content": e.stem
                    + "\n"
                    + "\n".join(f"{m}) {o}" for m, o in _letters(e).items()),
                },
                {"role": "assistant", "content": f"{_label(e)}) {e.key}"},
            ]
        },
    ),
}


def _medmcqa(number: int, e: Exam) -> dict[str, Any]:
    return {
        "id": f"e9ad{number}",
        "question": e.stem,
        **{f"op{m}": o for m, o in zip("abcd", e.options, strict=True)},
        "choice_type": "single",
        "exp": "see the book",
        "subject_name": "Medicine",
        "topic_name": None,
    }


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"\n".join(map(_dump, rows))


def list_shapes() -> list[ForeignFile]:
    """Each shape as JSON or as JSON lines, by turns."""
    made = []
    for number, (name, (language, shape)) in enumerate(SHAPES.items()):
        exam = draw_exam(language)
        rows = [shape(n, e) for n, e in enumerate(exam)]
        kind, content = ("jsonl", _lines(rows)) if number % 2 else ("json", _dump(rows))
        made.append(
            ForeignFile(f"shape {name}.{kind}", content, list_truth(exam), language=language)
        )
    return made


def list_unfit_rows() -> list[ForeignFile]:
    """Five options, three, several right ones: only the rows of four options and one key are to be read."""
    four, five, three = draw_exam("fr", 12), draw_exam("fr", 12, 5), draw_exam("fr", 12, 3)
    rows = [e for three_of_them in zip(four, five, three, strict=True) for e in three_of_them]
    french = [
        {"id": n, "question": e.stem}
        | {f"answer_{m}": o for m, o in zip("abcde", [*e.options, None, None], strict=False)}
        | {
            "correct_answers": [e.right - 1] if len(e.options) == 4 else [0, 2],
            "number_correct_answers": 1,
        }
        for n, e in enumerate(rows)
    ]
    letters = [
        {
            "id": n,
            "question": e.stem,
            "answers": dict(zip("abcde", e.options, strict=False)),
            "correct_answers": ["abcde"[e.right - 1]] if n % 6 else ["a", "b"],
        }
        for n, e in enumerate(rows)
    ]
    arc = [
        {
            "id": n,
            "question": e.stem,
            "choices": {"text": e.options, "label": list("ABCDE")[: len(e.options)]},
            "answerKey": _label(e),
        }
        for n, e in enumerate(rows)
    ]
    several = [e for n, e in enumerate(rows) if len(e.options) == 4 and n % 6]
    return [
        ForeignFile("unfit frenchmedmcqa.json", _dump(french), list_truth(four), language="fr"),
        ForeignFile(
            "unfit frenchmedmcqa letters.json", _dump(letters), list_truth(several), language="fr"
        ),
        ForeignFile("unfit arc.jsonl", _lines(arc), list_truth(four), language="fr"),
        ForeignFile(
            "unfit passages.jsonl",
            _lines([_race(n, e) for n, e in enumerate(four)]),
            [(f"{_tell_case(n)} {e.stem}", e.key) for n, e in enumerate(four)],
            language="fr",
        ),
    ]


def _tell_case(number: int) -> str:
    return f"Texte {number} sur un patient et sa maladie. " * 5


def _race(number: int, e: Exam) -> dict[str, Any]:
    """A question on a text: without the text it asks nothing."""
    return {
        "article": _tell_case(number),
        "question": e.stem,
        "options": e.options,
        "answer": _label(e),
    }


def list_containers() -> list[ForeignFile]:
    """The same rows as pandas, the hub and programs wrap them."""
    import pandas
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

    exam, persian = draw_exam("en"), draw_exam("fa")
    rows = [{"question": e.stem, "options": e.options, "answer": _label(e)} for e in exam]
    flat = [
        {"question": e.stem, **_letters(e), "E": None, "answer": _label(e), "id": f"q{n // 2}"}
        for n, e in enumerate(exam)
    ]
    frame, truth = pandas.DataFrame(rows), list_truth(exam)
    table = pandas.DataFrame(flat)
    features = Features(
        {
            "question": Value("string"),
            "options": Sequence(Value("string")),
            "answer": ClassLabel(names=list(LATIN)),
        }
    )
    hub = Dataset.from_list(
        [r | {"answer": LATIN.index(r["answer"])} for r in rows], features=features
    )
    viewer = {
        "features": [{"feature_idx": 0, "name": "question"}],
        "rows": [{"row_idx": n, "row": r, "truncated_cells": []} for n, r in enumerate(rows)],
    }
    split = json.loads(frame.to_json(orient="split"))
    nan = json.dumps([r | {"E": float("nan")} for r in flat]).encode()
    nested = {
        "exam": {
            "year": 1402,
            "parts": [{"name": "a", "questions": rows[:10]}, {"name": "b", "questions": rows[10:]}],
        }
    }
    cut = _dump(rows)[:-40]
    commas = json.dumps(rows, ensure_ascii=False, indent=1).replace('"\n }', '",\n }').encode()
    files: list[tuple[str, Any, list[tuple[str, str]]]] = [
        ("records.json", frame.to_json(orient="records").encode(), truth),
        ("lines.jsonl", frame.to_json(orient="records", lines=True).encode(), truth),
        ("columns.json", frame.to_json().encode(), truth),
        ("index.json", frame.to_json(orient="index").encode(), truth),
        ("split.json", _dump(split), truth),
        ("table.json", frame.to_json(orient="table").encode(), truth),
        ("frame.csv", frame.to_csv().encode(), truth),
        ("frame.parquet", lambda path: frame.to_parquet(path), truth),
        ("table.parquet", lambda path: table.to_parquet(path), truth),
        ("nan.json", nan, truth),
        ("nan as text.csv", table.to_csv(index=False, na_rep="nan").encode(), truth),
        ("hub.parquet", lambda path: hub.to_parquet(path), truth),
        (
            "hub",
            lambda path: DatasetDict(
                train=hub.select(range(12)), test=hub.select(range(12, 24))
            ).save_to_disk(path),
            truth,
        ),
        ("viewer.json", _dump(viewer), truth),
        ("nested.json", _dump(nested), truth),
        ("named.json", _dump({f"q{n}": r for n, r in enumerate(rows)}), truth),
        ("lines named json.json", _lines(rows), truth),
        ("list named jsonl.jsonl", json.dumps(rows, indent=2).encode(), truth),
        ("packed.jsonl.gz", gzip.compress(_lines(rows)), truth),
        ("commas.json", commas, truth),
        ("cut.json", cut, truth[:-1]),
        ("bom.jsonl", b"\xef\xbb\xbf" + _lines(rows), truth),
        ("ids.csv", table.to_csv(index=False).encode(), truth),
    ]
    made = [ForeignFile(f"container {name}", content, rows) for name, content, rows in files]
    own = [
        {"szöveg": e.stem, **dict(zip("wxyz", e.options, strict=True)), "jó": e.right}
        for e in persian
    ]
    given = {"question": "szöveg", "options": list("wxyz"), "answer": "jó"}
    made.append(
        ForeignFile(
            "container told.json", _dump(own), list_truth(persian), language="fa", given=given
        )
    )
    return made


def list_question_datasets() -> list[ForeignFile]:
    """All exams in the shapes of data sets."""
    return [*list_shapes(), *list_unfit_rows(), *list_containers()]
