"""Faults of the training data: repeated, narrow, beside the questions, leaking into them, left out."""

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.remedies import Change, more_pairs
from tasks.records import Finding

LEAKED = 0.05  # share of the questions
DISTINCT = 0.8  # share of the texts
COVERED = 0.5  # share of the questions


def leakage(e: Evidence) -> Finding | None:
    """Leaks make a gain look larger, so they weigh most where there is one."""
    if e.leaked_share < LEAKED and not e.shared_facts:
        return None
    tighter: Change = {"validation.leak_ngram": max(4, e.plan.validation.leak_ngram - 2), "validation.leak_similarity": 0.6}
    return Finding(
        rule="leakage",
        claim=f"Training texts and questions overlap: {e.leaked} questions share a run of words with a training text, "
        f"{e.shared_facts} of the facts said to be new were taught.",
        evidence={"leaked": e.leaked, "leaked_share": e.leaked_share, "shared_facts": e.shared_facts},
        weight=0.97 if e.improved else 0.4,
        remedy=tighter,
        advice="Refuse shorter shared runs, split by fact, and ask new questions; the measured gain is not to be trusted.",
    )


def texts_left_out(e: Evidence) -> Finding | None:
    share = e.preflight.too_long / max(1, e.preflight.texts, e.pairs)
    if share < 0.05:
        return None
    room = 64 * -(-e.preflight.longest // 64)  # up to the next multiple of 64
    return Finding(
        rule="texts-cut",
        claim=f"{e.preflight.too_long} texts are longer than {e.plan.finetuning.max_tokens} tokens and were not taught whole.",
        evidence={"too_long": e.preflight.too_long, "texts": e.preflight.texts, "longest": e.preflight.longest},
        weight=0.972 if share >= 0.3 else 0.6,
        remedy={"finetuning.max_tokens": max(room, e.plan.finetuning.max_tokens)},
        advice="Room for the longest text.",
    )


def unrelated(e: Evidence) -> Finding | None:
    if e.primary.set == "new_fact" or e.coverage >= COVERED:
        return None
    return Finding(
        rule="data-unrelated",
        claim=f"The pairs teach the facts of only {100 * e.coverage:.0f} % of the questions.",
        evidence={"coverage": e.coverage, "facts": e.facts, "pairs": e.pairs},
        weight=0.927,
        remedy=more_pairs(e.plan),
        advice="Draw pairs from the pages that the questions come from.",
    )


def narrow(e: Evidence) -> Finding | None:
    if e.top_diagnosis < 0.5 and (e.diagnoses >= 5 or e.pairs < 20):
        return None
    return Finding(
        rule="data-narrow",
        claim=f"The pairs are too narrow: {e.diagnoses} different diagnoses in {e.pairs} pairs, one of them in {100 * e.top_diagnosis:.0f} %.",
        evidence={"diagnoses": e.diagnoses, "top_diagnosis": e.top_diagnosis, "pairs": e.pairs},
        weight=0.926,
        remedy=more_pairs(e.plan),
        advice="Spread the pairs over the whole book.",
    )


def repeated(e: Evidence) -> Finding | None:
    if e.distinct >= DISTINCT:
        return None
    tighter = {"validation.near_duplicate": 0.7} if e.plan.validation.near_duplicate > 0.7 else {}
    return Finding(
        rule="data-repeated",
        claim=f"The training texts repeat themselves: only {100 * e.distinct:.0f} % differ in more than numbers.",
        evidence={"distinct": e.distinct, "pairs": e.pairs},
        weight=0.922,
        remedy=tighter | more_pairs(e.plan),
        advice="Refuse near duplicates, and ask the writer for variety.",
    )


def few_pairs(e: Evidence) -> Finding | None:
    asked = e.plan.generation.pairs
    if not isinstance(asked, int) or e.pairs >= 0.5 * asked:
        return None
    stopped = max(e.rejected, key=e.rejected.__getitem__) if e.rejected else None
    return Finding(
        rule="few-pairs",
        claim=f"Only {e.pairs} of the {asked} pairs asked for were left to train on"
        + (f"; most fell at {stopped!r} ({e.rejected[stopped]})." if stopped else "."),
        evidence={"pairs": e.pairs, "asked": asked, "drafted": e.drafted_pairs},
        weight=0.89,
        remedy={"generation.rounds": e.plan.generation.rounds + 4},
        advice="Read rejections.jsonl: one check may stop good items, or the book is too short for so many pairs.",
    )
