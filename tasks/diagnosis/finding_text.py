"""A reason of the result in typed numbers; the languages have the words (findings.yaml)."""

from collections.abc import Callable
from typing import NamedTuple

from tasks.diagnosis.remedies import PlanChange
from tasks.schemas.messages import Measures, Simple
from tasks.schemas.result_rows import Finding


class RuleResult(NamedTuple):
    """What a rule found; packs/<language>/findings.yaml has its sentences under the rule's name."""

    rule: str
    evidence: Measures
    priority: float
    remedy: PlanChange = {}
    said: tuple[str, ...] = ("claim",)  # the sentences of the claim, in this order
    beside: Measures = {}  # what the sentences name besides the evidence

    def build_finding(self) -> Finding:
        return Finding(
            rule=self.rule,
            claim=self.said,
            evidence=self.evidence,
            beside=self.beside,
            priority=self.priority,
            remedy=self.remedy,
        )


def wrap_measured(kind: Callable[[float], Simple], number: float | None) -> Simple | None:
    """A typed number; None where it was not measured."""
    return None if number is None else kind(number)
