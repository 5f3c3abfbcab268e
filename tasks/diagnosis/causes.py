"""The four causes that the exercise could only guess at, each answered by a measurement."""

from tasks.diagnosis.evidence import CHANCE, LEAK_RUN, Evidence, finite
from tasks.diagnosis.learning import learnt, signs
from tasks.diagnosis.reason import Numbers, Reason, cause
from tasks.diagnosis.rules_data import LEAKED, narrow, repeated, unrelated
from tasks.diagnosis.rules_learning import already_known
from tasks.diagnosis.rules_questions import at_ceiling, guessable
from tasks.diagnosis.rules_tuning import FEW_UPDATES, loss_flat, rate_too_low, stopped_early, too_few_updates, weights_unmoved
from tasks.results import Cause, CauseName, CauseVerdict

ROOM = 0.7  # share right above which a base model leaves little room


def four_causes(evidence: Evidence) -> list[Cause]:
    """In the exercise's order: training data, too little training, leakage, easy questions."""
    return [_data(evidence), _training(evidence), _leakage(evidence), _easy(evidence)]


def _data(e: Evidence) -> Cause:
    """Too simple, repeated, or not related to the questions."""
    numbers: Numbers = {
        "pairs": e.pairs,
        "distinct": e.distinct,
        "diagnoses": e.diagnoses,
        "coverage": e.coverage,
        "vignette_words": e.vignette_words,
        "taught_before": e.probe.taught_before,
        "updates": e.updates,
    }
    found = [reason for rule in (unrelated, narrow, repeated, already_known) if (reason := rule(e))]
    if e.is_improved:
        return _answer(e, "training data", "ruled out", numbers, "taught", "counted")
    if found:
        return _answer(e, "training data", "likely", numbers, found=found)
    if e.primary.set == "new_fact" and learnt(e) is not False:
        return _answer(e, "training data", "cannot be told", numbers, "not_judged", "counted")
    if _in_vain(e):
        return _answer(e, "training data", "likely", numbers, "in_vain", "counted")
    return _answer(e, "training data", "ruled out", numbers, "sound", "counted")


def _training(e: Evidence) -> Cause:
    """Too few updates, or too weak ones."""
    numbers: Numbers = {
        "updates": e.updates,
        "epochs": e.preflight.epochs,
        "learning_rate": e.plan.finetuning.learning_rate,
        "loss_before": finite(e.loss_first),
        "loss_after": finite(e.loss_last),
        "kl_mean": e.probe.kl_mean,
        "weight_shift": e.probe.weight_shift,
        "taught_before": e.probe.taught_before,
        "taught_after": e.probe.taught_after,
        "changed": e.primary.changed,
        "n": e.primary.n,
    }
    found = [reason for rule in (weights_unmoved, too_few_updates, stopped_early, rate_too_low, loss_flat) if (reason := rule(e))]
    if e.is_improved or (learnt(e) and not found):
        return _answer(e, "too little training", "ruled out", numbers, "enough")
    if found:
        return _answer(e, "too little training", "likely", numbers, found=found[:1])
    if _in_vain(e):
        return _answer(e, "too little training", "ruled out", numbers, "in_vain")
    return _answer(e, "too little training", "cannot be told", numbers, "unclear")


def _in_vain(e: Evidence) -> bool:
    """The training changed the model, but shows no sign of what was taught."""
    return learnt(e) is False and not signs(e) and e.updates >= FEW_UPDATES and e.primary.changed > e.primary.n / 5


def _leakage(e: Evidence) -> Cause:
    """Shared words or facts; a leak makes a gain, so it cannot explain that there is none."""
    numbers: Numbers = {
        "leaked": e.leaked,
        "leaked_share": e.leaked_share,
        "shared_facts": e.shared_facts,
        "leak_ngram": LEAK_RUN,
    }
    if e.leaked_share < LEAKED and not e.shared_facts:
        return _answer(e, "leakage", "ruled out", numbers, "none", "counted")
    if e.is_improved:
        return _answer(e, "leakage", "likely", numbers, "counted", "remembered")
    return _answer(e, "leakage", "ruled out", numbers, "counted", "no_gain")


def _easy(e: Evidence) -> Cause:
    """Too easy or too common: the base knows or guesses the answers."""
    base = e.primary.base
    numbers: Numbers = {
        "base": base.rate,
        "base_low": base.low,
        "base_high": base.high,
        "chance": CHANCE,
        "longest_is_key": e.longest_is_key,
        "top_key": e.top_key,
        "blind": e.screening.get("blind"),
        "closed": e.screening.get("closed"),
        "too_easy": e.screening.get("too easy"),
        "illegible_base": e.primary.illegible_base,
        "n": e.primary.n,
    }
    found = [reason for rule in (at_ceiling, guessable) if (reason := rule(e))]
    if e.primary.illegible_base > e.primary.n / 2 and not e.is_improved and not found:
        return _answer(e, "easy questions", "cannot be told", numbers, "unread")  # few right, but not since the questions are hard
    if e.is_improved or (base.high < ROOM and not found):
        return _answer(e, "easy questions", "ruled out", numbers, "room", "counted")
    if found or base.low > ROOM:
        return _answer(e, "easy questions", "likely", numbers, *(() if found else ("no_room", "counted")), found=found)
    return _answer(e, "easy questions", "cannot be told", numbers, "unclear", "counted")


def _answer(e: Evidence, name: CauseName, verdict: CauseVerdict, numbers: Numbers, *said: str, found: list[Reason] | None = None) -> Cause:
    return cause(name, verdict, numbers, said, found or [], e.plan.language)
