"""Faults of the questions and of the way they are answered."""

from tasks.diagnosis.evidence import CHANCE, Evidence
from tasks.diagnosis.learning import CLOZE, learnt
from tasks.diagnosis.remedies import Change, harder_questions, more_questions, primary
from tasks.records import Finding

PLAUSIBLE = 0.1  # a gain of 10 points: what a study should be able to see
FAVOURED = 0.6  # share of the answers that go to one place
GUESSED = 0.5  # share right, or held by one number, without knowing anything
ENOUGH = 40  # questions below which a share of keys says little


def favoured(e: Evidence) -> Finding | None:
    """One place takes most answers, far more than it has keys; weighs most where the base did not do so."""
    if e.favourite_tuned < FAVOURED or e.favourite_tuned < e.top_key + 0.25:
        return None
    rotate: Change = {"evaluation.rotations": 4} if e.plan.evaluation.rotations < 4 else primary(e.plan, "cloze")
    return Finding(
        rule="one-option-favoured",
        claim=f"The tuned model gives {100 * e.favourite_tuned:.0f} % of its answers to one place, which holds at most {100 * e.top_key:.0f} % of the keys.",
        evidence={"favourite_tuned": e.favourite_tuned, "favourite_base": e.favourite_base, "top_key": e.top_key},
        weight=0.955 if e.favourite_tuned >= e.favourite_base + 0.25 else 0.928,
        remedy=rotate,
        advice="Put all four rotations of the options, so that the place has no say; or score the options' texts.",
    )


def unsteady(e: Evidence) -> Finding | None:
    steady = e.primary.extra.get("steady_tuned", 1.0)
    if e.plan.evaluation.rotations == 1 or e.primary.mode in CLOZE or steady >= 0.3:
        return None
    return Finding(
        rule="answers-follow-place",
        claim=f"Only {100 * steady:.0f} % of the answers stay the same when the options change places.",
        evidence={"steady_tuned": steady, "steady_base": e.primary.extra.get("steady_base")},
        weight=0.91,
        remedy=primary(e.plan, "cloze"),
        advice="The model answers by place, not by content: score the options' texts.",
    )


def illegible(e: Evidence) -> Finding | None:
    share = e.primary.illegible_tuned / e.primary.n
    if share < 0.2:
        return None
    return Finding(
        rule="illegible-answers",
        claim=f"{e.primary.illegible_tuned} of {e.primary.n} answers of the tuned model name no option.",
        evidence={"illegible_tuned": e.primary.illegible_tuned, "illegible_base": e.primary.illegible_base, "n": e.primary.n},
        weight=0.929,
        remedy=primary(e.plan, "digits"),
        advice="Score the numbers' probabilities; a model that only goes on with text cannot be asked to write one.",
    )


