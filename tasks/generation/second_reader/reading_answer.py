"""The reader's answer as readings of the items, in the items' own order of options; what cannot be
read is told as such.
"""

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.generation.quotas import PairOrQuestion
from tasks.generation.second_reader.reading_request import ReadingLayout, Turn
from tasks.language.text import fold_text
from tasks.schemas.item_rows import (
    FindingVerdict,
    ItemReading,
    OptionVerdict,
    Pair,
    ReadFinding,
    ReadOption,
)

MAX_TEXT = 300  # characters of a line, a finding or a remark that are kept
_OPENING = re.compile(r"[^{]*")


class _Answered(BaseModel):
    """What is not known is left out; what is missing is an error, since a default would be ours."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Finding(_Answered):
    line: str
    finding: str
    verdict: FindingVerdict


class _Option(_Answered):
    line: str
    option: int
    verdict: OptionVerdict


class _Item(_Answered):
    item: str
    findings: list[_Finding]
    options: list[_Option]
    remark: str
    possible: bool
    guessable: bool
    wording: bool
    clean: bool
    repeats: list[str]


def read_answer(text: str, layout: ReadingLayout, model: str, request: str) -> list[ItemReading]:
    """One reading an item, in the writer's order; unread where the answer has none for it, or an
    incomplete one.
    """
    tree = _parse_object(text)
    told = tree.get("items")
    numbers = tree.get("not_conditions")
    found: dict[str, _Item] = {}
    for entry in told if isinstance(told, list) else ():
        try:
            one = _Item.model_validate(entry)
        except ValidationError:
            continue
        found.setdefault(one.item, one)
    names = {item: name for name, item in layout.names.items() if name.startswith("i")}
    excluded = {n for n in numbers if isinstance(n, int)} if isinstance(numbers, list) else set()
    return [
        _build_reading(item, found.get(names[item.id]), excluded, layout, (model, request))
        for item in layout.task.items
    ]


def _build_reading(
    item: PairOrQuestion,
    answer: _Item | None,
    excluded: set[int],
    layout: ReadingLayout,
    origin: tuple[str, str],
) -> ItemReading:
    bare = ItemReading(
        item=item.id,
        kind="pair" if isinstance(item, Pair) else "question",
        model=origin[0],
        request=origin[1],
        is_second=layout.task.turn is Turn.SECOND,
        is_read=False,
    )
    options = _list_options(item, answer, layout) if answer else None
    if answer is None or options is None:
        return bare
    told = {
        "is_read": True,
        "findings": tuple(
            ReadFinding(line=_cut(f.line), finding=_cut(f.finding), verdict=f.verdict)
            for f in answer.findings
        ),
        "options": options,
        "is_diagnosis": _find_condition(item, layout) not in excluded,
        "remark": _cut(answer.remark),
        "repeats": tuple(
            dict.fromkeys(
                layout.names[name]
                for name in answer.repeats
                if layout.names.get(name, item.id) != item.id
            )
        ),
    }
    flags = answer.model_dump(include={"possible", "guessable", "wording", "clean"})
    return bare.model_copy(update=told | flags)


def _list_options(
    item: PairOrQuestion, answer: _Item, layout: ReadingLayout
) -> tuple[ReadOption, ...] | None:
    """All options of a question in its own order, the conditions named for a pair; none where
    numbers are missing, twice or unknown.
    """
    if isinstance(item, Pair):
        key = _find_condition(item, layout)
        if any(not 1 <= one.option <= len(layout.conditions) for one in answer.options):
            return None
        return tuple(
            ReadOption(
                line=_cut(one.line),
                option=layout.conditions[one.option - 1][0],
                verdict=one.verdict,
                is_key=one.option == key,
            )
            for one in answer.options
        )
    if sorted(one.option for one in answer.options) != [1, 2, 3, 4]:
        return None
    shown = layout.options[item.id]
    own = {shown[one.option - 1]: one for one in answer.options}
    return tuple(
        ReadOption(
            line=_cut(own[number].line),
            option=item.options[number - 1],
            verdict=own[number].verdict,
            is_key=number == item.answer,
        )
        for number in (1, 2, 3, 4)
    )


def _find_condition(item: PairOrQuestion, layout: ReadingLayout) -> int:
    """The number under which a pair's diagnosis is listed; 0 for a question."""
    if not isinstance(item, Pair):
        return 0
    name = fold_text(item.diagnosis)
    return next(
        number
        for number, names in enumerate(layout.conditions, 1)
        if any(fold_text(one) == name for one in names)
    )


def _parse_object(text: str) -> dict[str, Any]:
    """The first JSON object of a text; empty where there is none, or it is cut off."""
    start = _OPENING.match(text)
    try:
        tree, _ = json.JSONDecoder().raw_decode(text, start.end() if start else 0)
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _cut(text: str) -> str:
    return " ".join(text.split())[:MAX_TEXT]
