"""What no page can decide alone, decided by the whole book: hidden half-spaces, mirrored
brackets, the direction of section numbers.
"""

import itertools
from collections import Counter
from collections.abc import Sequence

from tasks.language.persian import ZWNJ
from tasks.reading.layout import arabic_shaping, bidi
from tasks.reading.structure.unnamed_letters import name_letters
from tasks.reading.types import Sheet


def settled(sheets: Sequence[Sheet], titles: Sequence[str] = ()) -> list[Sheet]:
    """The pages without private characters; `titles` are the bookmarks'."""
    half = _half_spaces(sheets)
    votes = sum(s.votes[0] for s in sheets), sum(s.votes[1] for s in sheets)
    turned = _are_sections_turned(sheets)
    decided = [_settled(sheet, half, _mirrored(sheet.votes, votes), turned) for sheet in sheets]
    return name_letters(decided, titles)


def _are_sections_turned(sheets: Sequence[Sheet]) -> bool:
    """Whether «۲-۱» is drawn with its first number on the right (LuaTeX): a chapter's number only
    grows from section to section.
    """
    found = [bidi.section_numbers(line.text) for sheet in sheets for line in sheet.lines]
    firsts, lasts = ([numbers[at] for numbers in found if numbers] for at in (0, -1))
    return _falls(lasts) < _falls(firsts)


def _falls(numbers: Sequence[int]) -> int:
    return sum(later < earlier for earlier, later in itertools.pairwise(numbers))


def _half_spaces(sheets: Sequence[Sheet]) -> set[tuple[str, str]]:
    """Pairs of glyphs that a half-space stands between, in fonts whose glyphs tell."""
    tallies: dict[str, arabic_shaping.Tally] = {}
    pairs: Counter[tuple[str, str]] = Counter()
    for sheet in sheets:
        for key, counts in sheet.tallies.items():
            tallies[key] = tallies.get(key, arabic_shaping.Tally()).plus(counts)
        pairs.update(sheet.pairs[place] for place in arabic_shaping.places(sheet.text))
    half = arabic_shaping.half_spaces(pairs, tallies)
    telling = arabic_shaping.telling_fonts(pairs, half)
    found = {pair for pair in half if pair[0].rpartition("#")[0] in telling}
    told = sum(line.text.count(ZWNJ) for sheet in sheets for line in sheet.lines)
    return (
        found if 2 * sum(pairs[pair] for pair in found) > told else set()
    )  # a few more than the file tells are mistakes


def _mirrored(own: tuple[int, int], all_pages: tuple[int, int]) -> str:
    """The brackets to exchange: by the page's own balance, else the book's, else as the other
    brackets are.
    """
    rounded, angled = own[0] or all_pages[0], own[1] or all_pages[1]
    signs = rounded or angled
    return (
        bidi.ROUND * ((rounded or signs) > 0)
        + bidi.ANGLED * ((angled or signs) > 0)
        + bidi.SIGNS * (signs > 0)
    )


def _settled(sheet: Sheet, half: set[tuple[str, str]], mirror: str, turned: bool) -> Sheet:
    half = set() if arabic_shaping.is_arabic_language(arabic_shaping.bare(sheet.text)) else half
    lines = tuple(
        line._replace(
            text=bidi.decided(arabic_shaping.settled(line.text, sheet.pairs, half), mirror, turned)
        )
        for line in sheet.lines
    )
    return sheet._replace(lines=lines, pairs=(), tallies={})