def familiar_names(e: Evidence) -> Finding | None:
    """A gain or a loss no larger than familiar names alone would make, where the distractors come from another pool than the keys."""
    weight, tuned = _like_names(e), e.primary.tuned
    if not weight:
        return None
    return Finding(
        rule="familiar-names",
        claim=f"Preferring options with a taught name would score {100 * e.familiar:.0f} % on these questions; tuned {100 * tuned.rate:.0f} %: "
        "the change shows which names are familiar, not what was learnt.",
        evidence={"familiar": e.familiar, "base": e.primary.base.rate, "tuned": tuned.rate, "tuned_low": tuned.low, "chance": CHANCE},
        weight=weight,
        advice="Draw the distractors from the same pool as the keys: names that are taught as often.",
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


def legibility_gain(e: Evidence) -> Finding | None:
    """Right answers that were only gained because the base said nothing that could be read."""
    fewer = e.primary.illegible_base - e.primary.illegible_tuned
    if not e.improved or fewer < 0.5 * (e.primary.gained - e.primary.lost) or fewer < 0.1 * e.primary.n:
        return None
    return Finding(
        rule="legibility-gain",
        claim=f"The gain may be one of form: {e.primary.illegible_base} answers of the base were illegible, {e.primary.illegible_tuned} after tuning.",
        evidence={"illegible_base": e.primary.illegible_base, "illegible_tuned": e.primary.illegible_tuned, "gained": e.primary.gained},
        weight=0.95,
        remedy=primary(e.plan, "digits"),
        advice="Compare in a mode in which both models always answer: digits or cloze.",
    )


def prompts_cut(e: Evidence) -> Finding | None:
    share = e.primary.extra.get("truncated_tuned", 0.0)
    if share < 0.05:
        return None
    return Finding(
        rule="prompts-cut",
        claim=f"{100 * share:.0f} % of the questions do not fit into the model's window and count as wrong.",
        evidence={"truncated": share, "n": e.primary.n},
        weight=0.97 if share >= 0.3 else 0.6,
        remedy={"evaluation.instruction": ""} if e.plan.evaluation.instruction != "" else {},
        advice="Shorter questions or instruction, or a base model with a longer window.",
    )


def at_ceiling(e: Evidence) -> Finding | None:
    if e.primary.base.rate < 0.9:
        return None
    return Finding(
        rule="questions-too-easy",
        claim=f"The base model has {100 * e.primary.base.rate:.0f} % right already: there is no room for a gain.",
        evidence={"base": e.primary.base.rate, "n": e.primary.n},
        weight=0.948,
        remedy=harder_questions(e.plan),
        advice="Harder questions: telling neighbours apart, distractors from the same chapter.",
    )


def at_chance(e: Evidence) -> Finding | None:
    """Both models guess. Where options' numbers must be named, that is a matter of the form before it is one of knowledge."""
    rows = (e.primary.base, e.primary.tuned)
    if any(not row.low <= CHANCE <= row.high for row in rows):
        return None
    numbered = e.primary.mode not in CLOZE
    return Finding(
        rule="questions-at-chance",
        claim=f"Before and after tuning the answers are as good as guessing ({100 * rows[0].rate:.0f} and {100 * rows[1].rate:.0f} %, chance 25 %).",
        evidence={"base": rows[0].rate, "tuned": rows[1].rate, "chance": CHANCE, "n": e.primary.n},
        weight=0.87 if numbered and learnt(e) is not False else 0.5,
        remedy=primary(e.plan, "cloze") if numbered else {},
        advice="Score the options' texts; or take a base model that can do the task at all.",
    )


def guessable(e: Evidence) -> Finding | None:
    """Options that give the key away; by screening without the stem, or by what the keys have in common."""
    blind = e.screening.get("blind", 0.0)
    signs = max(e.longest_is_key, e.top_key, blind) if e.primary.n >= ENOUGH else 0.0
    if signs < GUESSED:
        return None
    solved = f", {100 * blind:.0f} % are solved without the stem" if blind else ""
    return Finding(
        rule="questions-guessable",
        claim=f"Many questions can be guessed: the key is the longest option in {100 * e.longest_is_key:.0f} %, "
        f"its commonest number holds {100 * e.top_key:.0f} %{solved} (chance 25 %).",
        evidence={"blind": e.screening.get("blind"), "longest_is_key": e.longest_is_key, "top_key": e.top_key, "chance": CHANCE},
        weight=0.924,
        remedy={"validation.flaws": "reject"} if e.plan.validation.flaws == "report" else harder_questions(e.plan),
        advice="Options of one kind and one length, keys balanced.",
    )


def unanswerable(e: Evidence) -> Finding | None:
    """Guessed even with the passage; the tiny control cannot read a passage, so it says nothing of the questions."""
    opened = e.screening.get("opened", 1.0)
    if opened > CHANCE + 0.05 or e.control or e.primary.n < ENOUGH:
        return None
    return Finding(
        rule="questions-unanswerable",
        claim=f"With the passage before its eyes the base model has {100 * opened:.0f} % right, as good as guessing (chance 25 %).",
        evidence={"opened": opened, "closed": e.screening.get("closed"), "chance": CHANCE},
        weight=0.6,
        advice="Check some keys by hand; a base model that cannot use a passage may need another mode, or be too small for this test.",
    )


def too_few(e: Evidence) -> Finding | None:
    """Weighs more where a gain seems to be there."""
    if e.primary.verdict not in ("inconclusive", "identical") or e.primary.detectable <= PLAUSIBLE:
        return None
    trend = e.primary.difference.value >= 0.4 * e.primary.detectable
    factor = (e.primary.detectable / PLAUSIBLE) ** 2  # the detectable difference falls with the root of the number
    return Finding(
        rule="too-few-questions",
        claim=f"{e.primary.n} questions find only differences of {100 * e.primary.detectable:.1f} points or more.",
        evidence={
            "n": e.primary.n,
            "detectable": e.primary.detectable,
            "difference": e.primary.difference.value,
            "needed": round(e.primary.n * factor),
        },
        weight=0.875 if trend else 0.45,
        remedy=more_questions(e.plan, factor),
        advice=f"About {round(e.primary.n * factor)} questions would see a gain of {100 * PLAUSIBLE:.0f} points.",
    )
