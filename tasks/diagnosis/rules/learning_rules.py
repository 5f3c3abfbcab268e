"""What was learnt, what was not, and where it does not show."""

from statistics import stdev

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.finding_text import RuleResult, wrap_measured
from tasks.diagnosis.learning_checks import CLOZE_MODES, has_learnt_pairs
from tasks.diagnosis.remedies import (
    change_primary_mode,
    extend_training,
    increase_pairs,
    increase_wordings,
    require_harder_questions,
    soften_training,
    stop_early,
)
from tasks.schemas.messages import Figure, Nats, Points, PValue, Share, Term
from tasks.schemas.result_rows import Comparison

LOST_PERPLEXITY_RATIO = 1.5  # perplexity after over before
# the same for the tiny model, whose healthy tuning on short texts makes the book's own 4 to 8 times
# as perplexing
CONTROL_PERPLEXITY_RATIO = 10.0
# Of the taught pairs' own gain, that other wordings show at most: about the ten points that a study
# should be able to see, where a tuning that worked gains forty to seventy on its pairs
CARRIED_SHARE = 0.25
SEEDS_ALPHA = 0.01  # of the test that the seeds have one effect
KNOWN_LOG_LIKELIHOOD = -0.1  # nats per token: the taught diagnoses were as good as certain before


def detect_facts_not_learnt(e: Evidence) -> RuleResult | None:
    """The pairs themselves, asked as questions, are answered no better."""
    if has_learnt_pairs(e) is not False:
        return None
    train = _pick_best(e.select_comparisons("train", *CLOZE_MODES) or e.select_comparisons("train"))
    shuffled = e.plan.finetuning.shuffle_diagnoses
    parts = {
        "claim": True,
        "asked": train,
        "shuffled": shuffled,
        "changed": e.primary.changed > e.primary.n / 5,
    }
    return RuleResult(
        rule="facts-not-learnt",
        evidence={
            "train_base": wrap_measured(Share, train.base.rate if train else None),
            "train_tuned": wrap_measured(Share, train.tuned.rate if train else None),
            "train_p": wrap_measured(PValue, train.p_value if train else None),
            "taught_before": Nats(e.probe.taught_before),
            "taught_after": Nats(e.probe.taught_after),
            "unseen_before": wrap_measured(Nats, e.probe.unseen_before),
            "unseen_after": wrap_measured(Nats, e.probe.unseen_after),
            "kl_mean": Nats(e.probe.kl_mean),
            "changed": Figure(e.primary.changed),
            "n": e.primary.n,
        },
        priority=0.9,
        said=tuple(part for part, holds in parts.items() if holds),
        remedy={"finetuning.shuffle_diagnoses": False}
        if shuffled
        else extend_training(e.plan, e.preflight.texts, e.has_more_pairs)
        | increase_wordings(e.plan, e.has_more_pairs),
    )


def detect_rote_learning(e: Evidence) -> RuleResult | None:
    """The pairs are known as they were worded, and of their gain less than a quarter, by its
    interval, shows in other words.
    """
    train = _pick_best(e.select_comparisons("train", e.primary.mode))
    if (
        e.primary.set == "train"
        or not train
        or train.verdict != "improved"
        or _has_improved(e, "same_fact")
    ):
        return None
    if e.primary.difference.high >= CARRIED_SHARE * train.difference.value:
        return None
    return RuleResult(
        rule="learnt-by-heart",
        evidence={
            "train_difference": Points(train.difference.value),
            "difference": Points(e.primary.difference.value),
            "unseen_before": wrap_measured(Nats, e.probe.unseen_before),
            "unseen_after": wrap_measured(Nats, e.probe.unseen_after),
        },
        priority=0.85,
        remedy=increase_wordings(e.plan, e.has_more_pairs) or stop_early(e.plan),
    )


def detect_missing_transfer(e: Evidence) -> RuleResult | None:
    """Taught facts rose, facts that were never taught less, by their interval: as it should be, if
    those are asked about.
    """
    taught = _pick_best(
        [
            row
            for row in e.select_comparisons("same_fact", e.primary.mode)
            if row.verdict == "improved"
        ]
    )
    if e.primary.set not in ("new_fact", "all") or not taught:
        return None
    if e.primary.difference.high >= taught.difference.value:
        return None
    return RuleResult(
        rule="not-carried-over",
        evidence={
            "same_fact": Points(taught.difference.value),
            "difference": Points(e.primary.difference.value),
            "coverage": Share(e.coverage),
        },
        priority=0.915,
        remedy={"comparison.primary_set": "same_fact"},
    )


