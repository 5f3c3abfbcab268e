"""Read a PDF: its pages, and its text in passages. Foreign files are touched only in child
processes (pool.py).
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tasks.language import text as words_of
from tasks.language.catalogue import tell_reader
from tasks.reading import legibility, ocr
from tasks.reading.book_level import settled
from tasks.reading.doubts import reading_doubts
from tasks.reading.layout import arabic_shaping
from tasks.reading.page_quality import bad_pages
from tasks.reading.sandbox import pool
from tasks.reading.structure import bookmarks, chapters, headers_footers, headings, toc
from tasks.reading.structure.hyphens import BookWords
from tasks.reading.structure.size_headings import Heading, Place
from tasks.reading.types import Sheet
from tasks.schemas.errors import BookError
from tasks.schemas.item_rows import Page, Passage, ReadingSummary
from tasks.schemas.messages import Message, Ordinal, Term, build_message
from tasks.schemas.plan_sections import ReadingPlan
from tasks.store.progress import ProgressCallback, ignore_progress


class Reading(NamedTuple):
    """What a book says, and what was left out of it."""

    passages: list[Passage]
    pages: list[Page]  # every page of the range, readable or not
    chapters: list[str]  # titles in order; "" for what stands before the first
    skipped: dict[str, int]  # pages without text in the passages, by reason
    faults: dict[int, str]  # page: why it could not be read
    running_lines: int  # heads, feet and page numbers left out of the passages
    bookmarks: bookmarks.Checked  # how many of their titles stand on their pages
    sheets: list[Sheet]  # the pages' lines with their places
    bad: dict[int, str]  # page: why it is not in the passages
    headings: list[Heading]
    running: set[Place]  # (page, line) of each running head, foot and page number
    doubts: list[Message]  # signs that the book was not read right

    @property
    def heading_levels(self) -> dict[Place, int]:
        """Level of each line that is a heading, or part of one."""
        return {(h.page, h.line + i): h.level for h in self.headings for i in range(h.lines)}

    @property
    def scan(self) -> ReadingSummary:
        """What was left out, as a row."""
        return ReadingSummary(
            pages=len(self.pages),
            skipped=self.skipped,
            faults=self.faults,
            ocr=sum(page.ocr for page in self.pages),
            running_lines=self.running_lines,
            bookmarks=self.bookmarks.titles,
            bookmarks_found=self.bookmarks.found,
        )


def read(
    path: Path,
    plan: ReadingPlan,
    language: str,
    workers: int = 0,
    progress: ProgressCallback = ignore_progress,
) -> Reading:
    """Pages and passages of a PDF. Raises BookError with the reason and what to do."""
    return _reading(_read(path, plan, language, workers, progress), plan, language)


def read_pages(
    path: Path,
    plan: ReadingPlan,
    language: str,
    workers: int = 0,
    progress: ProgressCallback = ignore_progress,
) -> list[Page]:
    """One row for each page of the range, readable or not. Raises BookError like `read`."""
    sheets = _read(path, plan, language, workers, progress).sheets
    return [page_row(sheet, language) for sheet in sheets]


class _Book(NamedTuple):
    """A book's pages, its bookmarks, and which pages are unusable for what reason."""

    sheets: list[Sheet]
    marks: list[headings.Mark]
    bad: dict[int, str]


def _read(
    path: Path, plan: ReadingPlan, language: str, workers: int, progress: ProgressCallback
) -> _Book:
    opened, numbers = pages_wanted(path, plan)
    _check_ocr(plan)
    titles = [str(title) for _, title, *_ in opened.outline]
    sheets = read_sheets(path, numbers, language, workers, progress, titles)
    bad = bad_pages(sheets, language)
    if plan.ocr == "tesseract":
        again = [page for page, why in bad.items() if why in ("picture", "illegible")]
        seen = pool.read_pages(
            path,
            again,
            language,
            plan.ocr_languages,
            workers,
            lambda sheet: progress(sheet.page, opened.pages, "OCR"),
        )
        sheets = [_normal(seen[s.page], language) if s.page in seen else s for s in sheets]
        bad = bad_pages(sheets, language)
    _gate(path, plan, sheets, bad)
    marks = headings.marks_of(opened.outline, _language_of(sheets, language))
    _in_order(path, bookmarks.check(marks, sheets))
    return _Book(sheets, marks, bad)


class Wanted(NamedTuple):
    """What a file says of itself, and which of its pages the plan wants."""

    opened: pool.Opened
    pages: list[int]


def pages_wanted(path: Path, plan: ReadingPlan) -> Wanted:
    """Open a book without reading it. Raises BookError."""
    if not path.is_file():
        raise BookError(build_message("book-not-a-file", path=str(path)))
    opened = pool.open_book(path)
    return Wanted(opened, _range(path, plan, opened.pages))


def _range(path: Path, plan: ReadingPlan, count: int) -> list[int]:
    numbers = list(range(plan.first_page, min(plan.last_page or count, count) + 1))
    if not numbers:
        first = Ordinal(plan.first_page)
        asked = (
            build_message("page-range", first=first, last=Ordinal(plan.last_page))
            if plan.last_page
            else build_message("page-range-to-end", first=first)
        )
        raise BookError(build_message("no-page-in-range", book=path.name, pages=count, asked=asked))
    return numbers


