"""Faults of the training data: repeated, narrow, beside the questions, leaking into them,
left out.
"""

from tasks.diagnosis.evidence import LEAK_NGRAM, Evidence
from tasks.diagnosis.finding_text import RuleResult
from tasks.diagnosis.remedies import PlanChange, increase_pairs
from tasks.schemas.messages import Figure, PValue, Share, Term
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import ValidationPlan
from tasks.schemas.sections.profiles import ITEM_FORMS, MEDICINE

MIN_LEAKED_SHARE = 0.05  # share of the questions
MIN_DISTINCT_SHARE = 0.8  # share of the texts
# Pairs by rules from the Persian handbook, 60 to 300 of them, 30 draws each: from 16 couples on
# all are aligned at p ≤ .05, 5 to 12 times as alike as chance; with their diagnoses dealt out anew,
# 73 couples and more are 1.7 times as alike at most, and p ≤ .05 in 4 of 60
MIN_COUPLES, ALIGNMENT_ALPHA, MIN_ALIKE_RATIO = 50, 0.05, 1.5
MIN_COVERAGE = 0.5  # share of the questions


def detect_leakage(e: Evidence) -> RuleResult | None:
    """Leaks make a gain look larger, so they weigh most where there is one."""
    if e.leaked_share < MIN_LEAKED_SHARE and not e.shared_facts:
        return None
    run = max(4, min(e.plan.validation.leak_ngram, LEAK_NGRAM) - 2)
    tighter: PlanChange = {
        "validation.leak_ngram": run,
        "validation.leak_similarity": min(0.6, e.plan.validation.leak_similarity),
    }
    return RuleResult(
        rule="leakage",
        evidence={
            "leaked": e.leaked,
            "leaked_share": Share(e.leaked_share),
            "shared_facts": e.shared_facts,
        },
        priority=0.97 if e.is_improved else 0.4,
        remedy=tighter,
    )


def detect_unfit_profile(e: Evidence) -> RuleResult | None:
    """A book without patients of which vignettes and diagnoses were asked; a person's own items are
    what they are.
    """
    written, fitting = e.plan.generation, e.fitting_profile
    own = isinstance(written.pairs, str) and isinstance(written.questions, str)
    if own or written.profile != MEDICINE or fitting in ("", MEDICINE):
        return None
    return RuleResult(
        rule="unfit-profile",
        evidence={"medical_rate": Figure(e.medical_rate, 0), "pairs": e.pairs},
        priority=0.5 if e.is_improved else 0.97,
        beside={"profile": fitting},
        remedy={
            "generation.profile": fitting,
            "generation.kinds": ITEM_FORMS[fitting].kinds,
            "generation.writer": "gpt",
        },
    )


def detect_dropped_texts(e: Evidence) -> RuleResult | None:
    share = e.preflight.too_long / max(1, e.preflight.texts, e.pairs)
    if share < 0.05:
        return None
    room = 64 * -(-e.preflight.longest // 64)  # up to the next multiple of 64
    return RuleResult(
        rule="texts-cut",
        evidence={
            "too_long": e.preflight.too_long,
            "texts": e.preflight.texts,
            "longest": e.preflight.longest,
        },
        priority=0.972 if share >= 0.3 else 0.6,
        beside={"max_tokens": e.plan.finetuning.max_tokens},
        remedy={"finetuning.max_tokens": max(room, e.plan.finetuning.max_tokens)},
    )


def detect_misaligned_pairs(e: Evidence) -> RuleResult | None:
    """A person's own conclusions stand beside situations that they do not belong to: a column
    sorted apart, or shifted by a row.
    """
    found = e.alignment
    if not isinstance(e.plan.generation.pairs, str) or not found or found.couples < MIN_COUPLES:
        return None
    if found.p_value <= ALIGNMENT_ALPHA and found.alike >= MIN_ALIKE_RATIO * found.by_chance:
        return None
    return RuleResult(
        rule="misaligned-pairs",
        evidence={
            "couples": found.couples,
            "alike": Share(found.alike),
            "by_chance": Share(found.by_chance),
            "p_alignment": PValue(found.p_value),
        },
        priority=0.963,  # no training mends it, so it comes before all that is said of the training
    )


def detect_unrelated_data(e: Evidence) -> RuleResult | None:
    if e.primary.set == "new_fact" or e.coverage >= MIN_COVERAGE:
        return None
    return RuleResult(
        rule="data-unrelated",
        evidence={"coverage": Share(e.coverage), "facts": e.facts, "pairs": e.pairs},
        priority=0.927,
        remedy=increase_pairs(e.plan, e.has_more_pairs),
    )


def detect_narrow_data(e: Evidence) -> RuleResult | None:
    if e.top_diagnosis < 0.5 and (e.diagnoses >= 5 or e.pairs < 20):
        return None
    return RuleResult(
        rule="data-narrow",
        evidence={
            "diagnoses": e.diagnoses,
            "top_diagnosis": Share(e.top_diagnosis),
            "pairs": e.pairs,
        },
        priority=0.926,
        remedy=increase_pairs(e.plan, e.has_more_pairs),
    )


def detect_repeated_data(e: Evidence) -> RuleResult | None:
    if e.distinct >= MIN_DISTINCT_SHARE:
        return None
    tighter = {"validation.near_duplicate": 0.7} if e.plan.validation.near_duplicate > 0.7 else {}
    return RuleResult(
        rule="data-repeated",
        evidence={"distinct": Share(e.distinct), "pairs": e.pairs},
        priority=0.922,
        remedy=tighter | increase_pairs(e.plan, e.has_more_pairs),
    )


def detect_few_pairs(e: Evidence) -> RuleResult | None:
    asked = e.plan.generation.pairs
    if not isinstance(asked, int) or e.pairs >= 0.5 * asked:
        return None
    fell = {check: count for check, count in e.rejected.items() if check != "surplus"}
    check = max(fell, key=fell.__getitem__, default=None)
    return RuleResult(
        rule="few-pairs",
        evidence={"pairs": e.pairs, "asked": asked, "drafted": e.drafted_pairs},
        priority=0.89,
        said=("claim", "stopped") if check else ("claim",),
        beside={"check": Term("checks", check), "stopped": fell[check]} if check else {},
        remedy=_loosen_check(e.plan, check),
    )


def _loosen_check(plan: StudyPlan, check: str | None) -> PlanChange:
    """A check that is stricter than usual goes back to what is usual; else a server is asked again
    more often. Rules give the same again.
    """
    usual = ValidationPlan()
    strict: dict[str, PlanChange] = {
        "duplicates": {"validation.near_duplicate": usual.near_duplicate}
        if plan.validation.near_duplicate < usual.near_duplicate
        else {},
        "leakage": {"validation.leak_ngram": usual.leak_ngram}
        if plan.validation.leak_ngram < usual.leak_ngram
        else {},
    }
    again = {"generation.rounds": plan.generation.rounds + 4}
    return strict.get(check or "", {}) or (again if plan.generation.writer == "gpt" else {})
