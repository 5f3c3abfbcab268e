"""Signs that a book was not read right, told before anything is drawn from it."""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.language import text as words_of
from tasks.reading.legibility import LEGIBLE
from tasks.reading.structure.bookmarks import Checked
from tasks.schemas.item_rows import Page

LEAST_TITLES = 5  # bookmarks; fewer tell nothing of a book
# of the titles stand on their pages in a book read right (handbook 1.0; run-together words 0.33)
FOUND_SHARE = 0.7
LONG_WORD = 20  # letters, half-spaces aside; German and Finnish aside hardly a word has more
LONG_SHARE = 0.01  # of the words; run-together text has 0.05 and more, sound prose 0.001
LEAST_WORDS = 200
COMPOUNDING = frozenset({"de", "fi", "nl", "hu", "sv", "da", "no", "tr"})
DOUBTFUL_PAGES = 0.1  # of the pages read like no language


class Doubt(NamedTuple):
    """One sign, with its numbers and a sentence for people."""

    code: str
    values: dict[str, int]
    sentence: str


def reading_doubts(pages: Sequence[Page], bookmarks: Checked, language: str) -> list[Doubt]:
    """What speaks against the reading of these pages; empty where nothing does."""
    found = (
        _bookmark_doubt(bookmarks),
        _long_word_doubt(pages, language),
        _language_doubt(pages),
        _fallback_doubt(pages),
    )
    return [doubt for doubt in found if doubt]


def _bookmark_doubt(bookmarks: Checked) -> Doubt | None:
    if bookmarks.titles < LEAST_TITLES or bookmarks.found >= FOUND_SHARE * bookmarks.titles:
        return None
    values = {"found": bookmarks.found, "titles": bookmarks.titles}
    sentence = (
        f"only {bookmarks.found} of {bookmarks.titles} bookmark titles stand on their pages as they"
        " were read: words may run together or be out of order. Look at `book2lora read BOOK"
        " --report FILE`."
    )
    return Doubt("bookmarks_not_found", values, sentence)


def _long_word_doubt(pages: Sequence[Page], language: str) -> Doubt | None:
    tokens = [
        word
        for page in pages
        for word in words_of.split_words(page.text)
        if word.replace("\u200c", "").isalpha()
    ]
    long = sum(len(word.replace("\u200c", "")) > LONG_WORD for word in tokens)
    if language in COMPOUNDING or len(tokens) < LEAST_WORDS or long <= LONG_SHARE * len(tokens):
        return None
    sentence = (
        f"{long} of {len(tokens)} words are longer than {LONG_WORD} letters: the spaces between"
        " words may be lost. Look at `book2lora read BOOK --report FILE`; reading.ocr: tesseract"
        " reads the pages as pictures."
    )
    return Doubt("words_run_together", {"long": long, "words": len(tokens)}, sentence)


def _language_doubt(pages: Sequence[Page]) -> Doubt | None:
    doubtful = [page.page for page in pages if page.text and page.legibility < LEGIBLE]
    if not doubtful or len(doubtful) < DOUBTFUL_PAGES * len(pages):
        return None
    first = ", ".join(map(str, doubtful[:5]))
    sentence = (
        f"{len(doubtful)} of {len(pages)} pages do not read like the book's language (first pages"
        f" {first}): is the plan's language right? If it is, the file names its letters wrongly;"
        " reading.ocr: tesseract reads them as pictures."
    )
    return Doubt("not_language", {"doubtful": len(doubtful), "pages": len(pages)}, sentence)


def _fallback_doubt(pages: Sequence[Page]) -> Doubt | None:
    """Right-to-left pages for which the better of the two libraries failed."""
    turned = [page for page in pages if page.script in ("Arab", "Hebr")]
    fallen = [page.page for page in turned if page.engine == "pdfium"]
    if not fallen or len(fallen) < DOUBTFUL_PAGES * len(turned):
        return None
    sentence = (
        f"{len(fallen)} of {len(turned)} right-to-left pages were read by the second-best way"
        f" (first page {fallen[0]}): half-spaces may be missing there."
    )
    return Doubt("second_engine", {"fallen": len(fallen), "pages": len(turned)}, sentence)
