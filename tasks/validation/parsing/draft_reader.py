"""Read a draft's text into items: every printed defect is mended where one reading is certain,
refused else, and counted.
"""

import json
import re
from typing import Any

from tasks.language.text import normalize_text, to_latin_digits
from tasks.schemas.item_rows import Draft, Rejection
from tasks.schemas.messages import Message, Ordinal, Term, Value, build_message
from tasks.schemas.sections.profiles import list_question_types, split_tag
from tasks.validation.items import ItemKind, ParsedItem, ParsedItems, Refused
from tasks.validation.parsing import lenient_json
from tasks.validation.parsing.key_convention import read_key
from tasks.validation.parsing.row_options import strip_marks
from tasks.validation.term_matching import fold_cached

FIELD_NAMES = {
    "pair": {
        "text": ("symptom", "symptoms", "vignette", "علائم", "علایم بیمار", "شرح حال"),
        "diagnosis": ("diagnosis", "تشخیص"),
    },
    "question": {
        "text": ("question", "stem", "سؤال", "پرسش"),
        "options": ("options", "choices", "گزینه‌ها"),
        "answer": ("answer", "key", "correct", "correct_answer", "correct_option", "پاسخ"),
    },
}
PLAIN_PAIRS = {  # of books that are not medical, where no medical field is told
    "text": ("situation", "question", "موقعیت", "پرسش"),
    "diagnosis": ("conclusion", "answer", "نتیجه", "پاسخ"),
}
MAX_QUOTED_CHARACTERS = 200  # of a value that is told; a whole response is no sentence
LIST_NAMES = ("items", "pairs", "questions", "data", "results")
# "1. A man", «۱-مرد»; "47-year-old" is no number of an item
_NUMBERING = re.compile(r"^(?:\d{1,3}|سؤال \d{1,3})\s*(?:[.):]|-(?![A-Za-z]))\s*(?=[^\W\d])")
_STRAY = re.compile(
    r"^[\u0621-\u064a\u067e-\u06cc]{1,2}[.,،؛)]\s?(?=[\u0621-\u06cc]{2})|^[a-z]{1,2}[.,;)](?=[A-Z])"
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd\ue000-\uf8ff]|\(cid:\d+\)")

# of one answer; an honest one of 16,384 tokens holds some 500 of 30 tokens
MOST_ITEMS = 1000


def read_draft(draft: Draft, language: str) -> ParsedItems:
    """The items of one response. A response without any is one rejection that stands for all it was
    asked for.
    """
    if draft.finish in ("refusal", "content_filter", "error"):
        return ParsedItems(
            [], [_reject_draft(draft, draft.finish, build_message(f"writer-{draft.finish}"))]
        )
    found = ParsedItems([], [])
    values = _list_values(draft, found.rejected)
    for value, raw, repairs in values[:MOST_ITEMS]:
        try:
            found.items.append(
                build_parsed_item(value, draft.kind, language, raw, repairs, draft.id)
            )
        except Refused as error:
            found.rejected.append(_reject_item(draft, error.reason, raw))
    if more := len(values[MOST_ITEMS:]):
        why = build_message("more-items-than-are-read", n=more, most=MOST_ITEMS)
        found.rejected.append(_reject_item(draft, why, "").model_copy(update={"items": more}))
    if draft.finish == "length":
        return _count_cut_items(draft, found)
    if not found.items and not found.rejected:
        if _is_empty_list(draft.raw):
            return ParsedItems([], [], exhausted=True)
        return ParsedItems([], [_reject_draft(draft, "parsing", build_message("no-items"))])
    return found


def _is_empty_list(raw: str) -> bool:
    """Whether the whole answer is an empty list of items, with a code fence or words around at
    most.
    """
    try:
        value = lenient_json.parse_strict(raw)
    except ValueError:
        read = lenient_json.read_objects(raw).parsed
        value = read[0].value if len(read) == 1 else None
    return value == [] or (
        isinstance(value, dict) and any(value.get(name) == [] for name in LIST_NAMES)
    )


