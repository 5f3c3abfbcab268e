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
from tasks.schemas.messages import Figure, Points, Share, Term

PLAUSIBLE_GAIN = 0.1  # a gain of 10 points: what a study should be able to see
MIN_FAVOURITE_SHARE = 0.6  # share of the answers that go to one place
MIN_GUESSED_SHARE = 0.5  # share right, or held by one number, without knowing anything
MAX_QUESTION_FACTOR = 10  # times as many questions: where so few came, something else stopped them
MAX_CHANCE_RATE = 0.35  # upper bound of a share right that is called guessing
MIN_NAMES_EFFECT = 0.03  # of the share right that familiar names alone make, from chance
MIN_BEYOND_SHARE = 0.5  # of a gain that names are said to explain, what is left without them
MIN_OFFSET_N = 20  # questions below which places beside the key say nothing
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
        priority=0.955 if e.favourite_tuned >= e.favourite_base + 0.25 else 0.928,
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
        priority=0.91,
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
        priority=0.929,
        remedy=change_primary_mode(
            e.plan, "cloze" if e.is_tiny_control else "digits"
        ),  # one million weights bind no option numbers
    )


def detect_familiar_names(e: Evidence) -> RuleResult | None:
    """Distractors from another pool than the keys, and a gain that taught names alone explain: of
    it less than half, by its interval, is left among options that were all taught, or the pairs
    themselves are shown not to be learnt. Or a loss no larger than names make. Where it cannot be
    measured, nothing is said.
    """
    change, gain = e.familiar - CHANCE_RATE, e.primary.difference.value
    if abs(change) <= MIN_NAMES_EFFECT or e.primary.changed < e.primary.n / 5:
        return None
    beyond = e.beyond_names
    absent = beyond is not None and beyond.low <= 0 and beyond.high < MIN_BEYOND_SHARE * gain
    risen = e.is_improved and change > 0 and (absent or has_learnt_pairs(e) is False)
    fallen = e.primary.verdict == "worse" and change < 0 and e.primary.tuned.low <= CHANCE_RATE
    if not risen and not fallen:
        return None
    return RuleResult(
        rule="familiar-names",
        evidence={
            "familiar": Share(e.familiar),
            "base": Share(e.primary.base.rate),
            "tuned": Share(e.primary.tuned.rate),
            "beyond_low": wrap_measured(Points, beyond.low if beyond else None),
            "beyond_high": wrap_measured(Points, beyond.high if beyond else None),
            "chance": Share(CHANCE_RATE),
        },
        priority=0.96 if risen else 0.93,
        said=("claim", "beyond") if risen and beyond else ("claim",),
    )


def detect_wrong_keys(e: Evidence) -> RuleResult | None:
    """The answers to a person's own questions point to one and the same place beside the key, more
    often than to the key and than places alone explain.
    """
    found = e.key_offset
    if not isinstance(e.plan.generation.questions, str) or not found or found.n < MIN_OFFSET_N:
        return None
    if found.low <= max(found.on_key, MAX_CHANCE_RATE, found.by_places + 0.1):
        return None
    return RuleResult(
        rule="wrong-keys",
        evidence={
            "places": found.places,
            "agreed": Share(found.agreed),
            "agreed_low": Share(found.low),
            "on_key": Share(found.on_key),
            "n": found.n,
        },
        priority=0.964,  # all that is said of the answers rests on the keys
    )


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
        priority=0.95,
        remedy=change_primary_mode(e.plan, "digits"),
    )


def detect_truncated_prompts(e: Evidence) -> RuleResult | None:
    share = e.primary.extra.get("truncated_tuned", 0.0)
    if share < 0.05:
        return None
    return RuleResult(
        rule="prompts-cut",
        evidence={"truncated": Share(share), "n": e.primary.n},
        priority=0.982
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
        priority=0.948,
        remedy=require_harder_questions(e.plan),
    )


def detect_chance_level(e: Evidence) -> RuleResult | None:
    """Both models guess, as the intervals of enough questions say. Where options' numbers must be
    named, that is a matter of the form before it is one of knowledge.
    """
    rows = (e.primary.base, e.primary.tuned)
    if any(not row.low <= CHANCE_RATE <= row.high <= MAX_CHANCE_RATE for row in rows):
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
        priority=0.87 if numbered and has_learnt_pairs(e) is not False else 0.5,
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
        priority=0.924,
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
        priority=0.4,  # it says what a gain would be worth, and least of why there is none
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
        priority=0.6,
    )


def detect_refused_questions(e: Evidence) -> RuleResult | None:
    """So few questions are left since the checks took most: more of the same would fall, too."""
    fell = {check: count for check, count in e.rejected_questions.items() if check != "surplus"}
    if not _are_questions_too_few(e) or sum(fell.values()) <= e.questions:
        return None
    check = max(fell, key=fell.__getitem__)
    again = {"generation.rounds": e.plan.generation.rounds + 4}
    return RuleResult(
        rule="few-questions",
        evidence={
            "questions": e.questions,
            "refused": sum(fell.values()),
            "n": e.primary.n,
            "detectable": Points(e.primary.detectable),
        },
        priority=0.877,
        beside={"check": Term("checks", check), "stopped": fell[check]},
        remedy=again if e.plan.generation.writer == "gpt" and e.has_written_questions else {},
    )


def _are_questions_too_few(e: Evidence) -> bool:
    return (
        e.primary.verdict in ("inconclusive", "identical") and e.primary.detectable > PLAUSIBLE_GAIN
    )


def detect_too_few_questions(e: Evidence) -> RuleResult | None:
    """Comes earlier where a gain seems to be there."""
    if not _are_questions_too_few(e) or detect_refused_questions(e):
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
        priority=0.875 if trend else 0.45,
        remedy=increase_questions(e.plan, e.has_more_questions, asked_for),
        beside={"plausible": Points(PLAUSIBLE_GAIN)},
    )
