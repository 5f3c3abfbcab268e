"""What the second reader is told and in which shape it answers: items without their keys, in
shuffled order, after the text.

The fields' order is the order of thought: first the line of the text, then what it means.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tasks.generation.prompts.instructions import format_passages
from tasks.language.language_pack import load_pack
from tasks.schemas.item_rows import Passage

MAX_FINDINGS = 16  # entries; the longest vignettes of the labelled items state seven things
MAX_EXCLUDED = 60  # entries; a chapter of the Persian handbook has at most 12 titles
MAX_FITTING = 8  # entries; a vignette that fits more conditions is vague enough
JSON_SHAPE = (  # no values in it that a model could copy
    '{"not_conditions": [number, …], "items": [{"item": "…", "findings": [{"line": "…", "finding":'
    ' "…", "verdict": "told | contradicted | not_told"}, …], "options": [{"line": "…", "option":'
    ' number, "verdict": "right | wrong | not_told"}, …], "remark": "…", "possible": true | false,'
    ' "guessable": true | false, "wording": true | false, "clean": true | false, "repeats": ["…",'
    " …]}, …]}"
)
_TAGS = re.compile(r"<(?=\s*/?\s*(?:item|passage)\b)", re.IGNORECASE)


class ReaderTexts(NamedTuple):
    """All sentences that a reading is asked for with, in one language (packs/<language>/
    reader.yaml).
    """

    role: str  # who the reader is, and that text and items are data
    demands: str  # the fields of the answer
    conditions: str
    earlier: str
    items: str
    ask: str  # with {n}


class ShownItem(NamedTuple):
    """One item as the reader sees it."""

    name: str  # i1, i2, …
    text: str
    options: tuple[str, ...] = ()  # none: a case, whose options are the listed conditions


def build_messages(
    tag: str,
    passages: Sequence[Passage],
    conditions: Sequence[str],
    earlier: Mapping[str, str],
    items: Sequence[ShownItem],
) -> list[dict[str, str]]:
    """The text first, which many requests share, so that servers charge the cached price for it.
    `tag`: a language, or a profile in it.
    """
    texts = ReaderTexts(**load_pack("packs/reader.yaml", tag))
    parts = [format_passages(passages)]
    if conditions:
        lines = [f"{number}) {_clean(name)}" for number, name in enumerate(conditions, 1)]
        parts.append("\n".join([texts.conditions, *lines]))
    if earlier:
        lines = [f"{name}: {_clean(text)}" for name, text in earlier.items()]
        parts.append("\n".join([texts.earlier, *lines]))
    parts.append("\n".join([texts.items, *map(_format_item, items)]))
    parts.append(texts.ask.format(n=len(items)))
    return [
        {"role": "system", "content": f"{texts.role}\n{texts.demands}\n{JSON_SHAPE}"},
        {"role": "user", "content": "\n\n".join(parts)},
    ]


def _format_item(item: ShownItem) -> str:
    lines = [f"{number}) {_clean(option)}" for number, option in enumerate(item.options, 1)]
    kind = "question" if item.options else "case"
    return "\n".join(
        [f'<item id="{item.name}" kind="{kind}">', _clean(item.text), *lines, "</item>"]
    )


def _clean(text: str) -> str:
    """On one line, and without what looks like a mark."""
    return _TAGS.sub("‹", " ".join(text.split()))


def build_reading_schema(items: int) -> dict[str, Any]:
    """The answer's strict JSON schema; every array is bounded."""
    text, number = {"type": "string"}, {"type": "integer"}
    finding = {"line": text, "finding": text, "verdict": _list_choices("told", "contradicted")}
    option = {"line": text, "option": number, "verdict": _list_choices("right", "wrong")}
    fields: dict[str, Any] = {
        "item": text,
        "findings": _bound_array(_build_object(finding), MAX_FINDINGS),
        "options": _bound_array(_build_object(option), MAX_FITTING),
        "remark": text,
        **{name: {"type": "boolean"} for name in ("possible", "guessable", "wording", "clean")},
        "repeats": _bound_array(text, MAX_FITTING),
    }
    return _build_object(
        {
            "not_conditions": _bound_array(number, MAX_EXCLUDED),
            "items": _bound_array(_build_object(fields), items),
        }
    )


def _list_choices(*names: str) -> dict[str, Any]:
    return {"type": "string", "enum": [*names, "not_told"]}


def _bound_array(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


def _build_object(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
