"""Which lines are headings, and of which level: told by the bookmarks, else by size and weight."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tasks.language import text as words_of
from tasks.reading.types import Line, Sheet

LARGER = 1.12  # times the body's size
LONGEST = 120  # characters of a heading
LEVELS = 3
Place = tuple[int, int]  # page, line


class Mark(NamedTuple):
    """A bookmark."""

    level: int  # from 1
    title: str
    page: int
    y: float | None  # height on the page, points from its bottom


class Heading(NamedTuple):
    """A heading where it stands; `lines` of the page are its own (none, when its words are not on the page)."""

    level: int
    title: str
    page: int
    line: int
    lines: int


def marks_of(outline: Sequence[tuple[int, str, int | None, float | None]]) -> list[Mark]:
    """Bookmarks that lead to a page, without a lone root above all others."""
    marks = [
        Mark(level, " ".join(title.split()), page, y)
        for level, title, page, y in outline
        if page and title.strip()
    ]
    if sum(m.level == 1 for m in marks) == 1 and sum(m.level == 2 for m in marks) > 1:
        return [m._replace(level=m.level - 1) for m in marks if m.level > 1]
    return marks


def body_size(sheets: Sequence[Sheet]) -> float:
    """The size that most characters have, to half a point."""
    sizes = Counter[float]()
    for sheet in sheets:
        for line in sheet.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda s: sizes[s]) if sizes else 10.0


def headings(sheets: Sequence[Sheet], outline: Sequence[Mark], gone: set[Place]) -> list[Heading]:
    """All headings in reading order. Bookmarks first; sizes tell the levels below them, or all where there are none."""
    told = [
        found for mark in outline if mark.level <= LEVELS if (found := _placed(mark, sheets, gone))
    ]
    taken = {(h.page, h.line + i) for h in told for i in range(max(1, h.lines))}
    deepest = max((h.level for h in told), default=0)
    if deepest >= LEVELS:
        return sorted(told, key=lambda h: (h.page, h.line))
    drawn = _by_size(sheets, gone | taken, deepest, bool(told))
    return sorted([*told, *drawn], key=lambda h: (h.page, h.line, h.level))


def _placed(mark: Mark, sheets: Sequence[Sheet], gone: set[Place]) -> Heading | None:
    """The bookmark's own words on its page (or the next), nearest to where it points; else the first line below that."""
    near = [s for s in sheets if s.page in (mark.page, mark.page + 1)]
    if not near or near[0].page != mark.page:
        return None
    sheet = near[0]
    target = sheet.height - mark.y if mark.y is not None and 0 < mark.y <= sheet.height else 0.0
    for candidate in near:
        found = [
            (i, n)
            for i in range(len(candidate.lines))
            if (candidate.page, i) not in gone and (n := _spans(candidate.lines, i, mark.title))
        ]
        if found:
            height = target if candidate is sheet else 0.0
            line, count = min(found, key=lambda f: abs(candidate.lines[f[0]].top - height))
            return Heading(mark.level, mark.title, candidate.page, line, count)
    below = [
        i
        for i, line in enumerate(sheet.lines)
        if line.bottom > target and (sheet.page, i) not in gone
    ]
    if below and _is_muddled(mark.title, sheet.lines[below[0]].text):
        return Heading(mark.level, sheet.lines[below[0]].text, sheet.page, below[0], 1)
    return Heading(mark.level, mark.title, sheet.page, below[0] if below else len(sheet.lines), 0)


def _spans(lines: Sequence[Line], first: int, title: str) -> int:
    """How many lines from here make up the title; 0 when they do not."""
    wanted = _letters(title)
    said = ""
    for count in range(1, 4):
        if first + count > len(lines):
            return 0
        said += _letters(lines[first + count - 1].text)
        if said == wanted or (
            len(wanted) > 5 and said.endswith(wanted) and len(said) <= len(wanted) + 8
        ):
            return count
        if not wanted.startswith(said):
            return 0
    return 0


def _is_muddled(title: str, line: str) -> bool:
    """Chromium writes some right-to-left titles twice over, or with their numbers out of place."""
    told, drawn = _letters(title), _letters(line)
    return bool(drawn) and (told == drawn * 2 or sorted(told) == sorted(drawn))


def _letters(text: str) -> str:
    return "".join(c for c in words_of.fold_text(text) if c.isalnum())


def _by_size(
    sheets: Sequence[Sheet], gone: set[Place], above: int, has_outline: bool
) -> list[Heading]:
    body = body_size(sheets)
    found: list[tuple[Place, float, Line]] = []
    for sheet in sheets:
        for i, line in enumerate(sheet.lines):
            if (sheet.page, i) not in gone and _looks_like_heading(sheet.lines, i, body):
                found.append(((sheet.page, i), round(line.size * 2) / 2 + 0.25 * line.bold, line))
    ranks = _ranks([rank for _, rank, _ in found], has_outline)
    drawn: list[Heading] = []
    for (page, i), rank, line in found:
        level = min(LEVELS, above + ranks[rank]) if ranks[rank] else 0
        last = drawn[-1] if drawn else None
        if (
            last
            and last.page == page
            and last.line + last.lines == i
            and last.level == level
            and _continues(sheets, last, line)
        ):
            drawn[-1] = last._replace(title=f"{last.title} {line.text}", lines=last.lines + 1)
        elif level:
            drawn.append(Heading(level, line.text, page, i, 1))
    return drawn


def _ranks(sizes: Sequence[float], has_outline: bool) -> dict[float, int]:
    """Level of each kind of heading, the largest first; a lone largest one is the book's title and has none."""
    counts = Counter(sizes)
    ordered = sorted(counts, reverse=True)
    if (
        not has_outline
        and len(ordered) > 1
        and counts[ordered[0]] == 1
        and counts[ordered[1]] > 1
        and sizes[0] == ordered[0]
    ):
        return {ordered[0]: 0, **{size: n for n, size in enumerate(ordered[1:], 1)}}
    return {size: n for n, size in enumerate(ordered, 1)}


def _looks_like_heading(lines: Sequence[Line], i: int, body: float) -> bool:
    line = lines[i]
    letters = sum(c.isalpha() for c in line.text)
    if (
        letters < 2
        or len(line.text) > LONGEST
        or " | " in line.text
        or line.text.rstrip().endswith((".", "،", ",", "؛", ";"))
    ):
        return False
    if line.size >= LARGER * body:
        return True
    around = [lines[k] for k in (i - 1, i + 1) if 0 <= k < len(lines)]
    alone = all(abs(other.top - line.top) > 1.2 * line.size for other in around)
    return (
        line.bold
        and line.size > 0.95 * body
        and alone
        and not all(other.bold for other in around)
        and len(line.text) < 80
    )


def _continues(sheets: Sequence[Sheet], last: Heading, line: Line) -> bool:
    """A heading that runs on in a second line stands close above it."""
    sheet = next(s for s in sheets if s.page == last.page)
    upper = sheet.lines[last.line + last.lines - 1]
    return (
        line.block == upper.block
        and line.top - upper.bottom < 0.8 * line.size
        and len(last.title) + len(line.text) <= LONGEST
    )