def build_parsed_item(
    value: dict[str, Any],
    kind: ItemKind,
    language: str,
    raw: str,
    repairs: tuple[str, ...] = (),
    draft_id: str = "",
) -> ParsedItem:
    """One JSON object as an item; raises Refused where it has no certain reading."""
    mended = list(repairs)
    fields = {name: _get_field(value, names) for name, names in FIELD_NAMES[kind].items()}
    if kind == "pair" and not any(fields.values()) and "options" not in value:
        fields = {name: _get_field(value, names) for name, names in PLAIN_PAIRS.items()}
    text = _strip_opening(
        _read_string(fields["text"], "symptom" if kind == "pair" else "question", language),
        mended,
    )
    common = {
        "draft_id": draft_id,
        "kind": kind,
        "text": text,
        "raw": raw,
        **_read_source(value, language),
    }
    if kind == "pair":
        return ParsedItem(
            **common,
            diagnosis=_read_string(fields["diagnosis"], "diagnosis", language).rstrip(" .،؛"),
            repairs=tuple(mended),
        )
    options = read_options(fields["options"], language, mended)
    return ParsedItem(
        **common,
        options=options,
        answer=_read_answer(fields["answer"], options, mended),
        repairs=tuple(dict.fromkeys(mended)),
    )


def _list_values(
    draft: Draft, rejected: list[Rejection]
) -> list[tuple[dict[str, Any], str, tuple[str, ...]]]:
    """(object, its raw text, repairs) for every object that could be an item."""
    try:
        return [
            (v, json.dumps(v, ensure_ascii=False), ())
            for v in _unwrap_objects(lenient_json.parse_strict(draft.raw))
        ]
    except ValueError:
        found = lenient_json.read_objects(draft.raw)
    rejected += [
        _reject_item(draft, build_message("broken-json", why=piece.reason), piece.raw)
        for piece in found.broken
    ]
    values = []
    for whole in found.parsed:
        for v in _unwrap_objects(whole.value):
            alone = v is whole.value
            values.append(
                (
                    v,
                    whole.raw if alone else json.dumps(v, ensure_ascii=False),
                    whole.repairs or ("text-around",),
                )
            )
    return values


def _unwrap_objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a bare list, of {"items": […]}, or the one object itself."""
    if isinstance(value, dict):
        inside = [value[name] for name in LIST_NAMES if isinstance(value.get(name), list)]
        return _unwrap_objects(inside[0]) if inside else [value]
    if isinstance(value, list):
        return [v if isinstance(v, dict) else {"": v} for v in value]
    return []


def _get_field(value: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The value under any of a field's names; two names with two values are refused."""
    wanted = {fold_cached(name) for name in names}
    found = [v for k, v in value.items() if fold_cached(str(k)).strip() in wanted]
    if any(v != found[0] for v in found):
        raise Refused("a-field-twice", field=names[0], found=tuple(map(quote_value, found)))
    return found[0] if found else None


def quote_value(value: Any) -> str:
    """What stood in a field, as text; cut where it is long."""
    return (value if isinstance(value, str) else repr(value))[:MAX_QUOTED_CHARACTERS]


def _name_field(what: str | int) -> Value:
    """A field by its name, an option by its number."""
    return (
        build_message("option", n=Ordinal(what)) if isinstance(what, int) else Term("fields", what)
    )


def _read_string(value: Any, what: str | int, language: str) -> str:
    if not isinstance(value, str):
        raise Refused(
            "a-field-is-missing" if value is None else "a-field-of-the-wrong-type",
            field=_name_field(what),
            value=quote_value(value),
        )
    if _UNPRINTABLE.search(value.replace("\n", " ").replace("\t", " ").replace("\r", " ")):
        raise Refused("illegible-characters", field=_name_field(what), value=quote_value(value))
    text = " ".join(normalize_text(value, language).split())
    if not any(c.isalnum() for c in text):
        raise Refused("an-empty-field", field=_name_field(what))
    return text


