"""The book cut into passages: by chapter, section and heading, never through a sentence."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.language import text as words_of
from tasks.reading.structure.hyphens import BookWords
from tasks.reading.structure.paragraphs import Paragraph, Placed, paragraphs
from tasks.reading.structure.size_headings import Heading, body_size
from tasks.reading.types import Sheet
from tasks.schemas.item_rows import Passage

SMALL_TAIL = 0.25  # of a passage's size: a rest shorter than this stays with the passage before
AROUND = 3  # lines before and after that show where lines end
# of the block's width: text beside a picture or in a box. A few lines of a ragged text may all end
# a tenth short of it (the English handbook), beside a picture a fifth or more.
NARROW = 0.85
FULL_EM = 2.0  # from where the longest ends: a full line, ragged or not
NOTE_SIZE = 0.9  # times the body's size: smaller letters in the lower half of a page are notes


class Stretch(NamedTuple):
    """What stands under one heading."""

    chapter: str
    section: str
    heading: str
    lines: list[Placed]


def stretches(
    sheets: Sequence[Sheet], found: Sequence[Heading], gone: set[tuple[int, int]]
) -> Iterator[Stretch]:
    """The book's lines under their headings, in order."""
    titles = ["", "", ""]
    at: dict[tuple[int, int], list[Heading]] = {}
    for heading in found:
        at.setdefault((heading.page, heading.line), []).append(heading)
    left_out = gone | {(h.page, h.line + i) for h in found for i in range(h.lines)}
    lines: list[Placed] = []
    notes: list[
        Placed
    ] = []  # they wait for the end of their stretch, so that no paragraph is cut by them
    body = body_size(sheets)
    for sheet in sheets:
        edges = _edges(sheet, gone)
        first_note = _first_note(sheet, gone, body)
        for i in range(len(sheet.lines) + 1):
            for heading in at.get((sheet.page, i), []):
                yield Stretch(titles[0], titles[1], titles[2], lines + notes)
                lines, notes = [], []
                titles[heading.level - 1 :] = [heading.title, *[""] * (3 - heading.level)]
            if i < len(sheet.lines) and (sheet.page, i) not in left_out:
                placed = Placed(sheet.page, sheet.lines[i], sheet.rtl, sheet.ocr, *edges[i])
                (notes if i >= first_note else lines).append(placed)
    yield Stretch(titles[0], titles[1], titles[2], lines + notes)


def _first_note(sheet: Sheet, gone: set[tuple[int, int]], body: float) -> int:
    """Where the footnotes begin: the last lines of the page, in small letters; past the end when
    there are none.
    """
    first = len(sheet.lines)
    while first and ((sheet.page, first - 1) in gone or _is_small(sheet, first - 1, body)):
        first -= 1
    return first if first and not sheet.ocr else len(sheet.lines)


def _is_small(sheet: Sheet, place: int, body: float) -> bool:
    line = sheet.lines[place]
    return line.size < NOTE_SIZE * body and line.top > sheet.height / 2


def _edges(sheet: Sheet, gone: set[tuple[int, int]]) -> list[tuple[float, float, bool]]:
    """Left and right edge of the text around each line, and whether most lines about it are full:
    then they end where the text does (beside a picture, in a box, in a column that stands alone),
    else where the block does.
    """
    blocks: dict[int, tuple[float, float]] = {}
    for i, line in enumerate(sheet.lines):
        if (sheet.page, i) not in gone:
            left, right = blocks.get(line.block, (line.x0, line.x1))
            blocks[line.block] = min(left, line.x0), max(right, line.x1)
    return [
        _nearer(sheet, i, *blocks.get(line.block, (line.x0, line.x1)))
        for i, line in enumerate(sheet.lines)
    ]


def _nearer(sheet: Sheet, place: int, left: float, right: float) -> tuple[float, float, bool]:
    line = sheet.lines[place]
    around = [
        other
        for other in sheet.lines[max(0, place - AROUND) : place + AROUND + 1]
        if other.block == line.block and abs(other.size - line.size) < 0.1 * line.size
    ]
    ends = [-other.x0 if sheet.rtl else other.x1 for other in around]
    full = sum(max(ends) - end < FULL_EM * line.size for end in ends)
    if len(ends) < AROUND or 2 * full < len(ends):
        return left, right, len(ends) <= AROUND + 1  # so few lines show no list
    near = (-max(ends), right) if sheet.rtl else (left, max(ends))
    is_narrow = near[1] - near[0] < NARROW * (right - left)
    goes_on = around[-1] is not line  # the last line of a block has half of its neighbours only
    return (*near, True) if is_narrow or goes_on else (left, right, True)


def passages(parts: Iterator[Stretch], characters: int, words: BookWords) -> list[Passage]:
    """Passages of about this many characters, numbered by the page where each begins."""
    found: list[Passage] = []
    counts: dict[int, int] = {}
    for part in parts:
        for group in _groups(list(paragraphs(part.lines, words)), characters):
            page = group[0].page
            counts[page] = counts.get(page, 0) + 1
            own = [p.box for p in group if p.page == page]
            box = (
                min(b[0] for b in own),
                min(b[1] for b in own),
                max(b[2] for b in own),
                max(b[3] for b in own),
            )
            found.append(
                Passage(
                    id=f"p{page:03d}-{counts[page]:02d}",
                    chapter=part.chapter,
                    section=part.section,
                    heading=part.heading,
                    page=page,
                    text="\n".join(p.text for p in group),
                    ocr=any(p.ocr for p in group),
                    box=(round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1)),
                )
            )
    return found


def _groups(whole: Sequence[Paragraph], characters: int) -> list[list[Paragraph]]:
    """Paragraphs in groups of about the size; only a paragraph longer than that is parted, between
    sentences.
    """
    groups: list[list[Paragraph]] = [[]]
    size = 0
    for piece in (piece for paragraph in whole for piece in _pieces(paragraph, characters)):
        if (
            size and size + len(piece.text) > characters and size >= characters // 2
        ) or size >= characters:
            groups.append([])
            size = 0
        groups[-1].append(piece)
        size += len(piece.text) + 1
    if len(groups) > 1 and size < SMALL_TAIL * characters:
        tail = groups.pop()
        groups[-1] += tail
    return [_rejoined(group) for group in groups if group]


def _pieces(paragraph: Paragraph, characters: int) -> Iterator[Paragraph]:
    """The paragraph, parted at the first end of a sentence past the size, and so on."""
    start = 0
    for _, end in words_of.find_sentence_spans(paragraph.text)[:-1]:
        if end - start >= characters:
            yield paragraph._replace(text=paragraph.text[start:end].strip())
            start = end
    yield paragraph._replace(text=paragraph.text[start:].strip())


def _rejoined(group: list[Paragraph]) -> list[Paragraph]:
    """Pieces of one paragraph that ended in one passage after all are one line again."""
    whole: list[Paragraph] = []
    for piece in group:
        if (
            whole
            and whole[-1].box == piece.box
            and whole[-1].page == piece.page
            and not piece.text.startswith("- ")
        ):
            whole[-1] = whole[-1]._replace(text=f"{whole[-1].text} {piece.text}")
        else:
            whole.append(piece)
    return whole
