"""Faults of the questions and of the way they are answered."""

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.finding_text import RuleResult, wrap_measured
from tasks.diagnosis.learning_checks import CLOZE_MODES, has_learnt_pairs
from tasks.diagnosis.remedies import (
    PlanChange,
    change_primary_mode,
    increase_questions,
    require_harder_questions,
)
from tasks.schemas.item_rows import CHANCE_RATE
from tasks.schemas.messages import Figure, Points, Share

PLAUSIBLE_GAIN = 0.1  # a gain of 10 points: what a study should be able to see
MIN_FAVOURITE_SHARE = 0.6  # share of the answers that go to one place
MIN_GUESSED_SHARE = 0.5  # share right, or held by one number, without knowing anything
MAX_QUESTION_FACTOR = 10  # times as many questions: where so few came, something else stopped them
MIN_QUESTIONS = 40  # questions below which a share of keys says little


def detect_favoured_option(e: Evidence) -> RuleResult | None:
    """One place takes most answers, far more than it has keys; weighs most where the base did not
    do so. Few legible answers have no say.
    """
    if (
        e.primary.n - e.primary.illegible_tuned < max(MIN_QUESTIONS, e.primary.n / 2)
        or e.favourite_tuned < MIN_FAVOURITE_SHARE
        or e.favourite_tuned < e.top_key + 0.25
    ):
        return None
    rotate: PlanChange = (
        {"evaluation.rotations": 4}
        if e.plan.evaluation.rotations < 4
        else change_primary_mode(e.plan, "cloze")
    )
    return RuleResult(
        rule="one-option-favoured",
        evidence={
            "favourite_tuned": Share(e.favourite_tuned),
            "favourite_base": Share(e.favourite_base),
            "top_key": Share(e.top_key),
        },
        weight=0.955 if e.favourite_tuned >= e.favourite_base + 0.25 else 0.928,
        remedy=rotate,
    )


def detect_position_dependence(e: Evidence) -> RuleResult | None:
    steady = e.primary.extra.get("steady_tuned", 1.0)
    if e.plan.evaluation.rotations == 1 or e.primary.mode in CLOZE_MODES or steady >= 0.3:
        return None
    return RuleResult(
        rule="answers-follow-place",
        evidence={
            "steady_tuned": Share(steady),
            "steady_base": wrap_measured(Share, e.primary.extra.get("steady_base")),
        },
        weight=0.91,
        remedy=change_primary_mode(e.plan, "cloze"),
    )


def detect_illegible_answers(e: Evidence) -> RuleResult | None:
    share = e.primary.illegible_tuned / e.primary.n
    if share < 0.2:
        return None
    return RuleResult(
        rule="illegible-answers",
        evidence={
            "illegible_tuned": e.primary.illegible_tuned,
            "illegible_base": e.primary.illegible_base,
            "n": e.primary.n,
        },
        weight=0.929,
        remedy=change_primary_mode(
            e.plan, "cloze" if e.is_tiny_control else "digits"
        ),  # one million weights bind no option numbers
    )


def detect_familiar_names(e: Evidence) -> RuleResult | None:
    """A gain or a loss no larger than familiar names alone would make, where the distractors come
    from another pool than the keys.
    """
    weight, tuned = _weigh_familiarity(e), e.primary.tuned
    if not weight:
        return None
    return RuleResult(
        rule="familiar-names",
        evidence={
            "familiar": Share(e.familiar),
            "base": Share(e.primary.base.rate),
            "tuned": Share(tuned.rate),
            "tuned_low": Share(tuned.low),
            "chance": Share(CHANCE_RATE),
        },
        weight=weight,
    )


def _weigh_familiarity(e: Evidence) -> float:
    """How much of the result familiar names alone can explain; 0 where names favour no option or
    few answers changed.
    """
    tuned, change = e.primary.tuned, e.familiar - CHANCE_RATE
    if abs(change) <= 0.03 or e.primary.changed < e.primary.n / 5:
        return 0.0
    match e.primary.verdict:
        case "improved":
            return 0.96 if change > 0 and tuned.low <= e.familiar else 0.0
        case "worse":
            return 0.93 if change < 0 and tuned.low <= CHANCE_RATE else 0.0
        case _:
            return 0.6 if tuned.low <= e.familiar <= tuned.high else 0.0


def detect_legibility_gain(e: Evidence) -> RuleResult | None:
    """Right answers that were only gained because the base said nothing that could be read."""
    fewer = e.primary.illegible_base - e.primary.illegible_tuned
    if (
        not e.is_improved
        or fewer < 0.5 * (e.primary.gained - e.primary.lost)
        or fewer < 0.1 * e.primary.n
    ):
        return None
    return RuleResult(
        rule="legibility-gain",
        evidence={
            "illegible_base": e.primary.illegible_base,
            "illegible_tuned": e.primary.illegible_tuned,
            "gained": Figure(e.primary.gained),
        },
        weight=0.95,
        remedy=change_primary_mode(e.plan, "digits"),
    )


