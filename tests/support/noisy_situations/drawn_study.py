"""A study whose truth is known, drawn with noise: items, training log, and the answers of base and tuned models.

The base scores each option with Gumbel noise and gives the key so much more that it is chosen with the wanted
chance; the tuned model keeps the base's noise for some questions and draws it anew for the others, whole facts
together. All that is judged then goes through the product's own functions.
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.diagnosis.evidence import Evidence, gather_evidence
from tasks.evaluation.effects.harm import list_harms
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.language.book_profile import NOTHING_SEEN, BookLook
from tasks.schemas.item_rows import FilterStep, Pair, Question, Rejection
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.result_rows import Answer, ModelDiff, Preflight, TrainingStep

SETS = ("train", "same_fact", "new_fact")
Scores = NDArray[np.float64]


class Rates(NamedTuple):
    """The true chances of a right answer, on one set in one mode."""

    base: float
    tuned: float


class Items(NamedTuple):
    """What is taught and asked, and what is wrong with it."""

    facts: int = 50
    new_facts: int = 16
    pairs: int = 360
    train: int = 100
    same_fact: int = 200
    new_fact: int = 48
    own_signs: int = 3  # words of its fact in a vignette, beside three that all facts share
    foreign: float = 0.0  # share of the distractors on taught facts whose names no pair teaches
    misaligned: bool = False  # each diagnosis stands beside the vignette of another fact
    key_offset: int = 0  # a person's keys of the questions on taught facts are so many places off
    copies: int = 1  # so often each text is there
    narrow: bool = False  # four of five pairs have one diagnosis
    unrelated: bool = False  # the pairs are on other diagnoses than the questions
    leaked: float = 0.0  # share of the questions on taught facts that repeat a pair
    broken_split: bool = False  # the questions on untaught facts are on taught ones
    long_keys: bool = False


class Curve(NamedTuple):
    """Losses in nats a token: those of the training fall exponentially, with noise; the held-out ones as they are told."""

    updates: int = 135
    first: float = 3.0
    last: float = 1.2
    noise: float = 0.12  # standard deviation of one update's loss, as a share
    held_out: tuple[float, ...] = (3.0, 2.0, 1.6, 1.45, 1.4, 1.38)
    held_out_noise: float = 0.006  # the same, of a held-out loss
    epochs: float = 6.0


class Model(NamedTuple):
    """What is tuned."""

    name: str
    learning_rate: float
    parameters: int
    probe: dict[str, float]


PROBE = {
    "kl_mean": 1.5, "weight_shift": 0.1, "taught_before": -2.2, "taught_after": -0.5,
    "unseen_before": -2.2, "unseen_after": -0.9, "book_before": 18.0, "book_after": 19.5,
    "general_before": 25.0, "general_after": 26.5,
}  # fmt: skip
TINY = Model(
    "tiny",
    5e-3,
    1_130_000,
    {
        "kl_mean": 6.0, "weight_shift": 0.5, "taught_before": -3.5, "taught_after": -0.1,
        "unseen_before": -3.5, "unseen_after": -0.2, "book_before": 4.0, "book_after": 26.0,
        "general_before": 900.0, "general_after": 2000.0,
    },
)  # fmt: skip
SMALL = Model("some/llama-135m", 5e-4, 135_000_000, PROBE)
LARGE = Model("some/llama-1b", 3e-4, 1_200_000_000, PROBE | {"kl_mean": 0.8, "weight_shift": 0.03})


class Situation(NamedTuple):
    """A study's truth, and the rules of which one must be named first; none: no rule may speak."""

    name: str
    kind: Literal["healthy", "few", "faulty"]
    wanted: tuple[str, ...]
    model: Model
    rates: dict[str, Rates]  # by set, in the primary mode
    items: Items = Items()
    curve: Curve = Curve()
    plan: dict[str, Any] = {}
    probe: dict[str, float] = {}
    preflight: dict[str, float] = {}
    other: dict[str, dict[str, Rates]] = {}  # in further modes
    seeds: int = 1
    spread: float = 0.0  # standard deviation of the true rate after tuning, between seeds
    fresh: float = 0.5  # share of the questions whose noise is drawn anew for the tuned model
    together: float = 0.4  # share of them whose noise is that of their whole fact
    names: float = 0.0  # nats that the tuned model adds to names that were taught
    bias: tuple[float, float] = (0.0, 0.0)  # nats that base and tuned add to the first place
    illegible: tuple[float, float] = (0.0, 0.0)
    truncated: float = 0.0
    still: bool = False  # the tuned model answers as the base does, to the last digit
    rejected: dict[tuple[str, str], int] = {}  # items stopped, by kind and check
    look: BookLook = NOTHING_SEEN


