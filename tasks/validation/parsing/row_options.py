"""The options of a row, however it keeps them: one column each, a list, an object, one text."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tasks.validation.parsing.column_names import Layout, squeeze
from tasks.validation.parsing.option_marks import split_marked
from tasks.validation.parsing.row_cells import Fields

OPTION_TEXTS = (
    "text",
    "atext",
    "option",
    "content",
    "value",
    "answer",
    "choice",
    "answertext",
    "optiontext",
)
OPTION_LABELS = ("label", "key", "id", "aid", "letter")
OPTION_FLAGS = ("iscorrect", "correct", "isright", "right", "isanswer")


class RowOptions(NamedTuple):
    """The options of a row."""

    texts: list[Any] | None = None
    labels: tuple[str, ...] = ()  # how the row calls them
    flagged: int | None = None  # from 1, the one that is marked as right


def find_options(flat: Fields, layout: Layout) -> RowOptions:
    """The options and how the row calls them; an empty fifth column is no option."""
    if len(layout.options) != 1:
        texts = [
            (flat.get(c), m)
            for c, m in zip(layout.options, layout.marks or layout.options, strict=False)
        ]
        filled = [(text, mark) for text, mark in texts if text not in (None, "")]
        marks = tuple(mark for _, mark in filled)
        return RowOptions([text for text, _ in filled], marks) if filled else RowOptions()
    value = flat.get(layout.options[0])
    if isinstance(value, str):
        return RowOptions(split_marked(value)[1] or _separated(value))
    if isinstance(value, dict):
        return _options_of_object(value)
    if isinstance(value, list):
        return _options_of_list(value)
    return RowOptions()


def _options_of_object(value: dict[str, Any]) -> RowOptions:
    """{text: […], label: […]} of ARC, {choices: […], labels: [0, 1, …]} of TruthfulQA, {option: 1,
    option: 0, …} of BIG-bench, or {A: option, …}.
    """
    for texts, labels in (("text", "label"), ("choices", "labels")):
        if isinstance(value.get(texts), list):
            named = value.get(labels)
            listed = named if isinstance(named, list) else []
            flagged = _find_flag(listed)
            return RowOptions(value[texts], () if flagged else tuple(map(str, listed)), flagged)
    own = {str(k): v for k, v in value.items() if v not in (None, "")}
    if flagged := _find_flag(list(own.values())):
        return RowOptions(list(own), (), flagged)
    return RowOptions(list(own.values()), tuple(own))


def _options_of_list(value: list[Any]) -> RowOptions:
    """Texts, or objects with a text, perhaps a label, and perhaps a mark of the right one."""
    objects = [{squeeze(str(k)): v for k, v in o.items()} for o in value if isinstance(o, dict)]
    if not objects or len(objects) < len(value):
        return RowOptions([o for o in value if o is not None])
    texts, labels, flags = (
        [next((o[name] for name in names if name in o), None) for o in objects]
        for names in (OPTION_TEXTS, OPTION_LABELS, OPTION_FLAGS)
    )
    return RowOptions(texts, () if None in labels else tuple(map(str, labels)), _find_flag(flags))


def _find_flag(flags: Sequence[Any]) -> int | None:
    """The place of the only one that is true among false ones."""
    told = [flag in (1, "1", "true", "True", "TRUE") for flag in flags]
    false = [flag in (0, "0", "false", "False", "FALSE") for flag in flags]
    return (
        told.index(True) + 1 if told.count(True) == 1 and sum(false) == len(flags) - 1 > 0 else None
    )


def _separated(text: str) -> list[str] | None:
    """Options in one cell: by lines, by bars or by semicolons."""
    for mark in ("\n", "|", ";", "؛"):
        parts = [part.strip() for part in text.split(mark) if part.strip()]
        if len(parts) > 2:
            return parts
    return None
