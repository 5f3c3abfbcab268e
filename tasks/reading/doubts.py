"""Signs that a book was not read right, told before anything is drawn from it."""

from collections.abc import Sequence

from tasks.language import text as words_of
from tasks.reading.legibility import LEGIBLE
from tasks.reading.structure.bookmarks import Checked
from tasks.schemas.item_rows import Page
from tasks.schemas.messages import Message, Ordinal, build_message

LEAST_TITLES = 5  # bookmarks; fewer tell nothing of a book
# of the titles stand on their pages in a book read right (handbook 1.0; run-together words 0.33)
FOUND_SHARE = 0.7
LONG_WORD = 20  # letters, half-spaces aside; German and Finnish aside hardly a word has more
LONG_SHARE = 0.01  # of the words; run-together text has 0.05 and more, sound prose 0.001
LEAST_WORDS = 200
COMPOUNDING = frozenset({"de", "fi", "nl", "hu", "sv", "da", "no", "tr"})
DOUBTFUL_PAGES = 0.1  # of the pages read like no language


def reading_doubts(pages: Sequence[Page], bookmarks: Checked, language: str) -> list[Message]:
    """What speaks against the reading of these pages; empty where nothing does."""
    found = (
        _bookmark_doubt(bookmarks),
        _long_word_doubt(pages, language),
        _language_doubt(pages),
        _fallback_doubt(pages),
    )
    return [doubt for doubt in found if doubt]


def _bookmark_doubt(bookmarks: Checked) -> Message | None:
    if bookmarks.titles < LEAST_TITLES or bookmarks.found >= FOUND_SHARE * bookmarks.titles:
        return None
    return build_message("bookmarks-not-found", found=bookmarks.found, titles=bookmarks.titles)


def _long_word_doubt(pages: Sequence[Page], language: str) -> Message | None:
    tokens = [
        word
        for page in pages
        for word in words_of.split_words(page.text)
        if word.replace("\u200c", "").isalpha()
    ]
    long = sum(len(word.replace("\u200c", "")) > LONG_WORD for word in tokens)
    if language in COMPOUNDING or len(tokens) < LEAST_WORDS or long <= LONG_SHARE * len(tokens):
        return None
    return build_message("words-run-together", long=long, words=len(tokens), letters=LONG_WORD)


def _language_doubt(pages: Sequence[Page]) -> Message | None:
    doubtful = [page.page for page in pages if page.text and page.legibility < LEGIBLE]
    if not doubtful or len(doubtful) < DOUBTFUL_PAGES * len(pages):
        return None
    first = tuple(map(Ordinal, doubtful[:5]))
    return build_message("not-language", doubtful=len(doubtful), pages=len(pages), first=first)


def _fallback_doubt(pages: Sequence[Page]) -> Message | None:
    """Right-to-left pages for which the better of the two libraries failed."""
    turned = [page for page in pages if page.script in ("Arab", "Hebr")]
    fallen = [page.page for page in turned if page.engine == "pdfium"]
    if not fallen or len(fallen) < DOUBTFUL_PAGES * len(turned):
        return None
    first = Ordinal(fallen[0])
    return build_message("second-engine", fallen=len(fallen), pages=len(turned), first=first)
