"""Read the key of a question: a number, a letter, the label of an option, or the text of one; never
a guess.

A single key is read in all ways that are possible (`read_key`). In a file all keys follow one
convention, which the rows
settle together (`KeyConvention`): whether numbers count from 0 or from 1, and whether a key that is
a number and also the
text of another option (3 of the options 2, 3, 4, 5) is meant as a number or as a text.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from tasks.language import persian
from tasks.language.text import fold_text, normalize_text, to_latin_digits
from tasks.schemas.messages import Ordinal
from tasks.validation.items import Refused
from tasks.validation.parsing.column_names import list_mark_series

MARKS = {
    "الف": 1,
    "ا": 1,
    "ب": 2,
    "ج": 3,
    "د": 4,
    "a": 1,
    "b": 2,
    "c": 3,
    "d": 4,
    "1": 1,
    "2": 2,
    "3": 3,
    "4": 4,
}
_KEY_WORDS = re.compile(
    r"^(?:گزینه|پاسخ|جواب|شماره|مورد|حرف|ی|درست|صحیح"
    r"|option|opt|op|answer|ans|choice|letter|the|is|correct|right|[:_\s])+"
)
_KEY = re.compile(  # "b", "(b)", "b.", "b) asthma", "b (asthma)"; not "b?"
    r"^[^\w?؟]*(?P<mark>[1-4]|الف|ا|[بپجتثد]|[a-d])(?:[^\w?؟]*|\s*[).:ـ–(\]-]\s*(?P<rest>.*))$"
)
_SEVERAL = re.compile(r"^\W*(?:[1-5a-e]|[ابجده]|الف)(?:\s*[,،;/&+]\s*(?:[1-5a-e]|[بجده]))+\W*$")
# Numbers from 1 to 3 without a 4 (or from 0 without a 4): each key misses a given place by chance
# with 3/4, and
# 0.75 ** 17 < 0.01, so that so many rows settle from which number a file counts.
SETTLING_ROWS = 17


class Key(NamedTuple):
    """What one key can mean; None where it cannot be read so."""

    number: int | None = None  # a bare number, counted from where its file counts
    place: int | None = None  # from 1, told by a letter, a label or a marked number
    text: int | None = None  # from 1, the only option with this text
    letter: str = ""  # by which the place was told


class KeyRow(NamedTuple):
    """The key of one row of a file, with what tells how it is meant."""

    value: Any
    options: Sequence[str]
    labels: Sequence[str] = ()  # what the row itself calls its options
    column: str = ""
    from_zero: bool | None = None  # True: data sets of this shape count from 0; None: they may


def read_key(value: Any, options: Sequence[str], labels: Sequence[str] = ()) -> Key:
    """All readings of a key. Raises Refused where there is none, or where it contradicts itself."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, list | tuple) or (
        isinstance(value, str) and _SEVERAL.match(fold_text(value))
    ):
        raise Refused("several-keys", text=str(value)[:200])
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refused("no-key", text=str(value)[:200])
    said = fold_key(value)
    texts = [i for i, option in enumerate(options, 1) if fold_key(option) == said]
    text = texts[0] if len(texts) == 1 else None
    folded = [fold_key(label) for label in labels]
    bare = _KEY_WORDS.sub("", said)
    named = [name for name in (said, bare) if name in folded]
    if named and not all(label.isdigit() for label in folded):
        return Key(place=folded.index(named[0]) + 1, text=text)
    number = whole_number(value)
    if number is not None:
        own = folded.index(said) + 1 if said in folded else None
        return Key(number=number, place=own, text=text)
    if isinstance(value, float):
        if text is None:
            raise Refused("key-out-of-range", text=str(value)[:200])
        return Key(text=text)
    letter, place = _read_mark(bare, options, str(value), contradicts=text is None)
    if place is None and text is None:
        raise Refused("an-illegible-key", text=str(value)[:200])
    return Key(place=place, text=text, letter=letter)


def fold_key(value: Any) -> str:
    """A number by its digits; a text folded, without marks of direction and a full stop."""
    number = whole_number(value)
    if number is not None:
        return str(number)
    return fold_text(normalize_text(str(value), "fa")).strip().strip(".").strip()


def _read_mark(
    bare: str, options: Sequence[str], said: str, *, contradicts: bool
) -> tuple[str, int | None]:
    """Letter and place of "B", "b) asthma", «ب»; a text behind the mark must be that option's."""
    found = _KEY.match(unicodedata.normalize("NFKC", bare))
    letter = {"الف": "ا"}.get(found["mark"], found["mark"]) if found else ""
    place = MARKS.get(letter) or persian.OPTION_LETTERS.get(letter) or _find_only_place(letter)
    rest = _letters_of(found["rest"] or "") if found else ""
    if place > len(options):
        raise Refused("key-out-of-range", text=said[:200])
    if rest and place and _letters_of(fold_key(options[place - 1])) != rest:
        if not contradicts:
            return "", None
        raise Refused("the-key-contradicts-itself", text=said[:200])
    return (letter, place) if place else ("", None)


