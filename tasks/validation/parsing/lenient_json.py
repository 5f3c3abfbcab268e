"""Read the JSON that models write: repair what has one certain reading, refuse the rest, item by
item.

Repaired: text and code fences around, trailing and missing commas, digits of other scripts as bare
    numbers, line breaks
and bare quotation marks inside strings, True/None, comments. Not repaired: anything cut off, a key
that comes twice.
"""

import json
import re
from typing import Any, NamedTuple

from tasks.schemas.messages import Message, Ordinal, Value, build_message

_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.S)
_NUMBER = re.compile(r"[-+]?\d+(?:[.٫]\d+)?")
_NAME = re.compile(r"[^\W\d]\w*")
_AFTER_NAME = re.compile(r"\s*:")
_AFTER_STRING = re.compile(
    r'\s*(?:$|[}\]]|,\s*(?:$|["“}\]{\[]|//|[-+]?\d|true|false|null)|\s["“]\S|\n\s*["“{\[}\]])'
)
_AFTER_VALUE = re.compile(
    r'\s*(?:$|[}\]]|,\s*(?:$|[}\]]|["“][^"“”\n]{1,40}["”]\s*:)|["“][^"“”\n]{1,40}["”]\s*:)'
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_LITERALS = {"true": True, "false": False, "null": None, "none": None}
_CLOSERS = {'"': '"', "“": "”"}
_STRUCTURE = re.compile(r'[{}\[\]]|"\s*:')
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_SPECIAL = re.compile(r'["”\\\n]')
MAX_STRING_CHARACTERS = 8_000  # characters of one string; none of ours comes near
MAX_NUMBER_DIGITS = 300  # of one number; more are none that a float holds
MAX_BROKEN_PIECES = 200  # pieces; after so many the rest of a text is one piece
MAX_DEPTH = 6  # an item is two levels deep; deeper nesting is no item


class UnreadableJson(ValueError):
    """Not JSON, at this place and for this reason."""

    def __init__(self, place: int, code: str, /, **values: Value) -> None:
        super().__init__(code)
        self.place, self.reason = place, build_message(code, **values)


def describe_json_fault(error: ValueError) -> Message:
    """Why a text is no JSON."""
    if isinstance(error, UnreadableJson):
        return error.reason
    return build_message("not-json", place=Ordinal(getattr(error, "pos", 0) + 1))


class ParsedValue(NamedTuple):
    """One value, its source text, and what was mended in it."""

    value: Any
    raw: str
    repairs: tuple[str, ...]


class BrokenPiece(NamedTuple):
    """A piece that looks like an object and cannot be read."""

    raw: str
    reason: Message


class FoundObjects(NamedTuple):
    """The objects of a text in their order, and the broken pieces."""

    parsed: list[ParsedValue]
    broken: list[BrokenPiece]


def read_objects(text: str) -> FoundObjects:
    """Every outermost object that can be read; broken wrappers are entered, broken objects are
    told.
    """
    found = FoundObjects([], [])
    place = text.find("{")
    while place >= 0:
        if len(found.broken) == MAX_BROKEN_PIECES:
            found.broken.append(BrokenPiece(text[place:], build_message("too-many-broken-pieces")))
            break
        reader = _LenientReader(text, place)
        try:
            value = reader.read_value(0)
            found.parsed.append(
                ParsedValue(
                    _replace_lone_surrogates(value),
                    text[place : reader.at],
                    tuple(dict.fromkeys(reader.repairs)),
                )
            )
            place = text.find("{", reader.at)
        except UnreadableJson as error:
            inner = text.find("{", place + 1)
            if not 0 <= inner <= error.place:  # nothing inside: this is the broken piece itself
                found.broken.append(
                    BrokenPiece(
                        text[place : inner if inner >= 0 else len(text)].rstrip(" \n,"),
                        error.reason,
                    )
                )
            place = inner
    return found


def require_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For json.loads: a key that comes twice with two values has no certain reading."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made and made[key] != value:
            raise UnreadableJson(0, "key-twice", key=key[:80])
        made[key] = value
    return made


def parse_strict(text: str) -> Any:
    """The value of a text that is JSON as it stands; raises ValueError else."""
    try:
        return _replace_lone_surrogates(json.loads(text, object_pairs_hook=require_unique_keys))
    except RecursionError:
        raise UnreadableJson(0, "nested-too-deep") from None


def _replace_lone_surrogates(value: Any) -> Any:
    """Halves of characters (a model cuts an emoji's escape in two), which no file can hold, become
    the sign for an illegible one.
    """
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_lone_surrogates(one) for one in value]
    return (
        {_replace_lone_surrogates(key): _replace_lone_surrogates(one) for key, one in value.items()}
        if isinstance(value, dict)
        else value
    )


