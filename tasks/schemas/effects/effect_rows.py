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


class Effects(StoredRow):
    """All that is told beside the verdict."""

    harms: tuple[Harm, ...] = ()
