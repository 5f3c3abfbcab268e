"""Faults of the questions and of the way they are answered."""

from tasks.diagnosis.evidence import CHANCE, Evidence
from tasks.diagnosis.learning import CLOZE, learnt
from tasks.diagnosis.reason import Reason
from tasks.diagnosis.remedies import Change, harder_questions, more_questions, primary

PLAUSIBLE = 0.1  # a gain of 10 points: what a study should be able to see
FAVOURED = 0.6  # share of the answers that go to one place
GUESSED = 0.5  # share right, or held by one number, without knowing anything
MOST = 10  # times as many questions: where so few came, something else stopped them
ENOUGH = 40  # questions below which a share of keys says little


def favoured(e: Evidence) -> Reason | None:
    """One place takes most answers, far more than it has keys; weighs most where the base did not do so. Few legible answers have no say."""
    if (
        e.primary.n - e.primary.illegible_tuned < max(ENOUGH, e.primary.n / 2)
        or e.favourite_tuned < FAVOURED
        or e.favourite_tuned < e.top_key + 0.25
    ):
        return None
    rotate: Change = {"evaluation.rotations": 4} if e.plan.evaluation.rotations < 4 else primary(e.plan, "cloze")
    return Reason(
        rule="one-option-favoured",
        evidence={"favourite_tuned": e.favourite_tuned, "favourite_base": e.favourite_base, "top_key": e.top_key},
        weight=0.955 if e.favourite_tuned >= e.favourite_base + 0.25 else 0.928,
        remedy=rotate,
    )


def unsteady(e: Evidence) -> Reason | None:
    steady = e.primary.extra.get("steady_tuned", 1.0)
    if e.plan.evaluation.rotations == 1 or e.primary.mode in CLOZE or steady >= 0.3:
        return None
    return Reason(
        rule="answers-follow-place",
        evidence={"steady_tuned": steady, "steady_base": e.primary.extra.get("steady_base")},
        weight=0.91,
        remedy=primary(e.plan, "cloze"),
    )


def illegible(e: Evidence) -> Reason | None:
    share = e.primary.illegible_tuned / e.primary.n
    if share < 0.2:
        return None
    return Reason(
        rule="illegible-answers",
        evidence={"illegible_tuned": e.primary.illegible_tuned, "illegible_base": e.primary.illegible_base, "n": e.primary.n},
        weight=0.929,
        remedy=primary(e.plan, "cloze" if e.is_tiny_control else "digits"),  # one million weights bind no option numbers
    )


def familiar_names(e: Evidence) -> Reason | None:
    """A gain or a loss no larger than familiar names alone would make, where the distractors come from another pool than the keys."""
    weight, tuned = _like_names(e), e.primary.tuned
    if not weight:
        return None
    return Reason(
        rule="familiar-names",
        evidence={"familiar": e.familiar, "base": e.primary.base.rate, "tuned": tuned.rate, "tuned_low": tuned.low, "chance": CHANCE},
        weight=weight,
    )


def _like_names(e: Evidence) -> float:
    """How much of the result familiar names alone can explain; 0 where names favour no option or few answers changed."""
    tuned, change = e.primary.tuned, e.familiar - CHANCE
    if abs(change) <= 0.03 or e.primary.changed < e.primary.n / 5:
        return 0.0
    match e.primary.verdict:
        case "improved":
            return 0.96 if change > 0 and tuned.low <= e.familiar else 0.0
        case "worse":
            return 0.93 if change < 0 and tuned.low <= CHANCE else 0.0
        case _:
            return 0.6 if tuned.low <= e.familiar <= tuned.high else 0.0