def _letters_of(text: str) -> str:
    """A text without marks around it."""
    return re.sub(r"^\W+|\W+$", "", text)


@cache
def list_alphabets() -> list[tuple[str, ...]]:
    """The orders of letters by which people count four options: a b c d, «ا ب ج د», …"""
    letters = [
        [fold_text(m).replace("الف", "ا") for m in marks[:4]] for marks in list_mark_series()
    ]
    return [tuple(marks) for marks in letters if all(len(m) == 1 and m.isalpha() for m in marks)]


def _list_places(letter: str, others: frozenset[str] = frozenset()) -> set[int]:
    """The places of a letter in the orders that hold the others, too."""
    return {a.index(letter) + 1 for a in list_alphabets() if letter in a and others <= set(a)}


def _find_only_place(letter: str) -> int:
    places = _list_places(letter)
    return places.pop() if len(places) == 1 else 0


def whole_number(value: Any) -> int | None:
    """An int, a float without a fraction, or their digits in any script: ۲, ②, "3.0"."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if len(text) == 1 and (digit := unicodedata.digit(text, None)) is not None:
        return digit
    found = re.fullmatch(r"([-+]?[0-9]{1,3})(?:\.0+)?", to_latin_digits(text))
    return int(found[1]) if found else None


class KeyConvention:
    """How the keys of one column of a file are meant, told by all its rows together."""

    def __init__(self, rows: Iterable[KeyRow]) -> None:
        keys = [(row, key) for row in rows if (key := _readable(row))]
        numbers = [key.number for _, key in keys if key.number is not None]
        self.zero, self.four = 0 in numbers, 4 in numbers
        self.settled = sum(n > 0 for n in numbers) >= SETTLING_ROWS
        self.texts = any(key.text and not _place(key) for _, key in keys)
        self.places = any(_place(key) and not key.text for _, key in keys)
        self.letters = frozenset(key.letter for _, key in keys if not key.letter.isascii())

    def resolve(self, row: KeyRow) -> int:
        """The place of the right option, 1 to 4. Raises Refused where more than one reading is
        left.
        """
        key = read_key(row.value, row.options, row.labels)
        place = self._lettered(key, row) if key.number is None else self._numbered(key, row)
        if place and key.text and place != key.text:
            if self.texts == self.places:
                raise Refused(
                    "an-uncertain-key",
                    key=str(row.value)[:200],
                    place=Ordinal(place),
                    text=Ordinal(key.text),
                )
            return key.text if self.texts else place
        if (found := place or key.text) is None:
            raise Refused("key-out-of-range", text=str(row.value)[:200])
        return found

    def _lettered(self, key: Key, row: KeyRow) -> int | None:
        """A letter as a place: «ت» is the third where a file counts «أ ب ت ث», the fourth where it
        counts «الف ب پ ت».
        """
        if len(_list_places(key.letter)) < 2:
            return key.place
        places = _list_places(key.letter, self.letters)
        if len(places) != 1:
            raise Refused("key-of-two-alphabets", key=str(row.value)[:200])
        return places.pop()

    def _numbered(self, key: Key, row: KeyRow) -> int | None:
        """A number as a place: by the row's own labels 1 to 4, unless the file's keys run from 0
        to 3 in spite of them; else as the file counts.
        """
        by_label = key.place and (self.four or not self.zero)
        return key.place if by_label else self._counted(key, row)

    def _counted(self, key: Key, row: KeyRow) -> int | None:
        """A bare number as a place; None where it is out of range, so that only its text is
        left.
        """
        number = key.number
        assert number is not None
        if self.texts and not self.places and key.text:
            return None
        start = self._start(row)
        if start is None:
            raise Refused("key-counted-from-0-or-1", key=Ordinal(number))
        place = number + 1 - start
        return place if 1 <= place <= len(row.options) else None

    def _start(self, row: KeyRow) -> int | None:
        """From which number the file counts; None where both are possible."""
        if self.zero and self.four:
            return None
        if self.four:
            return 1
        if self.zero:
            return 0 if row.from_zero is not False or self.settled else None
        return {True: 0, False: 1, None: None}[row.from_zero]


def _readable(row: KeyRow) -> Key | None:
    try:
        return read_key(row.value, row.options, row.labels)
    except Refused:
        return None


def _place(key: Key) -> int | None:
    """A place by letter or label, or a number that can be one."""
    return key.place or (key.number if key.number is not None and 0 <= key.number <= 4 else None)
