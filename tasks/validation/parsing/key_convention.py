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
from typing import Any, NamedTuple

from tasks.language import persian
from tasks.language.text import fold_text, to_latin_digits
from tasks.schemas.messages import Ordinal
from tasks.validation.items import Refused

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
    r"^(?:گزینه|پاسخ|جواب|شماره|مورد|option|answer|choice|ی|درست|صحیح|the|is|correct|:|\s)+"
)
_KEY = re.compile(r"^\(?\s*([1-4]|الف|ا|[بپجتد]|[a-d])\s*(?:[).:ـ–-]\s*(?P<rest>.*))?$")
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
    said = _bare(value)
    texts = [i for i, option in enumerate(options, 1) if _same(option, said)]
    text = texts[0] if len(texts) == 1 else None
    folded = [fold_text(str(label)).strip() for label in labels]
    if said in folded and not all(label.isdigit() for label in folded):
        return Key(place=folded.index(said) + 1, text=text)
    number = whole_number(value)
    if number is not None:
        own = folded.index(said) + 1 if said in folded else None
        return Key(number=None if own else number, place=own, text=text)
    place = (
        None
        if isinstance(value, float)
        else _marked(value, said, options, contradicts=text is None)
    )
    if place is None and text is None:
        if isinstance(value, float):
            raise Refused("key-out-of-range", text=str(value)[:200])
        raise Refused("an-illegible-key", text=str(value)[:200])
    return Key(place=place, text=text)


def _bare(value: Any) -> str:
    number = whole_number(value)
    return str(number) if number is not None else fold_text(str(value)).strip().strip(".").strip()


def _same(option: str, said: str) -> bool:
    return _bare(option) == said


def _marked(value: Any, said: str, options: Sequence[str], *, contradicts: bool) -> int | None:
    """The place of "B", "b) asthma", «گزینه ۲»; a text behind the mark must be that option's."""
    found = _KEY.match(_KEY_WORDS.sub("", said))
    place = (MARKS.get(found[1]) or persian.OPTION_LETTERS.get(found[1], 0)) if found else 0
    rest = (found["rest"] or "").strip() if found else ""
    if place > len(options):
        raise Refused("key-out-of-range", text=str(value)[:200])
    if rest and place and _bare(options[place - 1]) != rest:
        if not contradicts:
            return None
        raise Refused("the-key-contradicts-itself", text=str(value)[:200])
    return place or None


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

    def resolve(self, row: KeyRow) -> int:
        """The place of the right option, 1 to 4. Raises Refused where more than one reading is
        left.
        """
        key = read_key(row.value, row.options, row.labels)
        place = key.place if key.number is None else self._counted(key, row)
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
