"""From the order on the page to the order of reading: right-to-left text with its left-to-right
islands.

The Unicode bidirectional algorithm tells how text is laid out; this is its inverse, for one line.
What it
cannot tell is decided by what people write: "mg 2000" on the page was "2000 mg".
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tasks.reading.layout.glyph_clusters import Cell


def _set(line: str) -> frozenset[str]:
    return frozenset(line.split())


def _with_prefixes(prefixes: str, bases: str) -> frozenset[str]:
    return frozenset(prefix + base for prefix in prefixes for base in bases.split())


# The units of physics with their prefixes, and those of medicine; capital M and G only where no
# name is written alike (Mg is magnesium, MS a disease).
UNITS = (
    _with_prefixes("fpnuµμmk", "g L l m s mol Eq Pa J W Wh V A Hz S Gy Sv Bq Osm U IU cal Ω bar")
    | _with_prefixes("cd", "g L l m S B")
    | _with_prefixes("MG", "Hz Pa J W Wh Bq B")
    | _set(
        "mcg cc g mol Eq IU Pa Hz Gy Sv Bq bar cal hr min sec bpm rpm ppm ppb mmHg cmH2O cfu CFU"
    )
    | _set("kB ha atm psi mAh kVA dpi mph lb oz Wh")
)
SPACED_UNITS = _set("L l U m h s J")  # glued to a number these are names: L4, T3
COMPANION_UNITS = _set(
    "C F K A V W d day week wk hour month year dose"
)  # only beside "/", "°" or another unit
ROUND, ANGLED, SIGNS = "()[]{}", "«»‹›", "<>≤≥"
BRACKETS = ROUND + ANGLED + SIGNS
TRAILING = frozenset("%٪‰+*°′″®™†‡")
FIRST_BRACKET = 0x100000
SECTION_HYPHEN = chr(FIRST_BRACKET + len(BRACKETS))  # between the numbers that open a paragraph
_SECTION = re.compile(rf"\d+(?:{SECTION_HYPHEN}\d+)+")
_MIRROR = str.maketrans(BRACKETS, ")(][}{»«›‹><≥≤")
_OPEN = {ord(bracket): chr(FIRST_BRACKET + i) for i, bracket in enumerate(BRACKETS)}
_PRIVATE = re.compile(f"[{chr(FIRST_BRACKET)}-{chr(FIRST_BRACKET + len(BRACKETS) - 1)}]")
_JOINS_DIGITS = frozenset(".,/:٫٬·'’")
_RAISED = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")


class Piece(NamedTuple):
    """A character run in reading order; `turned` when right-to-left, so that brackets may want
    mirroring.
    """

    text: str
    turned: bool


def logical(cells: Sequence[Cell], rtl: bool, opens: bool = False) -> list[Piece]:
    """The line in reading order. `rtl`: the paragraph runs from right to left; `opens`: it begins
    with this line.
    """
    if not rtl:
        return _left_to_right(cells)
    if not any(c.kind in "RNA" for c in cells):
        return [Piece(_straight(cells), False)]
    pieces = _right_to_left(cells, opens)
    if opens and pieces and re.fullmatch(r"\d+(?:-\d+)+", pieces[0].text):
        pieces[0] = pieces[0]._replace(text=pieces[0].text.replace("-", SECTION_HYPHEN))
    return pieces


def join(pieces: Sequence[Piece], mirror: str = "") -> str:
    """The text; characters in `mirror` are exchanged for their partners where the text runs right
    to left.
    """
    table = {key: value for key, value in _MIRROR.items() if chr(key) in mirror}
    return "".join(piece.text.translate(table) if piece.turned else piece.text for piece in pieces)


def undecided(pieces: Sequence[Piece]) -> str:
    """The text, with a private character for each bracket that runs right to left: the book decides
    whether to mirror.
    """
    return "".join(piece.text.translate(_OPEN) if piece.turned else piece.text for piece in pieces)


def section_numbers(text: str) -> list[int]:
    """Of a line that opens with a section's number, from left to right as drawn."""
    found = _SECTION.match(text)
    return [int(number) for number in found[0].split(SECTION_HYPHEN)] if found else []


def decided(text: str, mirror: str, turned: bool = False) -> str:
    """Private characters as brackets again, those in `mirror` exchanged for their partners, and as
    hyphens of section numbers, `turned` where they are drawn from right to left.
    """
    step = -1 if turned else 1
    text = _SECTION.sub(lambda m: "-".join(m[0].split(SECTION_HYPHEN)[::step]), text)
    return _PRIVATE.sub(lambda m: _partner(BRACKETS[ord(m[0]) - FIRST_BRACKET], mirror), text)


