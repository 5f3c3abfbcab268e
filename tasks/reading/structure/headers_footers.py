"""Running heads, feet and page numbers: lines at a page's edge that come back on its neighbours, or
say a heading again.
"""

import re
from collections import Counter
from collections.abc import Sequence

from tasks.language import text as words_of
from tasks.reading.structure.size_headings import LARGER, body_size
from tasks.reading.types import Line, Sheet

LEAST_TIMES = 3  # a line at the edge on fewer pages is text, unless the book has no more pages
# of the pages between its first and last appearance (half of them, when left and right pages
# differ)
DENSITY = 0.4
SAME_HEIGHT = 4.0  # points
LEAST_LETTERS = 4  # of a heading that is said again
DEEPEST = 3  # lines from each edge
MARGIN = 0.15  # of the page's height: furniture stands no deeper
_NUMBER = re.compile(r"[\W_]*(?:\d{1,4}|[ivxlcdm]{1,7})[\W_]*", re.IGNORECASE)


def furniture(sheets: Sequence[Sheet]) -> set[tuple[int, int]]:
    """(page, place of the line on it) of every line that is no text of the book."""
    dropped: set[tuple[int, int]] = set()
    body = body_size(sheets)
    titles = {
        _letters(line) for s in sheets for line in s.lines if line.bold or line.size > LARGER * body
    } - {""}
    for edge in (1, -1):
        for _ in range(DEEPEST):
            layer = {
                s.page: place for s in sheets if (place := _outermost(s, edge, dropped)) is not None
            }
            said = {
                s.page: s.lines[layer[s.page]]
                for s in sheets
                if s.page in layer and _says_titles(s.lines[layer[s.page]], titles, body)
            }
            found = _repeated(sheets, layer) | _numbers(sheets, layer)
            found |= {(page, layer[page]) for page in _at_one_height(said)}
            if not found:
                break
            dropped |= found
    return dropped


def _outermost(sheet: Sheet, edge: int, dropped: set[tuple[int, int]]) -> int | None:
    """The first line from the top (edge 1) or the bottom (-1) that still counts as text, if it
    stands in the margin.
    """
    rest = [i for i in range(len(sheet.lines)) if (sheet.page, i) not in dropped]
    if not rest:
        return None
    place = min(rest, key=lambda i: edge * sheet.lines[i].top)
    line = sheet.lines[place]
    inside = (
        line.bottom < MARGIN * sheet.height if edge == 1 else line.top > (1 - MARGIN) * sheet.height
    )
    return place if inside else None


def _key(line: Line) -> str:
    """The line without numbers and blanks: programs set the one and stretch the other."""
    return re.sub(r"[\s|]+", "", re.sub(r"\d+", "#", words_of.fold_text(line.text)))


def _letters(line: Line) -> str:
    return "".join(filter(str.isalpha, words_of.fold_text(line.text)))


def _says_titles(line: Line, titles: set[str], body: float) -> bool:
    """A line in letters like the text's, or smaller, made of one title or several."""
    said = _letters(line)
    plain = not line.bold and line.size <= LARGER * body
    return plain and len(said) >= LEAST_LETTERS and _is_made_of(said, titles)


def _at_one_height(said: dict[int, Line]) -> list[int]:
    """Pages whose lines stand where those of their neighbours do: running heads change with the
    chapter, their height does not. An item of a list that is a title elsewhere stands anywhere.
    """
    if len(said) < LEAST_TIMES:
        return []
    level = sorted(line.top for line in said.values())[len(said) // 2]
    pages = [page for page, line in said.items() if abs(line.top - level) <= SAME_HEIGHT]
    stretch = max(pages) - min(pages) + 1
    return pages if len(pages) >= max(LEAST_TIMES, DENSITY * stretch) else []


def _is_made_of(said: str, titles: set[str], most: int = 3) -> bool:
    return said in titles or (
        most > 1
        and any(
            said.startswith(t) and _is_made_of(said[len(t) :], titles, most - 1) for t in titles
        )
    )


def _repeated(sheets: Sequence[Sheet], layer: dict[int, int]) -> set[tuple[int, int]]:
    """Lines with the same words (numbers aside) at the same height on most pages of a stretch."""
    seen: dict[str, list[tuple[int, Line]]] = {}
    for sheet in sheets:
        if sheet.page in layer:
            line = sheet.lines[layer[sheet.page]]
            key = _key(line) if len(sheets) >= LEAST_TIMES else line.text
            seen.setdefault(key, []).append((sheet.page, line))
    found: set[tuple[int, int]] = set()
    within = Counter(
        _key(line) for s in sheets for i, line in enumerate(s.lines) if i != layer.get(s.page)
    )
    for key, places in seen.items():
        if within[key] >= len(places):  # a heading that also stands amid pages
            continue
        level = sorted(line.top for _, line in places)[len(places) // 2]
        pages = [page for page, line in places if abs(line.top - level) <= SAME_HEIGHT]
        stretch = max(pages) - min(pages) + 1
        if len(pages) >= min(LEAST_TIMES, max(2, len(sheets))) and len(pages) >= DENSITY * stretch:
            found |= {(page, layer[page]) for page in pages}
    return found


def _numbers(sheets: Sequence[Sheet], layer: dict[int, int]) -> set[tuple[int, int]]:
    """Page numbers: alone on their line, and growing with the pages."""
    by_page = {s.page: s for s in sheets}
    alone = {
        page: place
        for page, place in layer.items()
        if _NUMBER.fullmatch(by_page[page].lines[place].text)
    }
    offsets: dict[int, list[int]] = {}
    for page, place in alone.items():
        digits = re.search(r"\d+", words_of.to_latin_digits(by_page[page].lines[place].text))
        offsets.setdefault(int(digits[0]) - page if digits else -(10**6), []).append(page)
    good = [page for pages in offsets.values() if len(pages) >= 2 for page in pages]
    return {(page, alone[page]) for page in good}
