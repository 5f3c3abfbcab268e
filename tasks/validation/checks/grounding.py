"""Find a quote in its passage, forgiving spacing and letter variants but not words; see that it
supports the item.
"""

import re
from typing import NamedTuple

from tasks.language.text import fold_text, normalize_text
from tasks.schemas.item_rows import Passage, Quote
from tasks.schemas.messages import Message, Ordinal, Value, build_message
from tasks.validation.checks.fuzzy_quote import align_quote
from tasks.validation.checks.passage_index import PassageIndex, build_view
from tasks.validation.checks.quote_support import check_support
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import LanguagePatterns

CHECK_NAME = "grounding"
_ELLIPSIS = re.compile(r"\s*(?:\[?\.{3,}\]?|…)\s*")
_TOUCHING_END = re.compile(r"([\w\u200c'’]+)[^\S\n]+[«\"(]?$")
_TOUCHING_START = re.compile(r"[^\S\n]+([\w\u200c'’]+)")
MAX_ELLIPSIS_CHARACTERS = 250  # characters that an ellipsis may stand for


class Grounding(NamedTuple):
    """Where an item stands in the book; with a fault and a quote, it stands there and is not
    supported.
    """

    quote: Quote | None
    passage: Passage | None
    repairs: tuple[str, ...]
    fault: Message | None = None


def ground_item(
    item: ParsedItem,
    shown: list[Passage],
    shelf: PassageIndex,
    words: LanguagePatterns,
    language: str,
) -> Grounding:
    """The place of the item's quote, when its passage supports what the item says."""
    if len(item.quote) < 2:
        return _build_failure("no-quote", text=item.text[:60])
    spans = [
        (passage, span) for passage in shown if (span := find_quote(item.quote, passage, shelf))
    ]
    spans = spans or [
        (passage, span)
        for passage in shown
        if (span := align_quote(item.quote, passage, shelf, words))
    ]
    if not spans:
        return _build_failure("quote-not-in-the-passages", text=item.quote[:120])
    whole = [
        (passage, span) for passage, span in spans if not _cuts_negation(passage.text, span, words)
    ]
    if not whole:
        return _build_failure("quote-leaves-out-a-negation", text=item.quote[:120])
    spans = whole
    on_page = [s for s in spans if s[0].page == item.page]
    verdicts = [
        (passage, span, check_support(item, passage, span, shelf, words))
        for passage, span in on_page or spans
    ]
    good = [v for v in verdicts if not v[2]]
    if not good:
        passage, span, why = verdicts[0]
        return Grounding(_build_quote(passage, span), passage, (), why)
    if not on_page and item.page is not None and len(good) > 1:
        return _build_failure(
            "page-uncertain",
            page=Ordinal(item.page),
            pages=tuple(map(Ordinal, sorted({p.page for p, _, _ in good}))),
        )
    passage, span, _ = good[0]
    quote = _build_quote(passage, span)
    repairs = ("page",) * bool(not on_page) + ("quote-wording",) * (
        quote.text != normalize_text(item.quote, language)
    )
    return Grounding(quote, passage, repairs)


def _build_quote(passage: Passage, span: tuple[int, int]) -> Quote:
    start, end = span
    return Quote(
        passage_id=passage.id, page=passage.page, start=start, end=end, text=passage.text[start:end]
    )


def find_quote(quote: str, passage: Passage, shelf: PassageIndex) -> tuple[int, int] | None:
    """(start, end) of the quote in the passage's text: as it is, or with other spacing and letter
    variants.
    """
    exact = passage.text.find(quote)
    if exact >= 0 and _has_whole_words(passage.text, exact, exact + len(quote)):
        return exact, exact + len(quote)
    parts = [part for part in _ELLIPSIS.split(quote) if part.strip(" .،؛")]
    spans = list[tuple[int, int]]()
    for part in parts:
        found = _find_folded_part(part, passage, shelf, spans[-1][1] if spans else 0)
        if not found or (spans and found[0] - spans[-1][1] > MAX_ELLIPSIS_CHARACTERS):
            return None
        spans.append(found)
    return (spans[0][0], spans[-1][1]) if spans else None


def _find_folded_part(
    part: str, passage: Passage, shelf: PassageIndex, after: int
) -> tuple[int, int] | None:
    wanted, (letters, places) = build_view(part).letters, shelf.get_view(passage)
    at = letters.find(wanted) if wanted else -1
    while at >= 0:
        start, end = places[at], places[at + len(wanted) - 1] + 1
        if start >= after and _has_whole_words(passage.text, start, end):
            return start, _include_closing_mark(passage.text, end, part)
        at = letters.find(wanted, at + 1)
    return None


def _has_whole_words(text: str, start: int, end: int) -> bool:
    """A quote that begins or ends inside a word could hide a negation: «بی‌درد» is not «درد»."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_is_word_character(before) and _is_word_character(text[start])) and not (
        _is_word_character(after) and _is_word_character(text[end - 1])
    )


def _cuts_negation(text: str, span: tuple[int, int], words: LanguagePatterns) -> bool:
    """«تب» from «بدون تب», or a sentence without its «نیست»: verbatim, and the opposite.

    Only a word that touches the quote counts: behind a mark or in another line it denies something
    else, and a Persian verb before the quote closes the sentence before.
    """
    before, after = _TOUCHING_END.search(text[: span[0]]), _TOUCHING_START.match(text[span[1] :])
    return (before is not None and fold_text(before[1]) in words.denying_next) or (
        after is not None and fold_text(after[1]) in words.denied_after
    )


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "\u200c"


def _include_closing_mark(text: str, end: int, part: str) -> int:
    """Take the closing mark along when the quote has one."""
    return (
        end + 1
        if text[end : end + 1] in tuple(".؟?!") and part.rstrip()[-1:] in tuple(".؟?!")
        else end
    )


def _build_failure(code: str, /, **values: Value) -> Grounding:
    return Grounding(None, None, (), build_message(code, **values))
