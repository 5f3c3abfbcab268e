"""What the model is told: the demands on the items, the book's text marked as data, and the shape
of the answer.

What both kinds of items share (system message, then the passages) comes first, then what one kind
demands, and last what changes from request to request, so that servers which cache prompts by their
beginning charge the cached price for the rest.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from tasks.language.language_pack import get_folder_language, list_languages, load_pack
from tasks.schemas.item_rows import Passage, QuestionType
from tasks.schemas.sections.profiles import ITEM_FORMS, list_question_types, split_tag, tag_language

ItemKind = Literal["pair", "question"]


class InstructionTexts(NamedTuple):
    """All sentences that a request is made of, in one language (packs/<language>/
    instructions.yaml, and profiles.yaml for books that are not medical).
    """

    role: str  # who the model is, and that the book is data
    language: str  # with {language}: for languages without a wording of their own
    every: str  # what holds for every item
    variety: str  # in what the items differ
    pair: str
    question: str  # with {kinds}
    pair_example: str  # a good and a bad one
    question_example: str
    json: str  # the last demand, before the shape
    ask_pairs: str  # with {n}
    ask_questions: str  # with {n}
    paraphrases: str  # with {k}, {facts}
    kinds: str
    kind: dict[QuestionType, str]
    comma: str
    focus: str  # with {id}
    avoid: str
    pages: str  # with {first}, {last}: where the shown PDF stands in the book


LANGUAGE_NAMES = {
    "ar": "Arabic", "az": "Azerbaijani", "bn": "Bengali", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "ku": "Kurdish",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "ta": "Tamil", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
ARRAY_BOUNDS = ("minItems", "maxItems")  # of schemas, that some strict servers refuse
_PASSAGE_TAGS = re.compile(r"<(?=\s*/?\s*passage\b)", re.IGNORECASE)
INSTRUCTIONS = {
    tag: InstructionTexts(**load_pack("packs/instructions.yaml", tag))
    for language in list_languages()
    for tag in (tag_language(language, profile) for profile in ITEM_FORMS)
}


def get_instructions(tag: str) -> InstructionTexts:
    """The sentences for a language, or for the tag of a profile; English where it has no folder."""
    return INSTRUCTIONS[tag_language(get_folder_language(tag), split_tag(tag)[1])]


def build_system_message(tag: str) -> str:
    """Who the model is and what every item must be, the same for every request of a book."""
    wording, language = get_instructions(tag), split_tag(tag)[0]
    own = (
        ""
        if language in list_languages()
        else wording.language.format(
            language=LANGUAGE_NAMES.get(language, f"the language {language!r}")
        )
    )
    return "\n".join(part for part in (wording.role, own, wording.every, wording.variety) if part)


def build_demands(kind: ItemKind, tag: str) -> str:
    """What the items of one kind must be, a good and a bad one, and the shape of the answer."""
    wording = get_instructions(tag)
    types = list_question_types(split_tag(tag)[1])[:-1]
    demands = (
        [wording.pair, wording.pair_example]
        if kind == "pair"
        else [wording.question.format(kinds=wording.comma.join(types)), wording.question_example]
    )
    return "\n".join([*demands, wording.json, build_shape(kind, tag)])


def build_shape(kind: ItemKind, tag: str) -> str:
    """The answer's shape, with nothing in it that could be copied for a value."""
    holes = {"page": "<page>", "kind": '"<kind>"', "answer": "<1 to 4>"}
    holes["options"] = '["…", "…", "…", "…"]'
    fields = list_fields(kind, tag)
    # a pair's `answer` is a text
    told = {name: '"…"' if kind == "pair" else holes.get(name, '"…"') for name in fields}
    told |= {"page": holes["page"]}
    inside = ", ".join(f'"{name}": {hole}' for name, hole in told.items())
    return f'{{"items": [{{{inside}}}]}}'


def list_fields(kind: ItemKind, tag: str) -> tuple[str, ...]:
    """An item's fields in the order in which they are written: with strict schemas that is the
    order of thought, so the book's words come first.
    """
    form = ITEM_FORMS[split_tag(tag)[1]]
    own = (form.text, form.conclusion)
    return (
        "quote",
        "page",
        "fact",
        *(own if kind == "pair" else ("kind", "question", "options", "answer")),
    )


def format_passages(passages: Sequence[Passage]) -> str:
    """The passages between marks; what looks like a mark in the book's own text is defused."""
    return "\n".join(
        f'<passage id="{p.id}" page="{p.page}"'
        f' title="{_format_title_attribute(p)}">\n{_PASSAGE_TAGS.sub("‹", p.text)}\n</passage>'
        for p in passages
    )


def format_demand(
    kind: ItemKind,
    tag: str,
    asked: int,
    paraphrases: int = 1,
    *,
    kinds: Mapping[QuestionType, int] | None = None,
    focus: str = "",
    avoid: Sequence[str] = (),
    pages: Sequence[int] = (),
) -> str:
    """The part that changes: how many, of which types, where to begin, and what there is
    already.
    """
    wording = get_instructions(tag)
    lines = [wording.pages.format(first=pages[0], last=pages[-1])] if pages else []
    lines += [(wording.ask_pairs if kind == "pair" else wording.ask_questions).format(n=asked)]
    if kind == "pair" and paraphrases > 1:
        lines.append(wording.paraphrases.format(k=paraphrases, facts=-(-asked // paraphrases)))
    if kinds:
        lines.append(
            wording.kinds
            + wording.comma.join(f"{wording.kind[name]} ({name}): {n}" for name, n in kinds.items())
        )
    if focus:
        lines.append(wording.focus.format(id=focus))
    if avoid:
        lines.append(wording.avoid + "\n" + "\n".join(f"- {line}" for line in avoid))
    return "\n".join(lines)


def build_schema(kind: ItemKind, tag: str) -> dict[str, Any]:
    """The answer's strict JSON schema; the bounds of its arrays are left out for servers that do
    not take them (`drop_array_bounds`).
    """
    text = {"type": "string"}
    fields: dict[str, Any] = dict.fromkeys(list_fields(kind, tag), text)
    fields |= {"page": {"type": "integer"}}
    if kind == "question":
        fields |= {
            "kind": {"type": "string", "enum": list(list_question_types(split_tag(tag)[1]))},
            "options": {"type": "array", "items": text, "minItems": 4, "maxItems": 4},
            "answer": {"type": "integer", "enum": [1, 2, 3, 4]},
        }
    return _build_object_schema({"items": {"type": "array", "items": _build_object_schema(fields)}})


def drop_array_bounds(schema: Any) -> Any:
    """The same schema without minItems and maxItems."""
    if isinstance(schema, dict):
        return {k: drop_array_bounds(v) for k, v in schema.items() if k not in ARRAY_BOUNDS}
    return [drop_array_bounds(one) for one in schema] if isinstance(schema, list) else schema


def _build_object_schema(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _format_title_attribute(passage: Passage) -> str:
    title = " › ".join(part for part in (passage.chapter, passage.section, passage.heading) if part)
    return re.sub(r'[<>"\n]', " ", title)
