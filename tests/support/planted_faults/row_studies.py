"""Whole studies made of rows: a healthy one, and the same with a fault planted."""

import random
from typing import Any, NamedTuple

from tasks.diagnosis.evidence import Evidence, gather_evidence
from tasks.evaluation.effects.harm import list_harms
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.language.book_profile import NOTHING_SEEN, BookLook
from tasks.schemas.item_rows import FilterStep, Pair, Question, Rejection
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.result_rows import Answer, ModelDiff, Preflight, TrainingStep

FACTS, NEW = 50, 12  # taught, and never taught
SIGNS = [f"نشانه{chr(0x627 + i)}{chr(0x628 + j)}" for i in range(20) for j in range(20)]


class RowStudy(NamedTuple):
    """Everything that `gather` is given."""

    plan: StudyPlan
    pairs: list[Pair]
    held_out: list[Pair]
    questions: dict[str, list[Question]]
    rejected: list[Rejection]
    funnel: list[FilterStep]
    steps: list[TrainingStep]
    preflight: Preflight
    probe: ModelDiff
    right: dict[
        tuple[str, str], tuple[float, float]
    ]  # by set and mode: share right before and after
    place: int | None = None  # the tuned model always names this option
    miss: tuple[int, int] = (1, 1)  # how far beyond the key a wrong answer is, before and after
    look: BookLook = NOTHING_SEEN  # at the book's own words

    def with_changes(self, **changes: Any) -> "RowStudy":
        """The same study with changes; those of the plan, preflight and probe by field."""
        for name in ("preflight", "probe"):
            if name in changes:
                changes[name] = getattr(self, name).model_copy(update=changes[name])
        if "plan" in changes:
            changes["plan"] = parse_plan(self.plan.model_dump(mode="json"), changes["plan"])
        if "right" in changes:
            changes["right"] = self.right | changes["right"]
        return self._replace(**changes)

    def collect_evidence(self, **more: Any) -> Evidence:
        base, tuned = make_answers(self)
        comparisons = compare_models(self.questions, base, tuned, self.plan.comparison)
        return gather_evidence(
            self.pairs,
            self.held_out,
            self.questions,
            self.rejected,
            funnel=self.funnel,
            steps=self.steps,
            preflight=self.preflight,
            probe=self.probe,
            base=base,
            tuned=tuned,
            comparisons=comparisons,
            plan=self.plan,
            look=self.look,
            harms=list_harms(comparisons, self.plan.comparison),
            **more,
        )


def make_healthy_study() -> RowStudy:
    """The laptop's study as it should be: learnt, carried over to other words, nothing wrong with it."""
    dice = random.Random(1)
    pairs = [make_pair(i, dice) for i in range(400)]
    questions = {
        "train": [make_question("t", i, i % FACTS, dice) for i in range(100)],
        "same_fact": [make_question("s", i, i % FACTS, dice) for i in range(200)],
        "new_fact": [make_question("n", i, FACTS + i % NEW, dice) for i in range(48)],
    }
    return RowStudy(
        plan=StudyPlan(),
        pairs=pairs[:360],
        held_out=pairs[360:],
        questions=questions,
        rejected=[],
        funnel=[
            FilterStep(name="parsed", kind="pair", came=440, kept=400),
            FilterStep(name="parsed", kind="question", came=400, kept=348),
        ],
        steps=make_training_log(135, 3.0, 1.2)
        + [
            TrainingStep(step=23 * e, epoch=e, loss=loss, split="held_out")
            for e, loss in enumerate((3, 2, 1.6, 1.5, 1.4), 1)
        ],
        preflight=Preflight(
            texts=360,
            updates=135,
            epochs=6,
            batch_size=16,
            trainable_parameters=120_000,
            parameters=1_130_000,
            target_tokens=20_000,
            tokens=20_000,
            longest=90,
            too_long=0,
        ),
        probe=ModelDiff(
            kl_mean=6.0,
            weight_shift=0.5,
            taught_before=-3.5,
            taught_after=-0.1,
            unseen_before=-3.5,
            unseen_after=-0.2,
            book_before=4.0,
            book_after=30.0,
            general_before=900.0,
            general_after=2000.0,
        ),
        right={
            ("train", "cloze"): (0.28, 0.98),
            ("same_fact", "cloze"): (0.3, 0.95),
            ("new_fact", "cloze"): (0.3, 0.7),
            **{(name, mode): (0.26, 0.25) for name in questions for mode in ("digits", "generate")},
        },
    )


