"""A reason of the result in numbers, and how it becomes a finding in words."""

from typing import NamedTuple

from tasks.diagnosis.remedies import PlanChange
from tasks.language.i18n import Translator, load_translator
from tasks.schemas.result_rows import Cause, CauseName, CauseVerdict, Finding

Numbers = dict[str, float | int | str | None]


class RuleResult(NamedTuple):
    """What a rule found; packs/<language>/findings.yaml has its sentences under the rule's name."""

    rule: str
    evidence: Numbers
    weight: float
    remedy: PlanChange = {}
    said: tuple[str, ...] = ("claim",)  # the sentences of the claim, in this order
    beside: Numbers = {}  # what the sentences name besides the evidence

    def build_finding(self, language: str) -> Finding:
        """In words."""
        say, texts, numbers = (
            load_sentences(language),
            load_sentences(language)["rules"][self.rule],
            self.evidence | self.beside,
        )
        return Finding(
            rule=self.rule,
            claim=" ".join(say.format_sentence(texts[name], numbers) for name in self.said),
            evidence=self.evidence,
            weight=self.weight,
            remedy=self.remedy,
            advice=say.format_sentence(texts["advice"], numbers),
        )


def build_cause(
    name: CauseName,
    verdict: CauseVerdict,
    numbers: Numbers,
    said: tuple[str, ...],
    found: list[RuleResult],
    language: str,
) -> Cause:
    """One of the exercise's causes in words: what the rules found, then its own sentences."""
    say = load_sentences(language)
    claims = [reason.build_finding(language).claim for reason in found]
    claims += [say.format_sentence(say["causes"][name][text], numbers) for text in said]
    return Cause(name=name, verdict=verdict, claim=" ".join(claims), evidence=numbers)


def load_sentences(language: str) -> Translator:
    """The sentences in a language; English where there are none."""
    return load_translator(language, "packs/findings.yaml")
