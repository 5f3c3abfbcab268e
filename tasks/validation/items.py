"""What lies between a writer's text and a row: an item that was read but not yet checked."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from tasks.schemas.item_rows import Pair, Question, QuestionType, Rejection
from tasks.schemas.messages import Message, Value, build_message

ItemKind = Literal["pair", "question"]
PairOrQuestion = Pair | Question
ITEM_KINDS: tuple[ItemKind, ItemKind] = ("pair", "question")


@dataclass(frozen=True)
class ParsedItem:
    """A pair (text, diagnosis) or a question (text, options, answer), with what its writer says
    about its source.
    """

    draft_id: str
    kind: ItemKind
    text: str  # vignette or stem
    raw: str  # the item as it came
    diagnosis: str = ""
    options: tuple[str, ...] = ()
    answer: int = 0  # the key, 1 to 4; 0 for a pair
    about: QuestionType = "other"
    quote: str = ""
    page: int | None = None
    fact: str = ""
    repairs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What the item teaches or asks for: the diagnosis, or the keyed option."""
        return self.options[self.answer - 1] if self.answer else self.diagnosis

    @property
    def distractors(self) -> list[str]:
        """The options that are not the key."""
        return [option for number, option in enumerate(self.options, 1) if number != self.answer]

    def build_rejection(self, check: str, reason: Message, passage_id: str = "") -> Rejection:
        """The item as a rejection."""
        return Rejection(
            draft_id=self.draft_id,
            kind=self.kind,
            passage_id=passage_id,
            check=check,
            reason=reason,
            raw=self.raw,
        )


class Refused(ValueError):
    """An item without a certain reading."""

    def __init__(self, code: str, /, **values: Value) -> None:
        super().__init__(code)
        self.reason = build_message(code, **values)


class ParsedItems(NamedTuple):
    """Items read from a draft, and what could not be read."""

    items: list[ParsedItem]
    rejected: list[Rejection]
    exhausted: bool = False  # the writer says that its passages hold no more: {"items": []}


def get_key(row: PairOrQuestion) -> str:
    """The diagnosis of a pair, the keyed option of a question."""
    return row.diagnosis if isinstance(row, Pair) else row.options[row.answer - 1]


def get_text(row: PairOrQuestion) -> str:
    """The vignette of a pair, the stem of a question."""
    return row.symptom if isinstance(row, Pair) else row.question


def get_kind(row: PairOrQuestion) -> ItemKind:
    """Which of the two kinds a row is."""
    return "pair" if isinstance(row, Pair) else "question"


def build_row_rejection(row: PairOrQuestion, check: str, reason: Message) -> Rejection:
    """A row that was read and is refused later on."""
    return Rejection(
        draft_id="",
        kind=get_kind(row),
        passage_id=row.quote.passage_id if row.quote else "",
        check=check,
        reason=reason,
        raw=row.model_dump_json(),
    )