class _LenientReader:
    """A forgiving recursive-descent reader over one text."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at, self.repairs = text, at, list[str]()

    def read_value(self, depth: int) -> Any:
        self.skip_space()
        sign = self.peek_character()
        if depth > MAX_DEPTH:
            raise UnreadableJson(self.at, "nested-too-deep")
        if sign == "{":
            return self.read_object(depth)
        if sign == "[":
            return self.read_array(depth)
        if sign in _CLOSERS:
            return self.read_string(_AFTER_STRING)
        return self.read_bare_value()

    def read_object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        pairs: list[tuple[str, Any]] = []
        while self.enter_next_member("}", first=not pairs):
            if self.peek_character() not in _CLOSERS:
                raise UnreadableJson(
                    self.at, "name-expected", came=self.text[self.at : self.at + 12]
                )
            name = self.read_string(_AFTER_NAME)
            self.skip_space()
            if self.peek_character() != ":":
                raise UnreadableJson(self.at, "no-colon", name=name[:80])
            self.at += 1
            self.skip_space()
            pairs.append(
                (
                    name,
                    self.read_string(_AFTER_VALUE)
                    if self.peek_character() in _CLOSERS
                    else self.read_value(depth + 1),
                )
            )
        return self.build_unique_object(pairs)

    def build_unique_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        try:
            return require_unique_keys(pairs)
        except UnreadableJson as error:
            error.place = self.at
            raise

    def read_array(self, depth: int) -> list[Any]:
        self.at += 1
        values: list[Any] = []
        while self.enter_next_member("]", first=not values):
            values.append(self.read_value(depth + 1))
        return values

    def enter_next_member(self, closer: str, first: bool) -> bool:
        """Step over the comma; False at the closing bracket."""
        self.skip_space()
        comma = self.peek_character() == ","
        if comma:
            self.at += 1
            self.skip_space()
        if self.peek_character() == closer:
            if comma:
                self.repairs.append("trailing-comma")
            self.at += 1
            return False
        if self.at >= len(self.text):
            raise UnreadableJson(self.at, "cut-off")
        if not first and not comma:
            self.repairs.append("missing-comma")
        return True

    def read_string(self, after: re.Pattern[str]) -> str:
        """A string ends at the first mark that is followed by what may follow a string."""
        start, closer, made, mended = (
            self.at,
            _CLOSERS[self.peek_character()],
            list[str](),
            list[str](),
        )
        self.at += 1
        while special := _SPECIAL.search(self.text, self.at, start + MAX_STRING_CHARACTERS):
            made.append(self.text[self.at : special.start()])
            self.at, sign = special.start(), special[0]
            if sign == "\\":
                made.append(self.read_escape())
                continue
            self.at += 1
            if sign in (closer, '"') and after.match(self.text, self.at):
                return self.accept_string("".join(made), mended, start)
            if sign in ('"', "\n"):
                mended.append("bare-quotation-mark" if sign == '"' else "line-break-in-a-string")
            made.append(sign)
        raise UnreadableJson(start, "cut-off-inside-a-string")

    def accept_string(self, value: str, mended: list[str], start: int) -> str:
        """A string that swallowed structure has no certain reading."""
        if mended and _STRUCTURE.search(value):
            raise UnreadableJson(start, "string-without-an-end")
        self.repairs.extend(mended)
        return value

    def read_escape(self) -> str:
        sign = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if sign != "u":
            return _ESCAPES.get(sign, sign)
        code = self.text[self.at : self.at + 4]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", code):
            raise UnreadableJson(self.at, "no-such-character", escape=f"\\u{code}")
        self.at += 4
        return chr(int(code, 16))

    def read_bare_value(self) -> Any:
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            if not number[0].isascii():
                self.repairs.append("digits-of-another-script")
            if len(number[0]) > MAX_NUMBER_DIGITS:
                raise UnreadableJson(number.start(), "number-too-long", digits=len(number[0]))
            value = float(number[0].replace("٫", "."))
            return (
                int(number[0])
                if number[0].lstrip("+-").isdecimal()
                else int(value)
                if value.is_integer()
                else value
            )
        name = _NAME.match(self.text, self.at)
        if name and name[0].lower() in _LITERALS:
            self.at = name.end()
            return _LITERALS[name[0].lower()]
        raise UnreadableJson(self.at, "value-expected", came=self.text[self.at : self.at + 12])

    def skip_space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def peek_character(self) -> str:
        return self.text[self.at : self.at + 1]
