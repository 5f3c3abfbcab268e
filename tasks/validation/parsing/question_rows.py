"""The rows of a person's file as questions or pairs: known shapes of data sets, then the columns by
their names.

MedQA {question, options {A…D}, answer_idx, answer} · MedMCQA {question, opa … opd, cop} · MMLU
{question, choices, answer
from 0, subject} · ParsiNLU {question, candidates, answer from 1} · ARC {question, choices {text,
label}, answerKey} ·
OpenBookQA {question {stem, choices}} · SciQ {question, distractor1 …, correct_answer} · tables with
one column an option ·
alpaca {instruction, input, output} · ShareGPT {conversations} · OpenAI {messages} · {prompt,
completion} · symptom tables.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tasks.language.text import fold_text
from tasks.validation.items import Refused
from tasks.validation.parsing import lenient_json
from tasks.validation.parsing.column_names import Given, Layout, find_layout, squeeze
from tasks.validation.parsing.draft_reader import quote_value, read_options, split_marked
from tasks.validation.parsing.key_convention import KeyRow, read_key
from tasks.validation.term_matching import normalize_name

Fields = Mapping[str, Any]
COUNT_FROM_ZERO = {"cop", "choices", "endings"}  # fields of data sets that count their keys from 0
TURNS = ("messages", "conversations", "conversation", "dialog", "turns")
ROLES = {
    "user": "user",
    "human": "user",
    "assistant": "model",
    "gpt": "model",
    "bot": "model",
    "model": "model",
}
MOST_CELL = 100_000  # characters of one cell; no model's window holds so long a question
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


class QuestionRow(NamedTuple):
    """One row as a question before its key is settled by the whole file."""

    fields: dict[str, Any]  # question, options and what else an item has
    key: KeyRow


def read_question(fields: Fields, language: str, given: Given | None = None) -> QuestionRow:
    """The question of a row. Raises Refused where it holds none."""
    flat = _flatten(_unfold_turns(fields) if _turns(fields) else fields)
    layout = find_layout(tuple(flat), given)
    text = _cell(flat, layout.question)
    options, labels = _options(flat, layout)
    key = _cell(flat, layout.answer)
    if options is None and layout.wrong:
        options, key = _with_wrong(flat, layout, key)
    elif options is None and isinstance(text, str):
        text, options = split_marked(text)
    texts = read_options(options, language, []) if options is not None else ()
    if not texts:
        raise Refused("no-options-among-fields", fields=tuple(sorted(flat))[:20])
    if len({normalize_name(t).replace(" ", "") or t for t in texts}) < len(texts):
        raise Refused("repeated-options", text=" / ".join(texts)[:200])
    _agree(flat, layout, key, texts, labels)
    kept = {field: flat[field] for field in ("kind", "fact") if flat.get(field) is not None}
    row = KeyRow(key, texts, labels, layout.answer, _from_zero(flat, layout))
    return QuestionRow({**kept, "question": text, "options": list(texts)}, row)


def _flatten(fields: Fields) -> dict[str, Any]:
    """{question: {stem, choices}} of OpenBookQA as one level; texts of lists and objects as what
    they say.
    """
    flat = {str(k): read_literal(v) for k, v in fields.items() if k is not None}
    for value in list(flat.values()):
        if isinstance(value, dict) and "stem" in value:
            flat |= value
            flat.pop("question", None)
    return flat


def read_literal(value: Any) -> Any:
    """A cell that holds a list or an object as JSON, or as Python or numpy print it; everything
    else as it is.
    """
    if (
        not isinstance(value, str)
        or value.strip()[:1] not in ("[", "{", "(")
        or len(value) > MOST_CELL
    ):
        return value
    try:
        return lenient_json.parse_strict(value)
    except ValueError:
        pass
    bare = re.sub(r"\barray\(|,\s*dtype=\w+\)", "", value)
    if _is_numpy_list(bare):
        return [one or other for one, other in _QUOTED.findall(bare)]
    try:
        read = ast.literal_eval(bare.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value
    return list(read) if isinstance(read, tuple | set) else read


def _is_numpy_list(text: str) -> bool:
    """['a' 'b' 'c']: Python would join such strings to one."""
    between = _QUOTED.sub("\0", text.strip())
    return bool(re.fullmatch(r"\[\s*\0(?:\s+\0)+\s*\]", between))


def _cell(fields: Fields, column: str) -> Any:
    value = fields.get(column) if column else None
    if isinstance(value, str) and len(value) > MOST_CELL:
        raise Refused("a-cell-too-long", column=column, n=len(value))
    return value


def _options(flat: Fields, layout: Layout) -> tuple[list[Any] | None, tuple[str, ...]]:
    """The options and how the row calls them; an empty fifth column is no option."""
    if len(layout.options) != 1:
        texts = [
            (flat.get(c), m)
            for c, m in zip(layout.options, layout.marks or layout.options, strict=False)
        ]
        filled = [(text, mark) for text, mark in texts if text not in (None, "")]
        marks = tuple(mark for _, mark in filled) if layout.marks else ()
        return ([text for text, _ in filled], marks) if filled else (None, ())
    value = flat.get(layout.options[0])
    if isinstance(value, str):
        return (split_marked(value)[1] or _separated(value)), ()
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        labels = value.get("label")
        return value["text"], tuple(map(str, labels)) if isinstance(labels, list) else ()
    if isinstance(value, dict):
        own = {str(k): v for k, v in value.items() if v not in (None, "")}
        return list(own.values()), tuple(own)
    if isinstance(value, list):
        labels = [o.get("label", o.get("key", o.get("id"))) for o in value if isinstance(o, dict)]
        return value, tuple(map(str, labels)) if labels and None not in labels else ()
    return None, ()


def _separated(text: str) -> list[str] | None:
    """Options in one cell: by lines, by bars or by semicolons."""
    for mark in ("\n", "|", ";", "؛"):
        parts = [part.strip() for part in text.split(mark) if part.strip()]
        if len(parts) > 2:
            return parts
    return None


def _with_wrong(flat: Fields, layout: Layout, key: Any) -> tuple[list[Any], Any]:
    """The key's text among the wrong options, in the order of their names, so that its place tells
    nothing.
    """
    wrong: list[Any] = []
    for column in layout.wrong:
        value = flat.get(column)
        wrong += value if isinstance(value, list) else [value] if value not in (None, "") else []
    key = key[0] if isinstance(key, list) and len(key) == 1 else key
    if not isinstance(key, str):
        raise Refused("no-key", text=quote_value(key))
    return sorted([key, *wrong], key=lambda option: normalize_name(str(option))), key


def _agree(
    flat: Fields, layout: Layout, key: Any, texts: Sequence[str], labels: Sequence[str]
) -> None:
    """Where the key is told twice (MedQA: answer_idx "B", answer "Pneumonia"), both must mean one
    option.
    """
    told = next(
        (
            v
            for k, v in flat.items()
            if squeeze(k) in ("answer", "answertext") and k != layout.answer
        ),
        None,
    )
    if not isinstance(told, str) or not isinstance(key, str | int):
        return
    try:
        first, second = read_key(key, texts, labels), read_key(told, texts, labels)
    except Refused:
        return
    if first.place and second.text and not second.place and first.place != second.text:
        raise Refused(
            "two-keys", column=layout.answer, key=quote_value(key), answer=quote_value(told)
        )


def _from_zero(flat: Fields, layout: Layout) -> bool | None:
    """Whether data sets of this shape count from 0: surely, perhaps (None), or not."""
    names = {squeeze(c) for c in flat}
    if {"subject", "choices"} <= names:
        return True
    is_index = squeeze(layout.answer) in (
        "cop",
        "answeridx",
        "answerindex",
        "correctindex",
        "correctidx",
        "goldindex",
        "label",
    )
    is_known = {squeeze(c) for c in layout.options} & COUNT_FROM_ZERO
    return None if is_index or is_known or layout.marks[:1] == ("0",) else False


def _turns(fields: Fields) -> list[Any] | None:
    return next((fields[k] for k in TURNS if isinstance(fields.get(k), list)), None)


def _unfold_turns(fields: Fields) -> dict[str, str]:
    """One question and one answer of a conversation; raises Refused for more turns or none."""
    turns = [t for t in _turns(fields) or [] if isinstance(t, dict)]
    said = [
        (
            ROLES.get(fold_text(str(t.get("role") or t.get("from")))),
            t.get("content", t.get("value")),
        )
        for t in turns
    ]
    user, model = ([text for role, text in said if role == wanted] for wanted in ("user", "model"))
    if (
        len(user) != 1
        or len(model) != 1
        or not isinstance(user[0], str)
        or not isinstance(model[0], str)
    ):
        raise Refused(
            "not-one-question-and-one-answer",
            person=len(user),
            model=len(model),
        )
    return {"prompt": user[0], "completion": model[0], "answer": model[0]}


def read_pair(
    fields: Fields, given: Given | None = None, constant: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """{symptom, diagnosis} of a row; `constant`: columns that say the same in every row of the file
    (an instruction).
    """
    flat = (
        dict(_unfold_turns(fields))
        if _turns(fields)
        else {str(k): v for k, v in fields.items() if k is not None}
    )
    layout = find_layout(tuple(flat), given)
    names = {squeeze(k): k for k in flat}
    if not given and {"instruction", "output"} <= names.keys():
        layout = layout._replace(symptom=(names["instruction"],), diagnosis=names["output"])
        if str(flat.get(names.get("input", ""), "")).strip():
            shown = (names["instruction"],) if names["instruction"] not in constant else ()
            layout = layout._replace(symptom=(*shown, names["input"]))
    columns = [c for c in layout.symptom if c != layout.diagnosis]
    told = [str(_cell(flat, c)).strip() for c in columns if flat.get(c) not in (None, "")]
    text = (
        (told[0] if len(told) == 1 else _join(told, columns))
        if told
        else _marked_signs(flat, layout.diagnosis)
    )
    kept = {
        field: flat[field] for field in ("fact", "quote", "page") if flat.get(field) is not None
    }
    return {**kept, "symptom": text, "diagnosis": _cell(flat, layout.diagnosis)}


def _join(told: list[str], columns: Sequence[str]) -> str:
    """An instruction and its input as two lines; the signs of a table as one list."""
    if any(squeeze(c) == "instruction" for c in columns):
        return "\n".join(told)
    return ", ".join(sign.replace("_", " ").strip() for sign in told)


def _marked_signs(flat: Fields, diagnosis: str) -> str | None:
    """A table with one column a sign and 1 where it is there: the names of those that are."""
    others = {k: str(v).strip() for k, v in flat.items() if k != diagnosis and k}
    if (
        not diagnosis
        or len(others) < 3
        or not set(others.values()) <= {"0", "1", "0.0", "1.0", "True", "False"}
    ):
        return None
    return (
        ", ".join(
            k.replace("_", " ").strip() for k, v in others.items() if v in ("1", "1.0", "True")
        )
        or None
    )