def detect_truncated_prompts(e: Evidence) -> RuleResult | None:
    share = e.primary.extra.get("truncated_tuned", 0.0)
    if share < 0.05:
        return None
    return RuleResult(
        rule="prompts-cut",
        evidence={"truncated": Share(share), "n": e.primary.n},
        weight=0.982
        if share >= 0.3
        else 0.6,  # above one model twice: where nothing is read, all answers are alike
        remedy={"evaluation.instruction": ""} if e.plan.evaluation.instruction != "" else {},
    )


def detect_ceiling(e: Evidence) -> RuleResult | None:
    if e.primary.base.rate < 0.9:
        return None
    return RuleResult(
        rule="questions-too-easy",
        evidence={"base": Share(e.primary.base.rate), "n": e.primary.n},
        weight=0.948,
        remedy=require_harder_questions(e.plan),
    )


def detect_chance_level(e: Evidence) -> RuleResult | None:
    """Both models guess. Where options' numbers must be named, that is a matter of the form before
    it is one of knowledge.
    """
    rows = (e.primary.base, e.primary.tuned)
    if any(not row.low <= CHANCE_RATE <= row.high for row in rows):
        return None
    numbered = e.primary.mode not in CLOZE_MODES
    return RuleResult(
        rule="questions-at-chance",
        evidence={
            "base": Share(rows[0].rate),
            "tuned": Share(rows[1].rate),
            "chance": Share(CHANCE_RATE),
            "n": e.primary.n,
        },
        weight=0.87 if numbered and has_learnt_pairs(e) is not False else 0.5,
        remedy=change_primary_mode(e.plan, "cloze") if numbered else {},
    )


def detect_guessable_questions(e: Evidence) -> RuleResult | None:
    """Options that give the key away; by screening without the stem, or by what the keys have in
    common.
    """
    blind = e.screening.get("blind", 0.0)
    signs = max(e.longest_is_key, e.top_key, blind) if e.primary.n >= MIN_QUESTIONS else 0.0
    if signs < MIN_GUESSED_SHARE:
        return None
    return RuleResult(
        rule="questions-guessable",
        evidence={
            "blind": wrap_measured(Share, e.screening.get("blind")),
            "longest_is_key": Share(e.longest_is_key),
            "top_key": Share(e.top_key),
            "chance": Share(CHANCE_RATE),
        },
        weight=0.924,
        said=("claim", "blind") if blind else ("claim",),
        remedy={"validation.flaws": "reject"}
        if e.plan.validation.flaws == "report"
        else require_harder_questions(e.plan),
    )


def detect_word_solved_questions(e: Evidence) -> RuleResult | None:
    """The option that shares most words with the passage is the key more often than with two
    options struck out. Questions for a diagnosis are left aside: a passage names its subject.
    """
    found = [
        row
        for row in e.measures
        if (row.solver, row.kind) == ("passage_words", "not_diagnosis")
        and row.low > MIN_GUESSED_SHARE
    ]
    if not found:
        return None
    row = found[0]
    return RuleResult(
        rule="words-solve-questions",
        evidence={
            "words_solve": Share(row.rate),
            "words_low": Share(row.low),
            "words_high": Share(row.high),
            "chance": Share(row.chance),
            "n": row.n,
        },
        weight=0.4,  # it says what a gain would be worth, and least of why there is none
    )


def detect_unanswerable_questions(e: Evidence) -> RuleResult | None:
    """Guessed even with the passage; the tiny control cannot read a passage, so it says nothing of
    the questions.
    """
    opened = e.screening.get("opened", 1.0)
    if opened > CHANCE_RATE + 0.05 or e.is_tiny_control or e.primary.n < MIN_QUESTIONS:
        return None
    return RuleResult(
        rule="questions-unanswerable",
        evidence={
            "opened": Share(opened),
            "closed": wrap_measured(Share, e.screening.get("closed")),
            "chance": Share(CHANCE_RATE),
        },
        weight=0.6,
    )


def detect_too_few_questions(e: Evidence) -> RuleResult | None:
    """Weighs more where a gain seems to be there."""
    if (
        e.primary.verdict not in ("inconclusive", "identical")
        or e.primary.detectable <= PLAUSIBLE_GAIN
    ):
        return None
    trend = e.primary.difference.value >= 0.4 * e.primary.detectable
    factor = (
        e.primary.detectable / PLAUSIBLE_GAIN
    ) ** 2  # the detectable difference falls with the root of the number
    asked_for = min(factor, MAX_QUESTION_FACTOR)
    return RuleResult(
        rule="too-few-questions",
        evidence={
            "n": e.primary.n,
            "detectable": Points(e.primary.detectable),
            "difference": Points(e.primary.difference.value),
            "needed": round(e.primary.n * factor),
        },
        weight=0.875 if trend else 0.45,
        remedy=increase_questions(e.plan, e.has_more_questions, asked_for),
        beside={"plausible": Points(PLAUSIBLE_GAIN)},
    )