def _read_source(value: dict[str, Any], language: str) -> dict[str, Any]:
    """Quote, page, fact and type of question, as far as they are there; a bare page number may come
    as a string.
    """
    quote, page, fact, about = (value.get(name) for name in ("quote", "page", "fact", "kind"))
    number = (
        to_latin_digits(str(page)).strip()
        if isinstance(page, int | str) and not isinstance(page, bool)
        else ""
    )
    return {
        "quote": normalize_text(quote, language) if isinstance(quote, str) else "",
        "page": int(number) if number.isdigit() and len(number) < 7 else None,
        "fact": normalize_text(fact, language) if isinstance(fact, str) else "",
        "about": about if about in list_question_types(split_tag(language)[1]) else "other",
    }


def _strip_opening(text: str, mended: list[str]) -> str:
    """Numbering and stray letters before the first word go."""
    for pattern, name in ((_NUMBERING, "numbering"), (_STRAY, "stray-letters")):
        if pattern.match(text):
            text = pattern.sub("", text, count=1)
            mended.append(name)
    return text


def read_options(value: Any, language: str, mended: list[str]) -> tuple[str, ...]:
    """Four options without their marks; marks that are not in order leave the key uncertain."""
    if isinstance(value, dict):
        value = [f"{mark}) {option}" for mark, option in value.items()]
    if not isinstance(value, list):
        raise Refused("no-list-of-options", text=quote_value(value))
    if len(value) != 4:
        raise Refused("not-four-options", n=len(value))
    plain = [
        (
            o.get("text")
            if isinstance(o, dict)
            else str(o)
            if isinstance(o, int | float) and not isinstance(o, bool)
            else o
        )
        for o in value
    ]
    options = [_read_string(o, i, language) for i, o in enumerate(plain, 1)]
    if marked := strip_marks(options):
        options = marked
        mended.append("option-marks")
    return tuple(o.rstrip(" ،؛") for o in options)


def _read_answer(value: Any, options: tuple[str, ...], mended: list[str]) -> int:
    """The key as a number from 1 to 4, as the prompt asks for it; words and texts are read where
    one reading is left.
    """
    key = read_key(value, options)
    place = key.place or key.number
    in_words = isinstance(value, str) and value.strip() not in ("1", "2", "3", "4")
    if place not in (1, 2, 3, 4):
        if not isinstance(value, str) or key.text is None:
            raise Refused("key-out-of-range", text=quote_value(value))
        place = key.text
    if isinstance(value, str) and key.text not in (
        None,
        place,
    ):  # options that are numbers themselves
        raise Refused("key-is-number-and-text", key=quote_value(value), option=Ordinal(key.text))
    if in_words:
        mended.append("key-in-words")
    return place


def _get_single_passage(draft: Draft) -> str:
    """Known only where the writer was shown a single one."""
    return draft.passages[0] if len(draft.passages) == 1 else ""


def _reject_item(draft: Draft, reason: Message, raw: str) -> Rejection:
    return Rejection(
        draft_id=draft.id,
        kind=draft.kind,
        passage_id=_get_single_passage(draft),
        check="parsing",
        reason=reason,
        raw=raw,
    )


def _reject_draft(draft: Draft, check: str, reason: Message, items: int | None = None) -> Rejection:
    return Rejection(
        draft_id=draft.id,
        kind=draft.kind,
        passage_id=_get_single_passage(draft),
        check=check,
        reason=reason,
        raw=draft.raw,
        items=draft.asked if items is None else items,
    )


def _count_cut_items(draft: Draft, found: ParsedItems) -> ParsedItems:
    """A response cut at the token limit: its whole items count, all that is lost is one
    rejection.
    """
    kept = [
        r for r in found.rejected if not draft.raw.rstrip(" \n,").endswith(r.raw)
    ]  # the last piece is the cut itself
    lost = max(1, draft.asked - len(found.items) - len(kept))
    return ParsedItems(
        found.items,
        [*kept, _reject_draft(draft, "length", build_message("cut-at-the-token-limit"), lost)],
    )
