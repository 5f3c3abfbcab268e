"""Words and numbers in one language: labels and sentences from its folder, numbers as the language
writes them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from tasks.language.language_pack import get_folder_language, load_pack
from tasks.schemas.messages import (
    Figure,
    Message,
    Nats,
    Ordinal,
    Points,
    PValue,
    Share,
    Term,
    Value,
)

LRM = "\u200e"  # keeps a sign on the left of its number in right-to-left text, as CLDR does


@dataclass(frozen=True)
class Translator:
    """Labels by name, and numbers as this language writes them."""

    language: str
    labels: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.labels[name]

    def get_label(self, group: str, key: str) -> str:
        """A label for a word of the program; the word itself where there is none."""
        return str(self.labels[group].get(key, key.replace("_", " ")))

    def format_digits(self, text: str) -> str:
        """0-9 and the point of plain ASCII numbers in the language's own digits."""
        return "".join(
            str(self["ten"][int(c)]) if "0" <= c <= "9" else str(self["decimal"]) if c == "." else c
            for c in text
        )

    def format_number(self, value: float | int | str | None, places: int | None = None) -> str:
        """A number with so many decimals, or with three significant digits; text and nothing as
        they are.
        """
        if value is None:
            return "—"
        if isinstance(value, bool | str):
            return str(value)
        return self._format_signed(
            f"{abs(value):,.{places}f}" if places is not None else format_plain_number(abs(value)),
            value < 0,
        )

    def format_share(self, value: float, places: int = 1) -> str:
        """A share as a percentage."""
        mark = (
            LRM if self["direction"] == "rtl" and value >= 0 else ""
        )  # else the sign jumps to the other side after a letter
        return (
            mark
            + self._format_signed(f"{abs(value) * 100:.{places}f}", value < 0)
            + str(self["percent"])
        )

    def format_points(self, value: float, sign: bool = True) -> str:
        """A difference of shares in percentage points."""
        return (LRM + "+") * (sign and value > 0) + self._format_signed(
            f"{abs(value) * 100:.1f}", value < 0
        )

    def format_p_value(self, value: float) -> str:
        """To be read after "p"."""
        return (
            "< " + self.format_digits("0.001")
            if value < 0.001
            else "= " + self.format_digits(f"{value:.3f}")
        )

    def fill_label(self, text: str, **values: str) -> str:
        """A label's sentence with its values."""
        return text.format(**values)

    def format_message(self, message: Message) -> str:
        """The words of a message."""
        return self.fill_values(self["messages"][message.code], message.values)

    def fill_values(self, text: str, values: Mapping[str, Value | None]) -> str:
        """A sentence with typed values; a hole {gain:+} shows a plus sign, too."""
        return text.format_map({name: TypedValue(value, self) for name, value in values.items()})

    def format_value(self, value: Value | None, *, sign: bool = False) -> str:
        """A typed value as this language writes it; words of a book, model or file as they are."""
        match value:
            case Message():
                return self.format_message(value)
            case Term(group, term):
                return self.get_label(group, term)
            case Share(share):
                return self.format_share(share, 0)
            case Points(points):
                return self.format_points(points, sign)
            case Nats(nats):
                return self.format_number(nats)
            case Figure(figure, places):
                return self.format_number(figure, places)
            case PValue(p):
                return self.format_p_value(p)
            case Ordinal(ordinal):
                return self.format_digits(str(ordinal))
            case tuple():
                return str(self["comma"]).join(map(self.format_value, value))
            case int() | None:
                return self.format_number(value)
            case str():
                return value

    def _format_signed(self, text: str, negative: bool) -> str:
        return (LRM + "−") * negative + self.format_digits(text.replace(",", "\u202f"))


def format_plain_number(value: float) -> str:
    """At most three significant digits (two below a thousandth), whole numbers whole, an exponent
    only below a millionth.
    """
    if not math.isfinite(value) or value == int(value):
        return f"{value:,.0f}" if math.isfinite(value) else str(value)
    if value < 1e-6:
        return f"{value:.1e}"
    places = max(0, (1 if value < 1e-3 else 2) - math.floor(math.log10(value)))
    return f"{value:,.{places}f}".rstrip("0").rstrip(".") if places else f"{value:,.0f}"


class TypedValue(NamedTuple):
    """A typed value in a sentence."""

    value: Value | None
    translator: Translator

    def __format__(self, how: str) -> str:
        return self.translator.format_value(self.value, sign=how == "+")


@cache
def load_translator(language: str, *files: str) -> Translator:
    """The words of some files of a language's folder ("packs/report.yaml", …); English where it
    has none. A tag such as "fa-x-law" gives the words of a profile.
    """
    own = get_folder_language(language)
    labels: dict[str, Any] = {}
    for file in ("packs/numerals.yaml", *files):
        for name, content in load_pack(file, language).items():
            labels[name] = labels[name] | content if name in labels else content
    return Translator(own, labels)