def _partner(bracket: str, mirror: str) -> str:
    return bracket.translate(_MIRROR) if bracket in mirror else bracket


def _straight(cells: Sequence[Cell]) -> str:
    """Left to right as drawn, without the last cell's gap."""
    return "".join(c.text + (c.gap if i + 1 < len(cells) else "") for i, c in enumerate(cells))


def _right_to_left(cells: Sequence[Cell], opens: bool = False) -> list[Piece]:
    pieces: list[Piece] = []
    for start, end in reversed(islands(cells, opens)):
        if pieces and cells[end - 1].gap:
            pieces.append(Piece(cells[end - 1].gap, True))
        if end - start > 1:
            pieces.append(Piece(_straight(cells[start:end]), False))
        else:
            pieces.append(Piece(cells[start].text, cells[start].kind in "RO"))
    return _dates(_percent_after(pieces))


def _percent_after(pieces: list[Piece]) -> list[Piece]:
    """A percent sign stands after its number, on whichever side a program drew it."""
    for at in range(len(pieces) - 1):
        sign, number = pieces[at], pieces[at + 1]
        free = at == 0 or not pieces[at - 1].text[-1:].isdigit()
        if sign.text in ("%", "٪") and free and re.fullmatch(r"[\d.,/٫٬]+", number.text):
            pieces[at], pieces[at + 1] = number, sign
    return pieces


def _dates(pieces: list[Piece]) -> list[Piece]:
    """Three numbers with hyphens are a date; programs differ in how they lay it out, people begin
    with the year.
    """
    for at in range(len(pieces) - 4):
        three = pieces[at : at + 5]
        hyphens = three[1].text == three[3].text and three[1].text in "-‐‑"
        if (
            hyphens
            and all(p.text.isdecimal() for p in three[::2])
            and len(three[4].text) == 4 > len(three[0].text)
        ):
            pieces[at : at + 5] = three[::-1]
    return pieces


def _left_to_right(cells: Sequence[Cell]) -> list[Piece]:
    """A left-to-right line: only its right-to-left words are turned."""
    pieces: list[Piece] = []
    at = 0
    while at < len(cells):
        end = _rtl_run(cells, at)
        if end > at:
            pieces += _right_to_left(cells[at:end])
        else:
            end = at + 1
            pieces.append(Piece(cells[at].text, False))
        if cells[end - 1].gap and end < len(cells):
            pieces.append(Piece(cells[end - 1].gap, False))
        at = end
    return pieces


def _rtl_run(cells: Sequence[Cell], at: int) -> int:
    """End of the right-to-left run that starts here (at itself when none does)."""
    end = at
    if cells[at].kind != "R":
        return at
    for place in range(at, len(cells)):
        if cells[place].kind == "R":
            end = place + 1
        elif cells[place].kind == "L":
            break
    return end


def islands(cells: Sequence[Cell], opens: bool = False) -> list[tuple[int, int]]:
    """Spans of cells, from left to right, that keep their order inside a right-to-left line."""
    anchors = [i for i, c in enumerate(cells) if c.kind in "LNA"]
    joined: list[list[int]] = []
    for place in anchors:
        if (
            joined
            and not _crosses(cells, joined[-1][1], place)
            and _belong(cells, joined[-1], place, opens)
        ):
            joined[-1][1] = place
        else:
            joined.append([place, place])
    spans, at = [], 0
    for first, last in joined:
        first, last = _with_brackets(cells, first, last)
        spans += [(i, i + 1) for i in range(at, first)]
        spans.append((max(first, at), last + 1))
        at = last + 1
    return spans + [(i, i + 1) for i in range(at, len(cells))]


def _crosses(cells: Sequence[Cell], left: int, right: int) -> bool:
    return any(c.kind == "R" for c in cells[left + 1 : right])