def draw_evidence(s: Situation, draw: int) -> Evidence:
    """What the product knows of one such study."""
    dice = np.random.default_rng([draw, *s.name.encode()])
    plan, pairs = _build_plan(s), _draw_pairs(s, dice)
    questions = _draw_questions(s, pairs, dice)
    taught = {pair.diagnosis for pair in pairs}
    base, tuned = _draw_answers(s, plan, questions, taught, dice)
    comparisons = compare_models(questions, base, tuned[0], plan.comparison, tuned[1:])
    held = len(pairs) // 10
    return gather_evidence(
        pairs[held:],
        pairs[:held],
        questions,
        _build_rejections(s),
        funnel=_build_funnel(s, pairs, questions),
        steps=_draw_log(s.curve, dice),
        preflight=_build_preflight(s, pairs),
        probe=_draw_probe(s, dice),
        base=base,
        tuned=tuned[0],
        comparisons=comparisons,
        plan=plan,
        look=s.look,
        harms=list_harms(comparisons, plan.comparison),
    )


def _build_plan(s: Situation) -> StudyPlan:
    modes = ["cloze", *s.other] if s.model is TINY or "cloze" not in s.other else [*s.other]
    tree = {
        "language": "en",
        "generation": {"pairs": s.items.pairs, "questions": s.items.same_fact + s.items.new_fact},
        "base": {"model": s.model.name},
        "finetuning": {"learning_rate": s.model.learning_rate, "epochs": s.curve.epochs},
        "evaluation": {"modes": modes},
        "comparison": {"seeds": s.seeds},
    }
    return parse_plan(tree, s.plan)


