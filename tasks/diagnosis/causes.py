"""The four causes that the exercise could only guess at, each answered by a measurement."""

from tasks.diagnosis.evidence import LEAK_NGRAM, Evidence
from tasks.diagnosis.finding_text import RuleResult, wrap_measured
from tasks.diagnosis.learning_checks import find_early_signs, has_learnt_pairs
from tasks.diagnosis.rules.data_rules import (
    MIN_LEAKED_SHARE,
    detect_misaligned_pairs,
    detect_narrow_data,
    detect_repeated_data,
    detect_unrelated_data,
)
from tasks.diagnosis.rules.learning_rules import detect_known_facts
from tasks.diagnosis.rules.question_rules import detect_ceiling, detect_guessable_questions
from tasks.diagnosis.rules.tuning_rules import (
    FEW_UPDATES,
    detect_flat_loss,
    detect_low_learning_rate,
    detect_too_few_updates,
    detect_unfinished_training,
    detect_unmoved_weights,
)
from tasks.schemas.item_rows import CHANCE_RATE
from tasks.schemas.messages import Figure, Measures, Nats, Share
from tasks.schemas.result_rows import Cause, CauseName, CauseVerdict

HIGH_BASE_RATE = 0.7  # share right above which a base model leaves little room


def answer_four_causes(evidence: Evidence) -> list[Cause]:
    """In the exercise's order: training data, too little training, leakage, easy questions."""
    return [
        _judge_data(evidence),
        _judge_training(evidence),
        _judge_leakage(evidence),
        _judge_easy_questions(evidence),
    ]


def _judge_data(e: Evidence) -> Cause:
    """Too simple, repeated, or not related to the questions."""
    numbers: Measures = {
        "pairs": e.pairs,
        "distinct": Share(e.distinct),
        "diagnoses": e.diagnoses,
        "coverage": Share(e.coverage),
        "vignette_words": Figure(e.vignette_words),
        "taught_before": Nats(e.probe.taught_before),
        "updates": e.updates,
    }
    found = [
        reason
        for rule in (
            detect_misaligned_pairs,
            detect_unrelated_data,
            detect_narrow_data,
            detect_repeated_data,
            detect_known_facts,
        )
        if (reason := rule(e))
    ]
    if e.is_improved:
        return _answer_cause("training data", "ruled out", numbers, "taught", "counted")
    if found:
        return _answer_cause("training data", "likely", numbers, found=found)
    if e.primary.set == "new_fact" and has_learnt_pairs(e) is not False:
        return _answer_cause("training data", "cannot be told", numbers, "not_judged", "counted")
    if _has_changed_without_learning(e):
        return _answer_cause("training data", "likely", numbers, "in_vain", "counted")
    return _answer_cause("training data", "ruled out", numbers, "sound", "counted")


def _judge_training(e: Evidence) -> Cause:
    """Too few updates, or too weak ones."""
    numbers: Measures = {
        "updates": e.updates,
        "epochs": Figure(e.preflight.epochs),
        "learning_rate": Figure(e.plan.finetuning.learning_rate),
        "loss_before": wrap_measured(Nats, e.loss_first),
        "loss_after": wrap_measured(Nats, e.loss_last),
        "kl_mean": Nats(e.probe.kl_mean),
        "weight_shift": Figure(e.probe.weight_shift),
        "taught_before": Nats(e.probe.taught_before),
        "taught_after": Nats(e.probe.taught_after),
        "changed": Figure(e.primary.changed),
        "n": e.primary.n,
    }
    found = [
        reason
        for rule in (
            detect_unmoved_weights,
            detect_too_few_updates,
            detect_unfinished_training,
            detect_low_learning_rate,
            detect_flat_loss,
        )
        if (reason := rule(e))
    ]
    if e.is_improved or (has_learnt_pairs(e) and not found):
        return _answer_cause("too little training", "ruled out", numbers, "enough")
    if found:
        return _answer_cause("too little training", "likely", numbers, found=found[:1])
    if _has_changed_without_learning(e):
        return _answer_cause("too little training", "ruled out", numbers, "in_vain")
    return _answer_cause("too little training", "cannot be told", numbers, "unclear")


def _has_changed_without_learning(e: Evidence) -> bool:
    """The training changed the model, but shows no sign of what was taught."""
    return (
        has_learnt_pairs(e) is False
        and not find_early_signs(e)
        and e.updates >= FEW_UPDATES
        and e.primary.changed > e.primary.n / 5
    )


def _judge_leakage(e: Evidence) -> Cause:
    """Shared words or facts; a leak makes a gain, so it cannot explain that there is none."""
    numbers: Measures = {
        "leaked": e.leaked,
        "leaked_share": Share(e.leaked_share),
        "shared_facts": e.shared_facts,
        "leak_ngram": LEAK_NGRAM,
    }
    if e.leaked_share < MIN_LEAKED_SHARE and not e.shared_facts:
        return _answer_cause("leakage", "ruled out", numbers, "none", "counted")
    if e.is_improved:
        return _answer_cause("leakage", "likely", numbers, "counted", "remembered")
    return _answer_cause("leakage", "ruled out", numbers, "counted", "no_gain")


def _judge_easy_questions(e: Evidence) -> Cause:
    """Too easy or too common: the base knows or guesses the answers."""
    base = e.primary.base
    numbers: Measures = {
        "base": Share(base.rate),
        "base_low": Share(base.low),
        "base_high": Share(base.high),
        "chance": Share(CHANCE_RATE),
        "longest_is_key": Share(e.longest_is_key),
        "top_key": Share(e.top_key),
        "blind": wrap_measured(Share, e.screening.get("blind")),
        "closed": wrap_measured(Share, e.screening.get("closed")),
        "too_easy": wrap_measured(Share, e.screening.get("too easy")),
        "illegible_base": e.primary.illegible_base,
        "n": e.primary.n,
    }
    found = [reason for rule in (detect_ceiling, detect_guessable_questions) if (reason := rule(e))]
    if e.primary.illegible_base > e.primary.n / 2 and not e.is_improved and not found:
        return _answer_cause(
            "easy questions", "cannot be told", numbers, "unread"
        )  # few right, but not since the questions are hard
    if e.is_improved or (base.high < HIGH_BASE_RATE and not found):
        return _answer_cause("easy questions", "ruled out", numbers, "room", "counted")
    if found or base.low > HIGH_BASE_RATE:
        return _answer_cause(
            "easy questions",
            "likely",
            numbers,
            *(() if found else ("no_room", "counted")),
            found=found,
        )
    return _answer_cause("easy questions", "cannot be told", numbers, "unclear", "counted")


def _answer_cause(
    name: CauseName,
    verdict: CauseVerdict,
    numbers: Measures,
    *said: str,
    found: list[RuleResult] | None = None,
) -> Cause:
    return Cause(
        name=name,
        verdict=verdict,
        found=tuple(reason.build_finding() for reason in found or ()),
        claim=said,
        evidence=numbers,
    )
