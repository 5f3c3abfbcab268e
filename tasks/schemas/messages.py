"""What the program has to say, as a code and typed values; messages.yaml of each language's folder
turns them into words (tasks/language/i18n.py).
"""

import math
from dataclasses import astuple, dataclass, is_dataclass
from typing import Annotated, Any, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict


@dataclass(frozen=True)
class Share:
    """A part of a whole; told in percent."""

    share: float


@dataclass(frozen=True)
class Points:
    """A difference of two shares; told in percentage points."""

    points: float


@dataclass(frozen=True)
class Nats:
    """A loss, a likelihood or a divergence."""

    nats: float


@dataclass(frozen=True)
class Figure:
    """Any other number: a ratio, a rate; told with so many decimals, or three digits."""

    figure: float
    places: int | None = None


@dataclass(frozen=True)
class PValue:
    """The p of a test; told as "= 0.021" or "< 0.001"."""

    p: float


@dataclass(frozen=True)
class Ordinal:
    """A number that names something: a page, an option; never grouped."""

    ordinal: int


@dataclass(frozen=True)
class Term:
    """A word of the program, by the group of the catalogue that has it."""

    group: str
    term: str


Simple = (
    Share | Points | Nats | Figure | PValue | Ordinal | Term | int | str
)  # int: a count; str: a quote


def _replace_nonfinite(value: Any) -> Any:
    """JSON knows no NaN: a number that is not finite is told like one that was not measured."""
    numbers = astuple(value) if is_dataclass(value) and not isinstance(value, type) else ()
    broken = any(isinstance(one, float) and not math.isfinite(one) for one in numbers)
    return None if broken else value


# The numbers that a statement rests on, by name; None where one was not measured.
Measures = dict[str, Annotated[Simple | None, BeforeValidator(_replace_nonfinite)]]
Value = Union[Simple, "Message", tuple[Union[Simple, "Message"], ...]]


class Message(BaseModel):
    """One thing that is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    values: dict[str, Value] = {}

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


def build_message(code: str, /, **values: Value) -> Message:
    """A message; a count is an int, and words of a book, a model, a file or a plan are a str."""
    return Message(code=code, values=values)