def _draw_pairs(s: Situation, dice: np.random.Generator) -> list[Pair]:
    """Fact by fact; a vignette has words of its fact among words that all share."""
    items, pairs = s.items, []
    for number in range(items.pairs):
        fact = number % items.facts
        shown = (fact + 1 + number % 7) % items.facts if items.misaligned else fact
        name = f"condition {fact}"
        if items.narrow and number % 5:
            name = "condition 0"
        if items.unrelated:
            name = f"fracture {fact}"
        told = f"x{fact}" if items.unrelated else f"f{fact}"
        text = f"a patient of {20 + int(dice.integers(60))} years with {_draw_signs(shown, items, dice)}"
        pairs.append(Pair(id=f"p{number}", fact=told, symptom=text, diagnosis=name))
    return pairs[: items.pairs // items.copies] * items.copies


def _draw_signs(fact: int, items: Items, dice: np.random.Generator) -> str:
    own = [spell_number(100 + 8 * fact + i) for i in dice.choice(8, items.own_signs, replace=False)]
    common = [spell_number(i) for i in dice.choice(40, 3, replace=False)]
    return ", ".join(dice.permutation([*own, *common]))


def spell_number(number: int) -> str:
    """A word of its own for each number below 20,000; in figures it would be no other word to the product."""
    return "".join(
        "bdfgklmnprstvz"[number // 70**i % 70 // 5] + "aeiou"[number // 70**i % 5] for i in range(3)
    )


def _draw_questions(
    s: Situation, pairs: list[Pair], dice: np.random.Generator
) -> dict[str, list[Question]]:
    items = s.items
    sizes = {"train": items.train, "same_fact": items.same_fact, "new_fact": items.new_fact}
    papers: dict[str, list[Question]] = {}
    for name, n in sizes.items():
        facts = [
            items.facts + i % items.new_facts if name == "new_fact" else i % items.facts
            for i in range(n)
        ]
        papers[name] = [_draw_question(s, name, i, fact, dice) for i, fact in enumerate(facts)]
    for number in range(round(items.leaked * items.same_fact)):
        pair = pairs[-1 - number % (len(pairs) // 2)]  # one that is trained on
        copied = {"question": f"{pair.symptom}. Which condition?"}
        papers["same_fact"][number] = papers["same_fact"][number].model_copy(update=copied)
    return {name: rows for name, rows in papers.items() if rows}


def _draw_question(
    s: Situation, paper: str, number: int, fact: int, dice: np.random.Generator
) -> Question:
    items = s.items
    pool = (
        range(items.facts)
        if fact < items.facts
        else range(items.facts, items.facts + items.new_facts)
    )
    others = dice.choice([f for f in pool if f != fact], 3, replace=False)
    foreign = items.foreign if paper == "same_fact" else 0.0
    names = [
        f"unknown {dice.integers(300)}{place}" if dice.random() < foreign else f"condition {other}"
        for place, other in enumerate(others)
    ]
    place = int(dice.integers(4))
    long = " with all of its usual signs" if items.long_keys and paper == "same_fact" else ""
    names.insert(place, f"condition {fact}{long}")
    if items.key_offset and paper != "train":
        place = (place + items.key_offset) % 4
    a, b, c, d = names
    told = 1 if items.broken_split and paper == "new_fact" else fact
    return Question(
        id=f"{paper}{number}",
        fact=f"f{told}",
        question=f"Which condition shows {_draw_signs(fact, items, dice)}?",
        options=(a, b, c, d),
        answer=place + 1,
    )


def _draw_answers(
    s: Situation,
    plan: StudyPlan,
    questions: dict[str, list[Question]],
    taught: set[str],
    dice: np.random.Generator,
) -> tuple[list[Answer], list[list[Answer]]]:
    """The base's answers, and those of each seed's model."""
    base: list[Answer] = []
    tuned: list[list[Answer]] = [[] for _ in range(s.seeds)]
    shifts = s.spread * dice.standard_normal(s.seeds)
    for mode in plan.evaluation.modes:
        rates = s.rates if mode == plan.comparison.primary_mode else s.other[mode]
        for name, rows in questions.items():
            truth = rates[name]
            key, known, fact = _describe_options(s, name, rows, taught)
            common, whole = dice.gumbel(size=key.shape), dice.random(len(rows)) < s.together
            scores = common + _give_skill(truth.base) * key
            base += _build_answers(
                rows, mode, scores, plan, dice, bias=s.bias[0], illegible=s.illegible[0]
            )
            anew, alike = dice.random(len(rows)) < s.fresh, dice.random(len(rows)) < 0.5
            again = _draw_by_fact(key, fact, whole, dice)
            for seed in range(s.seeds):
                if s.still:
                    after = scores
                else:
                    noise = np.where(alike[:, None], again, _draw_by_fact(key, fact, whole, dice))
                    noise = np.where(anew[:, None], noise, common)
                    rate = float(np.clip(truth.tuned + shifts[seed], 0.02, 0.995))
                    after = noise + _give_skill(rate) * key + s.names * known
                tuned[seed] += _build_answers(
                    rows, mode, after, plan, dice,
                    bias=s.bias[1], illegible=s.illegible[1], truncated=s.truncated,
                )  # fmt: skip
    return base, tuned


def _describe_options(
    s: Situation, name: str, rows: list[Question], taught: set[str]
) -> tuple[Scores, Scores, NDArray[np.int64]]:
    """Which option is the right one in truth, which names are taught, and each question's fact."""
    offset = s.items.key_offset if name != "train" else 0
    right = np.array([(q.answer - 1 - offset) % 4 for q in rows])
    key = np.eye(4)[right]
    known = np.array([[option in taught for option in q.options] for q in rows], dtype=float)
    return key, known, np.unique([q.fact for q in rows], return_inverse=True)[1]


def _draw_by_fact(
    key: Scores, fact: NDArray[np.int64], whole: NDArray[np.bool_], dice: np.random.Generator
) -> Scores:
    """Noise of each option; where the whole fact moves, the key's and the others' are the fact's."""
    own, of_fact = dice.gumbel(size=key.shape), dice.gumbel(size=(int(fact.max()) + 1, 4))[fact]
    order = (np.arange(4)[None, :] - key.argmax(axis=1)[:, None]) % 4  # the key's noise comes first
    return np.where(whole[:, None], np.take_along_axis(of_fact, order, axis=1), own)


def _give_skill(rate: float) -> float:
    """What the key's score must have more, so that it is highest with this chance."""
    return math.log(3 * rate / (1 - rate))


def _build_answers(
    rows: list[Question],
    mode: str,
    scores: Scores,
    plan: StudyPlan,
    dice: np.random.Generator,
    *,
    bias: float = 0.0,
    illegible: float = 0.0,
    truncated: float = 0.0,
) -> list[Answer]:
    """One answer a question and rotation; `generate` keeps no scores."""
    made = []
    mute, cut = dice.random(len(rows)) < illegible, dice.random(len(rows)) < truncated
    for rotation in range(plan.evaluation.rotations):
        shown = scores.copy()
        shown[:, rotation] += bias  # what stands at the first place
        best = shown.argmax(axis=1) + 1
        for place, question in enumerate(rows):
            said = None if mute[place] or cut[place] else int(best[place])
            made.append(
                Answer.model_construct(
                    question_id=question.id,
                    rotation=rotation,
                    mode=mode,
                    scores=None if mode == "generate" else tuple(shown[place].tolist()),
                    said="" if mode != "generate" else f"{said} {shown[place].sum():.3f}",
                    predicted=said,
                    is_correct=said == question.answer and not cut[place],
                    truncated=bool(cut[place]),
                )
            )
    return made


def _draw_log(curve: Curve, dice: np.random.Generator) -> list[TrainingStep]:
    """The training falls fast and then slowly, to 1 % of the way above its end."""
    steps = np.arange(curve.updates)
    way = np.exp(-4.6 * steps / max(1, curve.updates - 1))
    losses = (curve.last + (curve.first - curve.last) * way) * np.exp(
        curve.noise * dice.standard_normal(curve.updates)
    )
    log = [
        TrainingStep(step=i + 1, epoch=curve.epochs * (i + 1) / curve.updates, loss=float(loss))
        for i, loss in enumerate(losses)
    ]
    for number, loss in enumerate(curve.held_out):
        step = round(curve.updates * number / max(1, len(curve.held_out) - 1))
        seen = loss * math.exp(curve.held_out_noise * dice.standard_normal())
        log.append(TrainingStep(step=step, epoch=number, loss=seen, split="held_out"))
    return log


def _build_preflight(s: Situation, pairs: list[Pair]) -> Preflight:
    texts = len(pairs) - len(pairs) // 10
    usual = {
        "texts": texts,
        "updates": s.curve.updates,
        "epochs": s.curve.epochs,
        "batch_size": 16,
        "trainable_parameters": s.model.parameters // 50,
        "parameters": s.model.parameters,
        "target_tokens": 12 * texts,
        "tokens": 60 * texts,
        "longest": 90,
        "too_long": 0,
    }
    return Preflight.model_validate(usual | s.preflight)


def _draw_probe(s: Situation, dice: np.random.Generator) -> ModelDiff:
    """Each figure within some percent of its truth; zero stays zero."""
    truth = s.model.probe | s.probe
    return ModelDiff.model_validate(
        {name: value * math.exp(0.03 * dice.standard_normal()) for name, value in truth.items()}
    )


def _build_rejections(s: Situation) -> list[Rejection]:
    reason = build_message("says-the-same-as-an-earlier-item", text="")
    return [
        Rejection.model_validate(
            {"draft_id": "d", "kind": kind, "check": check, "reason": reason, "raw": "", "items": n}
        )
        for (kind, check), n in s.rejected.items()
    ]


def _build_funnel(
    s: Situation, pairs: list[Pair], questions: dict[str, list[Question]]
) -> list[FilterStep]:
    kept = {"pair": len(pairs), "question": sum(map(len, questions.values())) - s.items.train}
    return [
        FilterStep(
            name="checks",
            kind=kind,
            came=n + sum(m for (what, _), m in s.rejected.items() if what == kind),
            kept=n,
        )
        for kind, n in kept.items()
    ]
