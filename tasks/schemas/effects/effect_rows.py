"""Beside the verdict: what a tuning cost, where it worked, how sure the models are, and what
showing the book does instead.
"""

from typing import Literal

from pydantic import Field

from tasks.schemas.item_rows import AnswerMode, StoredRow
from tasks.schemas.messages import Message
from tasks.schemas.result_rows import Interval, Rate

HarmFinding = Literal["harm", "possible-harm", "no-harm", "not-measurable"]
Elsewhere = Literal["same_fact", "new_fact", "everyday"]  # what the verdict is not about

AidName = Literal["passages", "tuning", "both", "examples"]
Trait = Literal["chapter", "kind", "pages", "reading"]
Steadiness = Literal["all", "sign", "turns"]  # every interval, only the sign, not even that
ReplyKind = Literal["right", "other", "several", "none"]  # none: no name of the book


class Harm(StoredRow):
    """What the tuning cost on questions that the verdict is not about."""

    what: Elsewhere
    mode: AnswerMode
    n: int
    facts: int = Field(description="facts that the questions are on; everyday questions: their own")
    base: Rate
    tuned: Rate
    difference: Interval = Field(description="tuned minus base, as in Comparison")
    p_value: float
    kept: float = Field(description="share of the base's own answers that are still given")
    finding: HarmFinding
    told: Message = Field(description="the finding with its numbers")


class SecondEndpoint(StoredRow):
    """The Brier score of the key's share of probability, (1 - share)²: 0 is best, guessing .563."""

    mode: AnswerMode
    n: int
    facts: int
    base: float
    tuned: float = Field(description="the mean over seeds")
    difference: Interval = Field(description="tuned minus base: below zero is better")
    p_value: float
    told: Message = Field(description="the finding with its numbers")


class GroupEffect(StoredRow):
    """The tuning's effect on a part of the primary set's questions."""

    name: str = Field(description="title, kind, pages or way of reading; empty: not known")
    n: int
    base: float = Field(description="share right before")
    tuned: float = Field(description="share right after, the mean over seeds")
    seen: float = Field(description="their difference as it was seen")
    shrunk: Interval = Field(description="drawn towards the whole, as far as chance may explain it")


class Grouping(StoredRow):
    """Where the tuning worked, by one trait of the questions."""

    by: Trait
    overall: float = Field(description="mean effect of the groups, by their precision")
    between: float = Field(
        description="standard deviation of the groups' true effects: its posterior median"
    )
    between_most: float = Field(description="and its 95 % limit")
    groups: tuple[GroupEffect, ...]


class ReliabilityBin(StoredRow):
    """Questions on which a model was about equally sure."""

    n: int
    confidence: float = Field(description="mean probability of the chosen option")
    right: float = Field(description="share that was right")


class Calibration(StoredRow):
    """How well a model's probabilities of the four options are borne out, primary set."""

    who: Literal["base", "tuned"]
    mode: AnswerMode
    n: int
    log_score: float = Field(description="mean -ln of the key's probability, nats; guessing 1.386")
    brier: float = Field(description="mean squared distance from the key, 0 to 2; guessing 0.75")
    ece: float = Field(description="expected calibration error over the bins, by their size")
    ece_by_chance: float = Field(
        description="what a model with the same probabilities, all true, shows in the mean"
    )
    bins: tuple[ReliabilityBin, ...]


class AidEffect(StoredRow):
    """What one means is worth: right answers with it less those of the base alone."""

    aid: AidName
    rate: Rate
    difference: Interval
    p_value: float


class AidComparison(StoredRow):
    """Tuning beside the cheaper means, on the primary questions."""

    mode: AnswerMode
    n: int
    base: Rate = Field(description="the base alone")
    effects: tuple[AidEffect, ...]
    beyond: Interval = Field(description="tuned minus base, both with the passages")
    passages: int = Field(description="passages that were put before a question")
    known: int = Field(description="questions whose own passage is known")
    found: int = Field(description="of them, those that were shown it")
    unmatched: int = Field(description="questions that no passage shares a word with")
    cut: int = Field(description="questions whose passages did not fit the window whole")
    examples: int = Field(description="solved questions put before each, for the examples")
    examples_cut: int = Field(description="questions whose examples did not all fit the window")
    told: Message


class WordingEffect(StoredRow):
    """The tuning's effect with one wording of the questions."""

    wording: int = Field(description="0: the plan's own; else its place in the language's file")
    base: Rate
    tuned: Rate
    difference: Interval = Field(description="tuned minus base, as in Comparison; exploratory")
    p_value: float


class WordingComparison(StoredRow):
    """The primary questions in other words and with other labels, in one mode."""

    mode: AnswerMode
    n: int
    effects: tuple[WordingEffect, ...]
    holds: Steadiness = Field(
        description=(
            "all: every interval lies on one side of zero; sign: every difference does; turns: not"
        )
    )
    told: Message


class RecallRate(StoredRow):
    """What one model's replies without options came to."""

    who: Literal["base", "tuned"]
    right: Rate
    other: float = Field(description="replies with another name of the book; mean over seeds")
    several: float = Field(description="with several names, or one that is denied: not right")
    none: float = Field(description="with no name of the book")


class RecallComparison(StoredRow):
    """The primary questions without options, read by the book's names."""

    n: int = Field(description="questions whose key is a name of the book")
    left_out: int = Field(description="the others")
    rates: tuple[RecallRate, ...] = Field(default=(), description="base, tuned; none without n")
    difference: Interval | None = None
    p_value: float | None = None
    told: Message


class Effects(StoredRow):
    """All that is told beside the verdict."""

    harms: tuple[Harm, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    calibrations: tuple[Calibration, ...] = Field(default=(), description="base, tuned; or none")
    aids: AidComparison | None = None
    second: SecondEndpoint | None = None
    wordings: tuple[WordingComparison, ...] = Field(default=(), description="one a mode")
    recall: RecallComparison | None = None

    def list_findings(self) -> list[Message]:
        """What stands next to the verdict: harm, and the plan's second endpoint."""
        second = [self.second.told] if self.second else []
        return [*(one.told for one in self.harms), *second]
