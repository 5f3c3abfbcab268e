"""A reason of the result in numbers; the languages have the words (findings.yaml)."""

from typing import NamedTuple

from tasks.diagnosis.remedies import PlanChange
from tasks.schemas.result_rows import Finding

Numbers = dict[str, float | int | str | None]


class RuleResult(NamedTuple):
    """What a rule found; packs/<language>/findings.yaml has its sentences under the rule's name."""

    rule: str
    evidence: Numbers
    weight: float
    remedy: PlanChange = {}
    said: tuple[str, ...] = ("claim",)  # the sentences of the claim, in this order
    beside: Numbers = {}  # what the sentences name besides the evidence

    def build_finding(self) -> Finding:
        return Finding(
            rule=self.rule,
            claim=self.said,
            evidence=self.evidence,
            beside=self.beside,
            weight=self.weight,
            remedy=self.remedy,
        )