def detect_format_gap(e: Evidence) -> RuleResult | None:
    """Known when an option's text is scored, not when its number must be named."""
    known = _pick_best(
        [
            row
            for row in e.select_comparisons(e.primary.set, *CLOZE_MODES)
            if row.verdict == "improved"
        ]
    )
    if e.primary.mode in CLOZE_MODES or not known:
        return None
    return RuleResult(
        rule="format-gap",
        evidence={
            "cloze_difference": Points(known.difference.value),
            "cloze_p": PValue(known.p_value),
            "difference": Points(e.primary.difference.value),
            "illegible": e.primary.illegible_tuned,
        },
        priority=0.935,
        remedy=change_primary_mode(e.plan, known.mode),
        beside={"known": Term("modes", known.mode), "mode": Term("modes", e.primary.mode)},
    )


def detect_known_facts(e: Evidence) -> RuleResult | None:
    train = _pick_best(e.select_comparisons("train", *CLOZE_MODES))
    asked = train is not None and train.base.low >= 0.8
    if not asked and e.probe.taught_before < KNOWN_LOG_LIKELIHOOD:
        return None
    return RuleResult(
        rule="already-known",
        evidence={
            "taught_before": Nats(e.probe.taught_before),
            "train_base": wrap_measured(Share, train.base.rate if train else None),
        },
        priority=0.952,  # above too few updates: more of them cannot teach what is known
        remedy=require_harder_questions(e.plan),
    )


def detect_knowledge_loss(e: Evidence) -> RuleResult | None:
    """The price of the tuning elsewhere; a tiny control that improved had nothing else to lose."""
    book, general = (
        _compute_ratio(e.probe.book_before, e.probe.book_after),
        _compute_ratio(e.probe.general_before, e.probe.general_after),
    )
    if max(book or 0, general or 0) < (
        CONTROL_PERPLEXITY_RATIO if e.is_tiny_control else LOST_PERPLEXITY_RATIO
    ) or (e.is_improved and e.is_tiny_control):
        return None
    return RuleResult(
        rule="knowledge-lost",
        evidence={
            "book_times": wrap_measured(Figure, book),
            "general_times": wrap_measured(Figure, general),
            "book_before": wrap_measured(Figure, e.probe.book_before),
            "book_after": wrap_measured(Figure, e.probe.book_after),
            "general_before": wrap_measured(Figure, e.probe.general_before),
            "general_after": wrap_measured(Figure, e.probe.general_after),
        },
        priority=0.855
        if e.is_tiny_control
        else 0.88,  # a base that knows nothing but the book has little else to lose
        said=("both" if book and general else "book" if book else "general",),
        remedy=soften_training(e.plan),
    )


def detect_harm_elsewhere(e: Evidence) -> RuleResult | None:
    """Questions that the verdict is not about are answered worse; the largest loss is told. The
    tiny control knows nothing but the book, so its answers to everyday questions are no loss.
    """
    lost = [
        harm
        for harm in e.harms
        if harm.finding == "harm" and not (e.is_tiny_control and harm.what == "everyday")
    ]
    if not lost:
        return None
    worst = min(lost, key=lambda harm: harm.difference.value)
    return RuleResult(
        rule="harm-elsewhere",
        evidence={
            "before": Share(worst.base.rate),
            "after": Share(worst.tuned.rate),
            "low": Points(worst.difference.low),
            "high": Points(worst.difference.high),
            "n": worst.n,
        },
        # beside a gain it is what to act on; beside none, what hindered the gain comes first
        priority=0.956 if e.is_improved else 0.86,
        beside={"what": Term("elsewhere", worst.what)},
        remedy=soften_training(e.plan),
    )


def detect_seed_disagreement(e: Evidence) -> RuleResult | None:
    """By more than the facts' own noise explains, and by more than the plan's margin; equal
    verdicts are no sign that they do not, nor different ones that they do.
    """
    values, p_seeds = e.primary.seeds, e.primary.extra.get("p_seeds", 1.0)
    if p_seeds > SEEDS_ALPHA or stdev(values) <= e.plan.comparison.margin:
        return None
    return RuleResult(
        rule="seeds-disagree",
        evidence={
            "seeds": len(values),
            "lowest": Points(min(values)),
            "highest": Points(max(values)),
            "p_seeds": PValue(p_seeds),
        },
        priority=0.925,
        remedy=increase_pairs(e.plan, e.has_more_pairs)
        or {"finetuning.learning_rate": float(f"{e.plan.finetuning.learning_rate / 2:.2g}")},
    )


def _has_improved(e: Evidence, name: str) -> bool:
    return any(row.verdict == "improved" for row in e.comparisons if row.set == name)


def _pick_best(rows: list[Comparison]) -> Comparison | None:
    return max(rows, key=lambda row: row.difference.value, default=None)


def _compute_ratio(before: float | None, after: float | None) -> float | None:
    return after / before if before and after else None
