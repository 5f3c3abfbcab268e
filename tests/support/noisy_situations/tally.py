"""How often the first cause is right and which rules speak for nothing.

`cd tests; PYTHONPATH=.:.. python -m support.noisy_situations.tally 5` draws each situation five times; a second number
says from which draw on, and `fresh` asks the second set.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from support.noisy_situations.drawn_study import Situation, draw_evidence
from support.noisy_situations.fresh_situations import FRESH
from support.noisy_situations.situations import SITUATIONS
from tasks.diagnosis.rules.ranking import diagnose_evidence

RIGHT_OF_FEW = {
    "too-few-questions",
    "few-questions",
}  # what may be said of a study that is only too small


class Outcome(NamedTuple):
    """What one drawn study was told."""

    situation: Situation
    verdict: str
    rules: tuple[str, ...]  # in their order

    @property
    def first(self) -> str:
        return self.rules[0] if self.rules else ""

    @property
    def is_right(self) -> bool:
        """A healthy study is told nothing, or where luck left it without a gain, that its questions are too few."""
        if self.situation.kind == "healthy":
            return not set(self.rules) - RIGHT_OF_FEW
        if self.situation.kind == "few" and self.verdict == "improved":
            return not self.rules
        return self.first in self.situation.wanted


def judge_draw(draw: int, situations: Sequence[Situation] = SITUATIONS) -> list[Outcome]:
    """Each situation, drawn once."""
    return [judge_situation(situation, draw) for situation in situations]


def judge_situation(situation: Situation, draw: int) -> Outcome:
    """What a study of this truth is told."""
    evidence = draw_evidence(situation, draw)
    told = tuple(finding.rule for finding in diagnose_evidence(evidence))
    return Outcome(situation, evidence.primary.verdict, told)


def compute_right_share(outcomes: Iterable[Outcome], kind: str) -> float:
    """Of the studies of a kind, those whose first cause is right."""
    right = [outcome.is_right for outcome in outcomes if outcome.situation.kind == kind]
    return sum(right) / len(right)


def compute_false_alarms(outcomes: Iterable[Outcome], kind: str) -> dict[str, float]:
    """By rule: the share of the studies of this kind, which have no fault, in which it speaks."""
    rows = [
        set(outcome.rules) - RIGHT_OF_FEW for outcome in outcomes if outcome.situation.kind == kind
    ]
    return {
        rule: n / len(rows) for rule, n in Counter(r for row in rows for r in row).most_common()
    }


def count_confusions(outcomes: Iterable[Outcome]) -> dict[str, Counter[str]]:
    """By the cause that was planted: which was named first, and how often."""
    table: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        planted = "/".join(outcome.situation.wanted) or "(healthy)"
        named = outcome.first or "(none)"
        table.setdefault(planted, Counter())[named] += 1
    return table


def main(situations: Sequence[Situation], draws: int, first: int) -> None:
    """Print the figures of so many draws; two processes."""
    tried = [(situation, draw) for draw in range(first, first + draws) for situation in situations]
    with ProcessPoolExecutor(2) as pool:
        outcomes = list(pool.map(judge_situation, *zip(*tried, strict=True), chunksize=8))
    print(f"{len(situations)} situations, {draws} draws")
    for kind in ("healthy", "few", "faulty"):
        print(f"{kind}: first cause right {compute_right_share(outcomes, kind):.3f}")
    for kind in ("healthy", "few"):
        print(f"false alarms on {kind}: {compute_false_alarms(outcomes, kind)}")
    for planted, named in count_confusions(outcomes).items():
        print(f"{planted:36} {dict(named.most_common())}")
    print("wrong, by situation:")
    for situation in situations:
        wrong = Counter(
            (one.verdict, *one.rules[:3])
            for one in outcomes
            if one.situation.name == situation.name and not one.is_right
        )
        if wrong:
            print(f"  {wrong.total()} {situation.name}, {situation.wanted}: {wrong.most_common(3)}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(FRESH if "fresh" in sys.argv else SITUATIONS, numbers[0], (*numbers[1:], 0)[0])