def _belong(cells: Sequence[Cell], run: list[int], place: int, opens: bool) -> bool:
    """Whether the anchor at `place` goes on the left-to-right run that ends at run[1]."""
    before, after = cells[run[1]], cells[place]
    between = _straight([*cells[run[1] : place], after])[len(before.text) : -len(after.text)]
    if "A" in before.kind + after.kind and before.kind != after.kind:
        return False
    if after.text[0] in _RAISED and not between:
        return True
    text = _straight(cells[run[0] : run[1] + 1])
    latin = any(c.kind == "L" for c in cells[run[0] : run[1] + 1])
    if between == "-" and before.kind == after.kind == "N" and not latin:
        return _is_drawn_across(cells, place, opens)
    if _parts(text, between):
        return (
            latin
            and after.kind == "L"
            and not re.search("[،؛]", between)
            and not _closes(text, between)
        )
    ends_in_letter = before.kind == "L" or (latin and before.text[0] in _RAISED)
    if ends_in_letter and after.kind != "L" and _number_came_first(cells, run, place, between):
        return False
    if after.kind == "L" and not latin and _word_came_first(cells, place, between):
        return False
    return latin or after.kind == "L" or _one_number(between)


def _is_drawn_across(cells: Sequence[Cell], place: int, opens: bool) -> bool:
    """Whether numbers with a hyphen run from left to right: where no Arabic letter came before them
    (a section's number opens its paragraph), or where they and a Latin word are one run.
    """
    before = next((c for c in cells[place + 1 :] if c.kind in "LRA"), None)
    return opens if before is None else before.kind == "L"


def _parts(text: str, between: str) -> bool:
    """Marks that lean on the word to their right, or a bracket that closes nothing in the run:
    right comes first.
    """
    return bool(re.search(r"\s[^\w\s(\[«]+$", between)) or _closes(text, between)


def _closes(text: str, between: str) -> bool:
    """A bracket touches the run's end, then blank, and the run opened none. (Files store it
    mirrored or not.)
    """
    return bool(re.match(r"[()\[\]]+\s", between)) and sum(map(text.count, "()[]")) % 2 == 0


def _one_number(between: str) -> bool:
    return between == "" or between in _JOINS_DIGITS


def _number_came_first(cells: Sequence[Cell], run: list[int], place: int, between: str) -> bool:
    """Letters left of a number: "mg 500" was "500 mg", but "CT 64" was "CT 64"."""
    if between.strip() not in {"", "/", "°", "×"} or _latin_follows(cells, place):
        return False
    return _is_unit(_straight(cells[run[0] : run[1] + 1]), between)


def _word_came_first(cells: Sequence[Cell], place: int, between: str) -> bool:
    """A number left of letters, with right-to-left words to their right: TeX draws «Propranolol ۴۰»
    so, letter runs apart.
    """
    end = place
    while end + 1 < len(cells) and cells[end].gap == "" and cells[end + 1].kind != "R":
        end += 1
    between_words = between.strip() == "" and between != ""
    return (
        between_words
        and not _is_unit(_straight(cells[place : end + 1]), " ")
        and any(c.kind == "R" for c in cells[end + 1 :])
    )


def _latin_follows(cells: Sequence[Cell], place: int) -> bool:
    """Whether letters stand right of this number too: then all of it was one left-to-right run."""
    further = next((c for c in cells[place + 1 :] if c.kind in "LRA"), None)
    return further is not None and further.kind == "L"


def _is_unit(text: str, between: str) -> bool:
    parts = re.findall(r"[^\W\d_]+", "".join(" " if c in _RAISED else c for c in text))
    sure = sum(part in UNITS or (part in SPACED_UNITS and between != "") for part in parts)
    company = len(parts) > 1 or between.strip() != ""
    rest = sum(part in COMPANION_UNITS for part in parts) if company else 0
    return bool(parts) and sure + rest == len(parts) and (sure > 0 or between.strip() != "")


def _with_brackets(cells: Sequence[Cell], first: int, last: int) -> tuple[int, int]:
    """A run takes the closing bracket that touches it, where it opened one, and its trailing signs:
    94%, K+.
    """
    last = _with_signs(cells, first, last)
    text = _straight(cells[first : last + 1])
    follower = cells[last + 1].text if last + 1 < len(cells) and not cells[last].gap else ""
    pairs = {")": "(", "]": "["}
    if follower in pairs and text.count(pairs[follower]) > text.count(follower):
        return first, last + 1
    return first, last


def _with_signs(cells: Sequence[Cell], first: int, last: int) -> int:
    """Signs that touch the end of a run with Latin letters, and nothing after them."""
    end = last
    while end + 1 < len(cells) and not cells[end].gap and cells[end + 1].text in TRAILING:
        end += 1
    if end == last or not any(c.kind == "L" for c in cells[first : last + 1]):
        return last
    if cells[last + 1].text == "°" and _straight(cells[first : last + 1]) in ("C", "F"):
        return last  # of «37 °C»
    alone = end + 1 == len(cells) or cells[end].gap or cells[end + 1].kind == "O"
    return end if alone else last