def make_pair(number: int, dice: random.Random) -> Pair:
    fact = number % FACTS
    own = dice.sample([SIGNS[(7 * fact + i) % len(SIGNS)] for i in range(6)], 2)
    signs = "، ".join([*own, *dice.sample(SIGNS, 2)])
    return Pair(
        id=f"p{number}",
        fact=f"f{fact}",
        symptom=f"مرد {20 + number % 60} ساله با {signs}",
        diagnosis=f"بیماری {fact}",
    )


def make_question(prefix: str, number: int, fact: int, dice: random.Random) -> Question:
    key = number % 4 + 1
    first, many = (
        (0, FACTS) if fact < FACTS else (FACTS, NEW)
    )  # distractors from the key's own pool
    names = [f"بیماری {first + (fact - first + step) % many}" for step in (7, 13, 29, 40)]
    names[key - 1] = f"بیماری {fact}"
    a, b, c, d = names
    stem = f"در بیماری با {' و '.join(dice.sample(SIGNS, 4))} کدام تشخیص محتمل‌تر است؟"
    return Question(
        id=f"{prefix}{number}", fact=f"f{fact}", question=stem, options=(a, b, c, d), answer=key
    )


def make_training_log(updates: int, first: float, last: float) -> list[TrainingStep]:
    """A loss that goes evenly from first to last."""
    return [
        TrainingStep(
            step=i, epoch=i / 23, loss=first + (last - first) * (i - 1) / max(1, updates - 1)
        )
        for i in range(1, updates + 1)
    ]


def make_answers(study: RowStudy) -> tuple[list[Answer], list[Answer]]:
    """Answers with exactly the wanted shares of right ones; where the two shares are near, hardly any answer changes."""
    dice, base, tuned = random.Random(2), [], []
    for mode in study.plan.evaluation.modes:
        for name, rows in study.questions.items():
            before, after = study.right[name, mode]
            order = dice.sample(rows, len(rows))
            base += [
                make_answer(q, place < round(before * len(rows)), mode, miss=study.miss[0])
                for place, q in enumerate(order)
            ]
            order = order if abs(after - before) < 0.02 else dice.sample(rows, len(rows))
            tuned += [
                make_answer(
                    q, place < round(after * len(rows)), mode, study.place, miss=study.miss[1]
                )
                for place, q in enumerate(order)
            ]
    return base, tuned


def make_answer(
    q: Question, right: bool, mode: str, always: int | None = None, *, miss: int = 1
) -> Answer:
    """The key, or an option after it; or always the same. The other options have the scores of a lot."""
    said = always or (q.answer if right else (q.answer - 1 + miss) % 4 + 1)
    rest = random.Random(f"{q.id}/{said}").sample((-1.0, -2.0, -3.0), 3)
    scores = [*rest[: said - 1], 0.0, *rest[said - 1 :]]
    return Answer.model_validate(
        {
            "question_id": q.id,
            "rotation": 0,
            "mode": mode,
            "scores": None if mode == "generate" else scores,
            "predicted": said,
            "is_correct": said == q.answer,
        }
    )


def make_unchanged_rates(
    study: RowStudy, **more: tuple[float, float]
) -> dict[tuple[str, str], tuple[float, float]]:
    """No set in no mode gained anything, but for those named by set (in cloze)."""
    flat = {place: (before, before) for place, (before, _) in study.right.items()}
    return flat | {(name, "cloze"): shares for name, shares in more.items()}


def use_digits_mode(study: RowStudy, *modes: str) -> RowStudy:
    """The same study with option numbers as the primary mode."""
    return study.with_changes(
        plan={
            "comparison.primary_mode": "digits",
            "evaluation.modes": list(modes or ("cloze", "digits", "generate")),
        }
    )


def redraw_rates(
    rates: dict[tuple[str, str], tuple[float, float]],
) -> dict[tuple[str, str], tuple[float, float]]:
    """Other answers, drawn anew, with no gain."""
    return {place: (before, after + 0.03) for place, (before, after) in rates.items()}