def _check_ocr(plan: ReadingPlan) -> None:
    if plan.ocr != "tesseract":
        return
    if not ocr.available():
        raise BookError(build_message("tesseract-missing"))
    if missing := ocr.missing_languages(plan.ocr_languages):
        raise BookError(
            build_message("tesseract-data-missing", languages=tuple(missing), first=missing[0])
        )


def read_sheets(
    path: Path,
    numbers: list[int],
    language: str,
    workers: int = 0,
    progress: ProgressCallback = ignore_progress,
    titles: Sequence[str] = (),
) -> list[Sheet]:
    """These pages' lines in normal form. Raises BookError when the book kills its readers."""
    done = 0

    def each(sheet: Sheet) -> None:
        nonlocal done
        done += 1
        progress(done, len(numbers), tell_reader("note-page", page=Ordinal(sheet.page)))

    found = pool.read_pages(path, numbers, language, "", workers, each)
    sheets = [found[number] for number in numbers]
    return [_normal(sheet, language) for sheet in settled(sheets, titles)]


def _normal(sheet: Sheet, language: str) -> Sheet:
    """Normal form, Persian's only for Persian; a line that holds nothing goes."""
    own = _language_of([sheet], language)
    lines = (
        line._replace(
            text=words_of.normalize_text(arabic_shaping.finished(line.text, own), own).replace(
                "\n", " "
            )
        )
        for line in sheet.lines
    )
    return sheet._replace(lines=tuple(line for line in lines if line.text))


def _language_of(sheets: Sequence[Sheet], language: str) -> str:
    """Arabic where most pages of a study that says Persian are Arabic: its letters stay as they
    are.
    """
    arabic = sum(arabic_shaping.is_arabic_language(sheet.text) for sheet in sheets)
    return "ar" if language == "fa" and 2 * arabic > len(sheets) else language


def _gate(path: Path, plan: ReadingPlan, sheets: Sequence[Sheet], bad: dict[int, str]) -> None:
    """Refuse a book of which too much would be missing."""
    counts = Counter(bad.values())
    told = tuple(
        build_message("pages-left-out", n=n, why=Term("page_faults", why))
        for why, n in counts.most_common()
    )
    if plan.ocr == "skip":
        counts = Counter(why for why in bad.values() if why not in ("picture", "illegible"))
    if len(bad) == len(sheets) or counts.total() > plan.most_bad_pages * len(sheets):
        faults = sorted({s.fault for s in sheets if s.fault and s.page in bad})[:2]
        raise BookError(
            build_message(
                "pages-without-text",
                book=path.name,
                bad=len(bad),
                pages=len(sheets),
                why=told,
                first=tuple(map(Ordinal, sorted(bad)[:5])),
                faults="".join(f"[{fault}] " for fault in faults),
                remedy=_remedy(counts),
            )
        )


def _in_order(path: Path, checked: bookmarks.Checked) -> None:
    """The gate counts small words, which reversed lines hold too; bookmarks see the order."""
    if checked.reversed:
        raise BookError(
            build_message(
                "book-backwards",
                book=path.name,
                backward=checked.backward,
                titles=checked.titles,
                found=checked.found,
            )
        )


def _remedy(counts: Counter[str]) -> Message:
    if counts["picture"] + counts["illegible"] >= counts["failed"] + counts["empty"]:
        return build_message("try-ocr")
    return build_message("get-book-anew")


def _reading(book: _Book, plan: ReadingPlan, language: str) -> Reading:
    readable = [sheet for sheet in book.sheets if sheet.page not in book.bad]
    listing = toc.contents(readable)
    good = [sheet for sheet in readable if sheet.page not in listing]
    gone = headers_footers.furniture(good)
    words = BookWords(good)
    found = headings.headings(good, book.marks, gone, words)
    rows = chapters.passages(chapters.stretches(good, found, gone), plan.passage_characters, words)
    pages = [page_row(sheet, language) for sheet in book.sheets]
    checked = bookmarks.check(book.marks, good)
    return Reading(
        passages=rows,
        pages=pages,
        chapters=list(dict.fromkeys(row.chapter for row in rows)),
        skipped=dict(Counter([*book.bad.values(), *["contents"] * len(listing)])),
        faults={sheet.page: sheet.fault for sheet in book.sheets if sheet.fault},
        running_lines=len(gone),
        bookmarks=checked,
        sheets=book.sheets,
        bad=book.bad | dict.fromkeys(listing, "contents"),
        headings=found,
        running=gone,
        doubts=reading_doubts(pages, checked, language),
    )


def page_row(sheet: Sheet, language: str) -> Page:
    """One line of `book2lora read`."""
    return Page(
        page=sheet.page,
        text=sheet.text,
        script=legibility.script(sheet.text),
        engine=sheet.engine,
        legibility=round(legibility.legibility(sheet.text, language) if sheet.lines else 0.0, 3),
        ocr=sheet.ocr,
    )
