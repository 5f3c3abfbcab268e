"""Split by fact: what is taught, what is asked about it in other words, and what is asked but never
taught.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from tasks.language.text import fold_text
from tasks.schemas.item_rows import Pair, Question, Rejection
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import ValidationPlan
from tasks.schemas.sections.apportionment import apportion_total
from tasks.validation.items import PairOrQuestion, build_row_rejection

R = TypeVar("R", Pair, Question)


class TrimmedRows(NamedTuple):
    """The rows that stay and the rows that go, both in their old order."""

    kept: list[PairOrQuestion]
    gone: list[PairOrQuestion]


class TaughtPairs(NamedTuple):
    """Training pairs, pairs kept for the held-out loss, and pairs whose facts are for new_fact."""

    pairs: list[Pair]
    held_out: list[Pair]
    rejected: list[Rejection]


class AskedQuestions(NamedTuple):
    """Questions on taught facts, and questions on facts never taught."""

    same_fact: list[Question]
    new_fact: list[Question]


def choose_untaught_facts(
    pairs: Sequence[Pair],
    questions: Sequence[Question],
    plan: ValidationPlan,
    wanted: int | None = None,
) -> frozenset[str]:
    """The facts that no pair may teach: a share of the taught ones, drawn among those that are
    asked about.

    Facts whose diagnoses stand side by side as options stay on one side where that is possible:
    were some of a question's
    options taught names and others not, a model that has merely become used to the taught names
    would seem to know more.
    One asked fact at least stays taught, so that `same_fact` is not empty; and as many pairs as are
    wanted stay, so that
    fewer facts are kept out where the drafts have none to spare.
    """
    taught = {p.fact for p in pairs}
    asked = taught & {q.fact for q in questions}
    number = min(round(plan.new_fact_share * len(taught)), max(0, len(asked) - 1))
    spare = len(pairs) - min(wanted or 0, len(pairs))
    draw = random.Random(f"split/{plan.seed}")
    circles = [circle for circle in find_option_clusters(pairs, questions) if circle & asked]
    draw.shuffle(circles)
    sizes = Counter(p.fact for p in pairs)
    whole = _fill_untaught_facts(circles[:-1], number, spare, sizes)  # the last one stays taught
    return whole or _fill_untaught_facts(
        [frozenset({fact}) for fact in draw.sample(sorted(asked), len(asked))], number, spare, sizes
    )


def _fill_untaught_facts(
    circles: Sequence[frozenset[str]], number: int, spare: int, sizes: Mapping[str, int]
) -> frozenset[str]:
    """Circles in their order until about `number` facts are in, of which `spare` pairs at most are
    lost.
    """
    out = set[str]()
    for circle in circles:
        lost = sum(sizes[fact] for fact in circle)
        if (
            len(out) + len(circle) / 2 <= number and lost <= spare
        ):  # nearer to the number with it than without
            out |= circle
            spare -= lost
    return frozenset(out)


def find_option_clusters(
    pairs: Sequence[Pair], questions: Sequence[Question]
) -> list[frozenset[str]]:
    """The taught facts, those together whose diagnoses are options of one question, in a fixed
    order.
    """
    fact_of = {fold_text(p.diagnosis): p.fact for p in pairs}
    circles = {fact: {fact} for fact in fact_of.values()}
    for question in questions:
        named = {
            fact for option in question.options if (fact := fact_of.get(fold_text(option)))
        } | ({question.fact} & circles.keys())
        joined = set[str]().union(*(circles[fact] for fact in named))
        for fact in joined:
            circles[fact] = joined
    return sorted({frozenset(circle) for circle in circles.values()}, key=sorted)


def select_taught_pairs(
    pairs: Sequence[Pair], out: frozenset[str], wanted: int | None, plan: ValidationPlan
) -> TaughtPairs:
    """The pairs that are taught, at most `wanted`, spread over the facts; a share of them held out
    where their fact stays taught.
    """
    rejected = [
        build_row_rejection(p, "split", build_message("kept-out-of-training", fact=p.fact))
        for p in pairs
        if p.fact in out
    ]
    allowed = [p for p in pairs if p.fact not in out]
    trimmed = sample_in_turns(allowed, wanted, lambda p: p.fact, f"pairs/{plan.seed}")
    rejected += [
        build_row_rejection(p, "surplus", build_message("more-than-wanted", wanted=wanted or 0))
        for p in trimmed.gone
    ]
    train, held = hold_out_pairs([p for p in trimmed.kept if isinstance(p, Pair)], plan)
    return TaughtPairs(train, held, rejected)


def hold_out_pairs(pairs: list[Pair], plan: ValidationPlan) -> tuple[list[Pair], list[Pair]]:
    """(training, held out): every fact keeps at least one training pair."""
    left = Counter(p.fact for p in pairs)
    order = sorted(pairs, key=lambda p: p.id)
    random.Random(f"held out/{plan.seed}").shuffle(order)
    held = set[str]()
    for pair in order:
        if len(held) >= round(plan.held_out_share * len(pairs)):
            break
        if left[pair.fact] > 1:
            left[pair.fact] -= 1
            held.add(pair.id)
    return [p for p in pairs if p.id not in held], [p for p in pairs if p.id in held]


def group_questions(questions: Sequence[Question], taught: frozenset[str]) -> AskedQuestions:
    """A question is about a taught fact or about one that no pair teaches."""
    return AskedQuestions(
        [q for q in questions if q.fact in taught], [q for q in questions if q.fact not in taught]
    )


def sample_in_turns(
    rows: Sequence[PairOrQuestion],
    wanted: int | None,
    group: Callable[[PairOrQuestion], Hashable],
    seed: str,
) -> TrimmedRows:
    """At most `wanted` rows, taken from each group in turn, so that no group is used up before the
    others begin.
    """
    if wanted is None or len(rows) <= wanted:
        return TrimmedRows(list(rows), [])
    draw = random.Random(seed)
    turns = dict[str, tuple[int, float]]()
    counts: dict[Hashable, int] = defaultdict(int)
    for row in sorted(rows, key=lambda r: (draw.random(), r.id)):
        turns[row.id] = (counts[group(row)], draw.random())
        counts[group(row)] += 1
    chosen = set(sorted(turns, key=lambda i: turns[i])[:wanted])
    return TrimmedRows([r for r in rows if r.id in chosen], [r for r in rows if r.id not in chosen])


def trim_questions(
    asked: AskedQuestions, wanted: int | None, seed: int
) -> tuple[AskedQuestions, list[Rejection]]:
    """At most `wanted` questions; sets and types keep their proportions, facts take turns."""
    strata: dict[Hashable, list[Question]] = defaultdict(list)
    for taught, questions in enumerate(asked):
        for q in questions:
            strata[taught, q.kind].append(q)
    if wanted is None or sum(map(len, strata.values())) <= wanted:
        return asked, []
    dealt = apportion_total(
        {k: len(strata[k]) for k in sorted(strata, key=str)}, wanted, sure_from=math.inf
    )
    gone = [
        r
        for k, v in strata.items()
        for r in sample_in_turns(v, dealt[k], lambda q: q.fact, f"questions/{seed}/{k}").gone
    ]
    lost = {r.id for r in gone}
    rejected = [
        build_row_rejection(r, "surplus", build_message("more-than-wanted", wanted=wanted))
        for r in gone
    ]
    same, new = ([q for q in questions if q.id not in lost] for questions in asked)
    return AskedQuestions(same, new), rejected
