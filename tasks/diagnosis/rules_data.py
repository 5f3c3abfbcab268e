"""Faults of the training data: repeated, narrow, beside the questions, leaking into them, left out."""

from tasks.diagnosis.evidence import LEAK_RUN, Evidence
from tasks.diagnosis.reason import Reason
from tasks.diagnosis.remedies import Change, more_pairs
from tasks.plan import StudyPlan, ValidationPlan

LEAKED = 0.05  # share of the questions
DISTINCT = 0.8  # share of the texts
COVERED = 0.5  # share of the questions


def leakage(e: Evidence) -> Reason | None:
    """Leaks make a gain look larger, so they weigh most where there is one."""
    if e.leaked_share < LEAKED and not e.shared_facts:
        return None
    run = max(4, min(e.plan.validation.leak_ngram, LEAK_RUN) - 2)
    tighter: Change = {"validation.leak_ngram": run, "validation.leak_similarity": min(0.6, e.plan.validation.leak_similarity)}
    return Reason(
        rule="leakage",
        evidence={"leaked": e.leaked, "leaked_share": e.leaked_share, "shared_facts": e.shared_facts},
        weight=0.97 if e.is_improved else 0.4,
        remedy=tighter,
    )


def texts_left_out(e: Evidence) -> Reason | None:
    share = e.preflight.too_long / max(1, e.preflight.texts, e.pairs)
    if share < 0.05:
        return None
    room = 64 * -(-e.preflight.longest // 64)  # up to the next multiple of 64
    return Reason(
        rule="texts-cut",
        evidence={"too_long": e.preflight.too_long, "texts": e.preflight.texts, "longest": e.preflight.longest},
        weight=0.972 if share >= 0.3 else 0.6,
        beside={"max_tokens": e.plan.finetuning.max_tokens},
        remedy={"finetuning.max_tokens": max(room, e.plan.finetuning.max_tokens)},
    )


def unrelated(e: Evidence) -> Reason | None:
    if e.primary.set == "new_fact" or e.coverage >= COVERED:
        return None
    return Reason(
        rule="data-unrelated",
        evidence={"coverage": e.coverage, "facts": e.facts, "pairs": e.pairs},
        weight=0.927,
        remedy=more_pairs(e.plan),
    )


def narrow(e: Evidence) -> Reason | None:
    if e.top_diagnosis < 0.5 and (e.diagnoses >= 5 or e.pairs < 20):
        return None
    return Reason(
        rule="data-narrow",
        evidence={"diagnoses": e.diagnoses, "top_diagnosis": e.top_diagnosis, "pairs": e.pairs},
        weight=0.926,
        remedy=more_pairs(e.plan),
    )


def repeated(e: Evidence) -> Reason | None:
    if e.distinct >= DISTINCT:
        return None
    tighter = {"validation.near_duplicate": 0.7} if e.plan.validation.near_duplicate > 0.7 else {}
    return Reason(
        rule="data-repeated",
        evidence={"distinct": e.distinct, "pairs": e.pairs},
        weight=0.922,
        remedy=tighter | more_pairs(e.plan),
    )


def few_pairs(e: Evidence) -> Reason | None:
    asked = e.plan.generation.pairs
    if not isinstance(asked, int) or e.pairs >= 0.5 * asked:
        return None
    fell = {check: count for check, count in e.rejected.items() if check != "surplus"}
    check = max(fell, key=fell.__getitem__, default=None)
    return Reason(
        rule="few-pairs",
        evidence={"pairs": e.pairs, "asked": asked, "drafted": e.drafted_pairs},
        weight=0.89,
        said=("claim", "stopped") if check else ("claim",),
        beside={"check": check, "stopped": fell[check]} if check else {},
        remedy=_let_through(e.plan, check),
    )


def _let_through(plan: StudyPlan, check: str | None) -> Change:
    """A check that is stricter than usual goes back to what is usual; else a writer is asked again more often."""
    usual = ValidationPlan()
    strict: dict[str, Change] = {
        "duplicates": {"validation.near_duplicate": usual.near_duplicate} if plan.validation.near_duplicate < usual.near_duplicate else {},
        "leakage": {"validation.leak_ngram": usual.leak_ngram} if plan.validation.leak_ngram < usual.leak_ngram else {},
    }
    return strict.get(check or "", {}) or {"generation.rounds": plan.generation.rounds + 4}
