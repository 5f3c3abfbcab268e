"""The four causes that the exercise could only guess at, each answered by a measurement."""

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.learning import learnt, signs
from tasks.diagnosis.rules_data import LEAKED, narrow, repeated, unrelated
from tasks.diagnosis.rules_learning import already_known
from tasks.diagnosis.rules_questions import at_ceiling, guessable
from tasks.diagnosis.rules_tuning import FEW_UPDATES, loss_flat, rate_too_low, stopped_early, too_few_updates, weights_unmoved
from tasks.records import Cause


def four_causes(evidence: Evidence) -> list[Cause]:
    """In the exercise's order: training data, too little training, leakage, easy questions."""
    return [_data(evidence), _training(evidence), _leakage(evidence), _easy(evidence)]


def _data(e: Evidence) -> Cause:
    """Too simple, repeated, or not related to the questions."""
    numbers = {
        "pairs": e.pairs,
        "distinct": e.distinct,
        "diagnoses": e.diagnoses,
        "coverage": e.coverage,
        "vignette_words": e.vignette_words,
        "taught_before": e.probe.taught_before,
    }
    found = [finding for rule in (unrelated, narrow, repeated, already_known) if (finding := rule(e))]
    said = f"{100 * e.distinct:.0f} % of {e.pairs} texts differ, {e.diagnoses} diagnoses, {100 * e.coverage:.0f} % of the questions' facts are taught"
    if e.improved:
        return Cause(name="training data", verdict="ruled out", claim=f"The data did teach: {said}.", evidence=numbers)
    if found:
        return Cause(name="training data", verdict="likely", claim=" ".join(f.claim for f in found), evidence=numbers)
    if e.primary.set == "new_fact" and learnt(e) is not False:
        claim = f"The questions are on facts that were not taught, so they cannot judge the data ({said})."
        return Cause(name="training data", verdict="cannot be told", claim=claim, evidence=numbers)
    if _in_vain(e):
        claim = f"Neither repeated nor beside the questions ({said}), but {e.updates} updates taught nothing: do the diagnoses fit their vignettes?"
        return Cause(name="training data", verdict="likely", claim=claim, evidence=numbers)
    claim = f"Neither repeated, nor narrow, nor beside the questions, nor known before: {said}."
    return Cause(name="training data", verdict="ruled out", claim=claim, evidence=numbers)


def _training(e: Evidence) -> Cause:
    """Too few updates, or too weak ones."""
    numbers = {
        "updates": e.updates,
        "epochs": e.preflight.epochs,
        "learning_rate": e.plan.finetuning.learning_rate,
        "loss_before": e.loss_first,
        "loss_after": e.loss_last,
        "kl_mean": e.probe.kl_mean,
        "weight_shift": e.probe.weight_shift,
        "taught_before": e.probe.taught_before,
        "taught_after": e.probe.taught_after,
    }
    found = [finding for rule in (weights_unmoved, too_few_updates, stopped_early, rate_too_low, loss_flat) if (finding := rule(e))]
    if e.improved or (learnt(e) and not found):
        claim = f"{e.updates} updates were enough: the taught facts were learnt."
        return Cause(name="too little training", verdict="ruled out", claim=claim, evidence=numbers)
    if found:
        return Cause(name="too little training", verdict="likely", claim=found[0].claim, evidence=numbers)
    if _in_vain(e):
        claim = (
            f"{e.updates} updates changed {e.primary.changed} of {e.primary.n} answers, yet taught nothing: more of the same will not help."
        )
        return Cause(name="too little training", verdict="ruled out", claim=claim, evidence=numbers)
    claim = f"{e.updates} updates moved the model, but whether the taught facts were learnt was not measured or is not clear."
    return Cause(name="too little training", verdict="cannot be told", claim=claim, evidence=numbers)


def _in_vain(e: Evidence) -> bool:
    """The training changed the model, but shows no sign of what was taught."""
    return learnt(e) is False and not signs(e) and e.updates >= FEW_UPDATES and e.primary.changed > e.primary.n / 5


def _leakage(e: Evidence) -> Cause:
    """Shared words or facts; a leak makes a gain, so it cannot explain that there is none."""
    numbers = {"leaked": e.leaked, "leaked_share": e.leaked_share, "shared_facts": e.shared_facts}
    counted = f"{e.leaked} questions share {e.plan.validation.leak_ngram} words in a row with a training text, {e.shared_facts} facts are on both sides"
    if e.leaked_share < LEAKED and not e.shared_facts:
        return Cause(name="leakage", verdict="ruled out", claim=f"Measured and not found: {counted}.", evidence=numbers)
    if e.improved:
        return Cause(name="leakage", verdict="likely", claim=f"{counted}: part of the gain may be remembered, not known.", evidence=numbers)
    return Cause(name="leakage", verdict="ruled out", claim=f"{counted}; but a leak makes a gain, and there is none.", evidence=numbers)


def _easy(e: Evidence) -> Cause:
    """Too easy or too common: the base knows or guesses the answers."""
    base = e.primary.base
    numbers = {
        "base": base.rate,
        "base_low": base.low,
        "base_high": base.high,
        "longest_is_key": e.longest_is_key,
        "top_key": e.top_key,
        "blind": e.screening.get("blind"),
        "closed": e.screening.get("closed"),
        "too_easy": e.screening.get("too easy"),
    }
    said = f"the base model has {100 * base.rate:.0f} % right ({100 * base.low:.0f} to {100 * base.high:.0f} %, chance 25 %)"
    found = [finding for rule in (at_ceiling, guessable) if (finding := rule(e))]
    if e.improved or (base.high < 0.7 and not found):
        return Cause(name="easy questions", verdict="ruled out", claim=f"There is room to rise: {said}.", evidence=numbers)
    if found or base.low > 0.7:
        claim = " ".join(f.claim for f in found) or f"Little room to rise: {said}."
        return Cause(name="easy questions", verdict="likely", claim=claim, evidence=numbers)
    return Cause(
        name="easy questions", verdict="cannot be told", claim=f"Too few questions, or too near the top: {said}.", evidence=numbers
    )
