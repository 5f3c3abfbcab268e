"""What a person says of items, and what that says of the study."""

from typing import Literal

from pydantic import Field

from tasks.schemas.item_rows import StoredRow
from tasks.schemas.result_rows import Rate

ReviewDecision = Literal["keep", "reject", "mend"]
ReviewOutcome = Literal[
    "kept", "rejected", "mended", "fell", "unmended", "undecided", "refused", "unmatched"
]


class ReviewedItem(StoredRow):
    """What a person said of one item, and what came of it."""

    item: str = Field(description="id of the item that was decided on: a digest of its text")
    kind: Literal["pair", "question"] | None = Field(description="none: no item of this study")
    passage_id: str = Field(default="", description="the passage that it rests on")
    decision: ReviewDecision | None = Field(
        description="the person's; none: its text was changed without one"
    )
    note: str = Field(default="", description="the person's")
    gate: bool | None = Field(
        description="whether the checks had let it through; none: no item of this study"
    )
    outcome: ReviewOutcome = Field(
        description=(
            "kept; rejected; mended: its new text passed the checks; fell: it did not; unmended: no"
            " new text came, so it falls; undecided: a new text came without a decision and is not"
            " used; refused: the checks had stopped it, and it stays so; unmatched: no item of this"
            " study"
        )
    )


class Agreement(StoredRow):
    """How far a person and the checks judge items alike, of those that both judged."""

    both: int = Field(description="sound for both")
    only_person: int = Field(description="sound for the person, stopped by the checks")
    only_gate: int = Field(description="let through by the checks, not sound for the person")
    neither: int = Field(description="sound for neither")
    kappa: float = Field(description="Cohen's")
    low: float = Field(description="of its 95 % interval")
    high: float

    @property
    def n(self) -> int:
        return self.both + self.only_person + self.only_gate + self.neither


class ReviewSummary(StoredRow):
    """What a person's review of items says of them."""

    reviewed: int = Field(description="items with a decision that the checks had let through")
    outcomes: dict[str, int] = Field(description="all decisions by what came of them")
    sound: Rate | None = Field(
        description="kept as they are; the interval counts passages, not items alone"
    )
    by_kind: dict[str, Rate] = Field(description="the same of pairs and of questions")
    agreement: Agreement | None = Field(
        description="none where the person saw no item that the checks had stopped, or only such"
    )
