"""The rows of a person's file as questions: known shapes of data sets, then the columns by their
names.

MedQA {question, options {A…D}, answer_idx, answer} · MedMCQA {question, opa … opd, cop} · MMLU
{question, choices, answer from 0, subject} · ParsiNLU {question, candidates, answer from 1} · ARC
{question, choices {text, label}, answerKey} · OpenBookQA {question {stem, choices}} · SciQ
{question, distractor1 …, correct_answer} · HEAD-QA {qtext, answers [{aid, atext}], ra} · BIG-bench
{input, target_scores} · TruthfulQA {question, mc1_targets} · tables with one column an option ·
questions with their options in conversations, prompts and alpaca's inputs.
"""

from typing import Any, NamedTuple

from tasks.validation.items import Refused
from tasks.validation.parsing.column_names import (
    Given,
    Layout,
    find_layout,
    known_names,
    squeeze,
)
from tasks.validation.parsing.draft_reader import quote_value, read_options
from tasks.validation.parsing.key_convention import KeyRow, read_key
from tasks.validation.parsing.row_cells import (
    Fields,
    clean_cell,
    read_literal,
    take_cell,
    unfold_turns,
)
from tasks.validation.parsing.row_options import find_options, split_marked
from tasks.validation.term_matching import normalize_name

COUNT_FROM_ZERO = {"cop", "choices", "endings"}  # fields of data sets that count their keys from 0


class QuestionRow(NamedTuple):
    """One row as a question before its key is settled by the whole file."""

    fields: dict[str, Any]  # question, options and what else an item has
    key: KeyRow


def read_question(fields: Fields, language: str, given: Given | None = None) -> QuestionRow:
    """The question of a row. Raises Refused where it holds none."""
    flat = _flatten(unfold_turns(fields) or fields)
    layout = find_layout(tuple(flat), given)
    text = take_cell(flat, layout.question) or flat.get("instruction")
    options, labels, flagged = find_options(flat, layout)
    key = _read_column_name(take_cell(flat, layout.answer), layout)
    if options is None and layout.wrong:
        options, key = _with_wrong(flat, layout, key)
    elif options is None and isinstance(text, str):
        text, options = split_marked(_drop_opening(text))
    elif options == list("ABCD") and isinstance(text, str) and (inside := split_marked(text))[1]:
        text, options = _drop_opening(inside[0]), inside[1]  # the options are in the question
    texts = read_options(options, language, []) if options is not None else ()
    if not texts:
        raise Refused("no-options-among-fields", fields=tuple(sorted(flat))[:20])
    if len({normalize_name(t).replace(" ", "") or t for t in texts}) < len(texts):
        raise Refused("repeated-options", text=" / ".join(texts)[:200])
    if not (given and "answer" in given):
        _agree(flat, layout, KeyRow(key, texts, labels), flagged)
    kept = {field: flat[field] for field in ("kind", "fact") if flat.get(field) is not None}
    row = (
        KeyRow(flagged, texts, from_zero=False)
        if flagged and key is None
        else KeyRow(key, texts, labels, layout.answer, _from_zero(flat, layout))
    )
    whole = _put_before(take_cell(flat, layout.passage), text)
    return QuestionRow({**kept, "question": whole, "options": list(texts)}, row)


def _read_column_name(key: Any, layout: Layout) -> Any:
    """A key that names the column of its option, as that column's mark ("A3" of A1 to A4)."""
    names = [squeeze(column) for column in layout.options]
    told = isinstance(key, str) and layout.marks and squeeze(key) in names
    return layout.marks[names.index(squeeze(key))] if told else key


def _drop_opening(text: str) -> str:
    """A question without the word for one before it ("Q: …")."""
    before, mark, rest = text.partition(":")
    return rest.strip() if mark and squeeze(before) in known_names()["question"] else text


def _put_before(passage: Any, text: Any) -> Any:
    """What a question is asked about, and the question."""
    told = isinstance(passage, str) and passage.strip() and isinstance(text, str)
    return f"{passage.strip()}\n{text}" if told else text


def _flatten(fields: Fields) -> dict[str, Any]:
    """{question: {stem, choices}} of OpenBookQA as one level; texts of lists and objects as what
    they say; no cells that pandas left empty.
    """
    flat = {str(k): read_literal(clean_cell(v)) for k, v in fields.items() if k is not None}
    for value in list(flat.values()):
        if isinstance(value, dict) and "stem" in value:
            flat |= value
            flat.pop("question", None)
    for name, value in flat.items():  # {question: {text: …}}
        if isinstance(value, dict) and set(value) == {"text"}:
            flat[name] = value["text"]
    return flat


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


def _agree(flat: Fields, layout: Layout, row: KeyRow, flagged: int | None) -> None:
    """Where the key is told twice (MedQA: answer_idx "B", answer "Pneumonia"), both must mean one
    option.
    """
    first = _find_place(row.value, row)
    used = {layout.answer, layout.question, *layout.options, *layout.wrong}
    others = {k: v for k, v in flat.items() if squeeze(k) in known_names()["answer"]}
    told = {k: _find_place(v, row) for k, v in others.items() if k not in used} | {"": flagged}
    for column, second in told.items():
        if first and second and first != second:
            raise Refused(
                "two-keys",
                column=layout.answer,
                key=quote_value(row.value),
                answer=quote_value(flat.get(column, row.options[second - 1])),
            )


def _find_place(value: Any, row: KeyRow) -> int | None:
    """The place that a key means for sure, alone."""
    try:
        key = read_key(value, row.options, row.labels)
    except Refused:
        return None
    return key.place if key.text in (None, key.place) else key.text if not key.place else None


def _from_zero(flat: Fields, layout: Layout) -> bool | None:
    """Whether data sets of this shape count from 0: surely, perhaps (None), or not."""
    names = {squeeze(c) for c in flat}
    if {"subject", "choices"} <= names:
        return True
    name = squeeze(layout.answer)
    is_index = name in ("cop", "label") or name.endswith(("index", "idx"))
    is_known = {squeeze(c) for c in layout.options} & COUNT_FROM_ZERO
    is_list = isinstance(flat.get(layout.answer), list)  # FrenchMedMCQA's correct_answers
    return None if is_index or is_known or is_list or layout.marks[:1] == ("0",) else False