def legibility_gain(e: Evidence) -> Reason | None:
    """Right answers that were only gained because the base said nothing that could be read."""
    fewer = e.primary.illegible_base - e.primary.illegible_tuned
    if not e.is_improved or fewer < 0.5 * (e.primary.gained - e.primary.lost) or fewer < 0.1 * e.primary.n:
        return None
    return Reason(
        rule="legibility-gain",
        evidence={"illegible_base": e.primary.illegible_base, "illegible_tuned": e.primary.illegible_tuned, "gained": e.primary.gained},
        weight=0.95,
        remedy=primary(e.plan, "digits"),
    )


def prompts_cut(e: Evidence) -> Reason | None:
    share = e.primary.extra.get("truncated_tuned", 0.0)
    if share < 0.05:
        return None
    return Reason(
        rule="prompts-cut",
        evidence={"truncated": share, "n": e.primary.n},
        weight=0.982 if share >= 0.3 else 0.6,  # above one model twice: where nothing is read, all answers are alike
        remedy={"evaluation.instruction": ""} if e.plan.evaluation.instruction != "" else {},
    )


def at_ceiling(e: Evidence) -> Reason | None:
    if e.primary.base.rate < 0.9:
        return None
    return Reason(
        rule="questions-too-easy",
        evidence={"base": e.primary.base.rate, "n": e.primary.n},
        weight=0.948,
        remedy=harder_questions(e.plan),
    )


def at_chance(e: Evidence) -> Reason | None:
    """Both models guess. Where options' numbers must be named, that is a matter of the form before it is one of knowledge."""
    rows = (e.primary.base, e.primary.tuned)
    if any(not row.low <= CHANCE <= row.high for row in rows):
        return None
    numbered = e.primary.mode not in CLOZE
    return Reason(
        rule="questions-at-chance",
        evidence={"base": rows[0].rate, "tuned": rows[1].rate, "chance": CHANCE, "n": e.primary.n},
        weight=0.87 if numbered and learnt(e) is not False else 0.5,
        remedy=primary(e.plan, "cloze") if numbered else {},
    )


def guessable(e: Evidence) -> Reason | None:
    """Options that give the key away; by screening without the stem, or by what the keys have in common."""
    blind = e.screening.get("blind", 0.0)
    signs = max(e.longest_is_key, e.top_key, blind) if e.primary.n >= ENOUGH else 0.0
    if signs < GUESSED:
        return None
    return Reason(
        rule="questions-guessable",
        evidence={"blind": e.screening.get("blind"), "longest_is_key": e.longest_is_key, "top_key": e.top_key, "chance": CHANCE},
        weight=0.924,
        said=("claim", "blind") if blind else ("claim",),
        remedy={"validation.flaws": "reject"} if e.plan.validation.flaws == "report" else harder_questions(e.plan),
    )


def unanswerable(e: Evidence) -> Reason | None:
    """Guessed even with the passage; the tiny control cannot read a passage, so it says nothing of the questions."""
    opened = e.screening.get("opened", 1.0)
    if opened > CHANCE + 0.05 or e.is_tiny_control or e.primary.n < ENOUGH:
        return None
    return Reason(
        rule="questions-unanswerable",
        evidence={"opened": opened, "closed": e.screening.get("closed"), "chance": CHANCE},
        weight=0.6,
    )


def too_few(e: Evidence) -> Reason | None:
    """Weighs more where a gain seems to be there."""
    if e.primary.verdict not in ("inconclusive", "identical") or e.primary.detectable <= PLAUSIBLE:
        return None
    trend = e.primary.difference.value >= 0.4 * e.primary.detectable
    factor = (e.primary.detectable / PLAUSIBLE) ** 2  # the detectable difference falls with the root of the number
    asked_for = min(factor, MOST)
    return Reason(
        rule="too-few-questions",
        evidence={
            "n": e.primary.n,
            "detectable": e.primary.detectable,
            "difference": e.primary.difference.value,
            "needed": round(e.primary.n * factor),
        },
        weight=0.875 if trend else 0.45,
        remedy=more_questions(e.plan, asked_for),
        beside={"plausible": PLAUSIBLE},
    )
