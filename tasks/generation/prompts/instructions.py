"""What the model is told: the demands on the items, the book's text marked as data, and the shape
of the answer.

The fixed part (system message, then the passages) comes first and the part that changes from
request to request comes
last, so that servers which cache prompts by their beginning charge the cached price for the rest.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from tasks.language.language_pack import list_languages, load_pack
from tasks.schemas.item_rows import Passage, QuestionType

ItemKind = Literal["pair", "question"]


class InstructionTexts(NamedTuple):
    """All sentences that a request is made of, in one language (packs/<language>/
    instructions.yaml).
    """

    role: str  # who the model is, and that the book is data
    language: str  # with {language}: for languages without a wording of their own
    pair: str
    question: str
    every: str  # what holds for every item
    ask_pairs: str  # with {n}
    ask_questions: str  # with {n}
    paraphrases: str  # with {k}, {facts}
    kinds: str
    kind: dict[QuestionType, str]
    comma: str
    focus: str  # with {id}
    avoid: str
    pages: str  # with {first}, {last}: where the shown PDF stands in the book


JSON_SHAPES = {
    "pair": (
        '{"items": [{"fact": "…", "symptom": "…", "diagnosis": "…", "page": 12, "quote": "…"}]}'
    ),
    "question": (
        '{"items": [{"fact": "…", "kind": "diagnosis", "question": "…", "options": ["…", "…", "…",'
        ' "…"], "answer": 3, "page": 12, "quote": "…"}]}'
    ),
}
INSTRUCTIONS = {
    language: InstructionTexts(**load_pack("packs/instructions.yaml", language))
    for language in list_languages()
}
LANGUAGE_NAMES = {
    "ar": "Arabic", "az": "Azerbaijani", "bn": "Bengali", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "ku": "Kurdish",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "ta": "Tamil", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_PASSAGE_TAGS = re.compile(r"<(?=\s*/?\s*passage\b)", re.IGNORECASE)
_QUESTION_TYPES: tuple[QuestionType, ...] = (
    "symptoms",
    "diagnosis",
    "complications",
    "telling_apart",
    "other",
)


def build_system_message(kind: ItemKind, language: str) -> str:
    """The demands, the same for every request of one kind."""
    wording = INSTRUCTIONS.get(language, INSTRUCTIONS["en"])
    own = (
        ""
        if language in INSTRUCTIONS
        else wording.language.format(
            language=LANGUAGE_NAMES.get(language, f"the language {language!r}")
        )
    )
    demands = wording.pair if kind == "pair" else wording.question
    return "\n".join(
        part for part in (wording.role, own, demands, wording.every, JSON_SHAPES[kind]) if part
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
    language: str,
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
    wording = INSTRUCTIONS.get(language, INSTRUCTIONS["en"])
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


def build_schema(kind: ItemKind) -> dict[str, Any]:
    """The answer's strict JSON schema, within the subset that strict servers take."""
    text = {"type": "string"}
    fields: dict[str, Any] = {"fact": text}
    if kind == "pair":
        fields |= {"symptom": text, "diagnosis": text}
    else:
        fields |= {
            "kind": {"type": "string", "enum": list(_QUESTION_TYPES)},
            "question": text,
            "options": {"type": "array", "items": text},
            "answer": {"type": "integer", "enum": [1, 2, 3, 4]},
        }
    fields |= {"page": {"type": "integer"}, "quote": text}
    return _build_object_schema({"items": {"type": "array", "items": _build_object_schema(fields)}})


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
