"""What was learnt, what was not, and where it does not show."""

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.learning import CLOZE, learnt
from tasks.diagnosis.remedies import harder_questions, longer, more_pairs, more_wordings, primary
from tasks.records import Comparison, Finding

LOST = 1.5  # perplexity after over before
KNOWN = -0.1  # nats per token: the taught diagnoses were as good as certain before


def facts_not_learnt(e: Evidence) -> Finding | None:
    """The pairs themselves, asked as questions, are answered no better."""
    if learnt(e) is not False:
        return None
    train = _best(e.of("train", *CLOZE) or e.of("train"))
    shuffled = e.plan.finetuning.shuffle_diagnoses
    why = " (the plan deals the diagnoses out anew among the pairs)" if shuffled else ""
    still = f"; {e.primary.changed} of {e.primary.n} answers changed all the same" if e.primary.changed > e.primary.n / 5 else ""
    rates = f": asked as questions, {_percent(train.base.rate)} right before and {_percent(train.tuned.rate)} after" if train else ""
    return Finding(
        rule="facts-not-learnt",
        claim=f"The taught facts were not learnt{rates}{why}{still}.",
        evidence={
            "train_base": train.base.rate if train else None,
            "train_tuned": train.tuned.rate if train else None,
            "train_p": train.p_value if train else None,
            "taught_before": e.probe.taught_before,
            "taught_after": e.probe.taught_after,
            "unseen_before": e.probe.unseen_before,
            "unseen_after": e.probe.unseen_after,
            "kl_mean": e.probe.kl_mean,
            "changed": e.primary.changed,
        },
        weight=0.9,
        remedy={"finetuning.shuffle_diagnoses": False} if shuffled else longer(e.plan, e.preflight.texts) | more_wordings(e.plan),
        advice="Check that each diagnosis belongs to its vignette; then more updates and more wordings of each fact.",
    )


def learnt_by_heart(e: Evidence) -> Finding | None:
    """The pairs are known as they were worded, the same facts in other words are not."""
    train = _best(e.of("train", e.primary.mode))
    if e.primary.set == "train" or not train or train.verdict != "improved" or _gained(e, "same_fact"):
        return None
    if e.primary.difference.high >= train.difference.value:  # too few questions to tell the two gains apart
        return None
    return Finding(
        rule="learnt-by-heart",
        claim=f"The pairs are known word for word ({_points(train)} points), the same facts in other words are not ({_points(e.primary)} points).",
        evidence={
            "train_difference": train.difference.value,
            "difference": e.primary.difference.value,
            "unseen_before": e.probe.unseen_before,
            "unseen_after": e.probe.unseen_after,
        },
        weight=0.85,
        remedy=more_wordings(e.plan) or {"finetuning.early_stopping": 1},
        advice="Teach each fact in several wordings; stop at the best held-out loss.",
    )


def not_carried_over(e: Evidence) -> Finding | None:
    """Taught facts rose, facts that were never taught did not: as it should be, if those are asked about."""
    taught = _best([row for row in e.of("same_fact", e.primary.mode) if row.verdict == "improved"])
    if e.primary.set not in ("new_fact", "all") or not taught:
        return None
    return Finding(
        rule="not-carried-over",
        claim=f"What was taught is known ({_points(taught)} points on its facts), but facts that were not taught stay unknown ({_points(e.primary)} points).",
        evidence={"same_fact": taught.difference.value, "difference": e.primary.difference.value, "coverage": e.coverage},
        weight=0.915,
        remedy={"comparison.primary_set": "same_fact"},
        advice="Tuning teaches what its pairs say: ask about taught facts, or teach the facts that are asked about.",
    )


def format_gap(e: Evidence) -> Finding | None:
    """Known when an option's text is scored, not when its number must be named."""
    known = _best([row for row in e.of(e.primary.set, *CLOZE) if row.verdict == "improved"])
    if e.primary.mode in CLOZE or not known:
        return None
    return Finding(
        rule="format-gap",
        claim=f"It was learnt, but cannot be said in this form: {known.mode} {_points(known)} points, {e.primary.mode} {_points(e.primary)}.",
        evidence={
            "cloze_difference": known.difference.value,
            "cloze_p": known.p_value,
            "difference": e.primary.difference.value,
            "illegible": e.primary.illegible_tuned,
        },
        weight=0.935,
        remedy=primary(e.plan, known.mode),
        advice="Score the options' texts; or train in the form of the test too, on other facts.",
    )


def already_known(e: Evidence) -> Finding | None:
    train = _best(e.of("train", *CLOZE))
    asked = train is not None and train.base.low >= 0.8
    if not asked and e.probe.taught_before < KNOWN:
        return None
    return Finding(
        rule="already-known",
        claim="The base model knows what the pairs teach, so there is nothing to learn from them.",
        evidence={"taught_before": e.probe.taught_before, "train_base": train.base.rate if train else None},
        weight=0.945,
        remedy=harder_questions(e.plan),
        advice="Teach and ask what the model does not know: rarer conditions, neighbours that are easily confused.",
    )


def knowledge_lost(e: Evidence) -> Finding | None:
    """The price of the tuning elsewhere; a tiny control that improved had nothing else to lose."""
    book, general = _ratio(e.probe.book_before, e.probe.book_after), _ratio(e.probe.general_before, e.probe.general_after)
    if max(book or 0, general or 0) < LOST or (e.improved and e.control):
        return None
    gentler = e.plan.finetuning.learning_rate / 2
    return Finding(
        rule="knowledge-lost",
        claim=f"Knowledge was lost elsewhere: perplexity grew {_times(book)} on the book, {_times(general)} on general text.",
        evidence={
            "book_before": e.probe.book_before,
            "book_after": e.probe.book_after,
            "general_before": e.probe.general_before,
            "general_after": e.probe.general_after,
        },
        weight=0.88,
        remedy={"finetuning.learning_rate": float(f"{gentler:.2g}"), "finetuning.early_stopping": 1},
        advice="Half the learning rate, fewer epochs, or some of the book's own text among the training texts.",
    )


def seeds_disagree(e: Evidence) -> Finding | None:
    verdicts = sorted({row.verdict for row in e.seeds})
    if len(verdicts) < 2:
        return None
    values = [row.difference.value for row in e.seeds]
    return Finding(
        rule="seeds-disagree",
        claim=f"{len(values)} seeds of the same tuning disagree: {' and '.join(verdicts)}, {100 * min(values):+.1f} to {100 * max(values):+.1f} points.",
        evidence={"seeds": len(values), "lowest": min(values), "highest": max(values)},
        weight=0.925,
        remedy=more_pairs(e.plan) or {"finetuning.learning_rate": float(f"{e.plan.finetuning.learning_rate / 2:.2g}")},
        advice="Trust the mean over seeds, not one of them; more pairs or a gentler rate make the outcome steadier.",
    )


def _gained(e: Evidence, name: str) -> bool:
    return any(row.verdict == "improved" for row in e.comparisons if row.set == name)


def _best(rows: list[Comparison]) -> Comparison | None:
    return max(rows, key=lambda row: row.difference.value, default=None)


def _ratio(before: float | None, after: float | None) -> float | None:
    return after / before if before and after else None


def _times(ratio: float | None) -> str:
    return "an unmeasured amount" if ratio is None else f"{ratio:.1f}-fold"


def _percent(rate: float) -> str:
    return f"{100 * rate:.0f} %"


def _points(row: Comparison) -> str:
    return f"{100 * row.difference.value:+.1f}"
