"""Studies whose questions, answers or training data are at fault."""

import random

from support.planted_faults.row_studies import (
    RowStudy,
    make_training_log,
    make_unchanged_rates,
    redraw_rates,
    use_digits_mode,
)

from tasks.schemas.item_rows import Question, Rejection
from tasks.schemas.messages import build_message


def plant_favoured_option(s: RowStudy) -> RowStudy:
    return use_digits_mode(s, "digits", "generate")._replace(place=1)


def plant_position_dependence(s: RowStudy) -> RowStudy:
    return use_digits_mode(s).with_changes(
        plan={"evaluation.modes": ["digits"], "evaluation.rotations": 4}
    )


def plant_illegible_answers(s: RowStudy) -> RowStudy:
    return s.with_changes(
        plan={"comparison.primary_mode": "generate", "evaluation.modes": ["generate"]}
    )._replace(place=None)


def plant_chance_level(s: RowStudy) -> RowStudy:
    return use_digits_mode(s, "digits").with_changes(
        probe={"book_after": 5.0, "general_after": 1000.0}
    )


def plant_easy_questions(s: RowStudy) -> RowStudy:
    return s.with_changes(
        probe={"book_after": 5.0, "general_after": 1000.0},
        right=make_unchanged_rates(s, same_fact=(0.95, 0.97)) | {("train", "cloze"): (0.5, 0.98)},
    )


def plant_longest_key(s: RowStudy) -> RowStudy:
    return s.with_changes(
        questions={name: [lengthen_key(q) for q in rows] for name, rows in s.questions.items()},
        right=make_unchanged_rates(s, same_fact=(0.6, 0.63)) | {("train", "cloze"): (0.5, 0.98)},
    )


def lengthen_key(q: Question) -> Question:
    options = list(q.options)
    options[q.answer - 1] += " همراه با نشانه‌های فراوان و شرح کامل آن"
    a, b, c, d = options
    return q.model_copy(update={"options": (a, b, c, d)})


def plant_few_questions(s: RowStudy) -> RowStudy:
    few = {**s.questions, "same_fact": s.questions["same_fact"][:30]}
    return s.with_changes(
        questions=few,
        probe={"book_after": 5.0, "general_after": 1000.0},
        right=make_unchanged_rates(s, same_fact=(0.3, 0.5)) | {("train", "cloze"): (0.28, 0.98)},
    )


def plant_leak(s: RowStudy) -> RowStudy:
    copied = [
        q.model_copy(update={"question": s.pairs[i].symptom + "؛ کدام تشخیص؟"})
        for i, q in enumerate(s.questions["same_fact"])
    ]
    return s.with_changes(
        questions={**s.questions, "same_fact": copied},
        pairs=[
            p.model_copy(update={"symptom": p.symptom + " و بی‌حالی و تب و لرز"}) for p in s.pairs
        ],
    )


def plant_broken_split(s: RowStudy) -> RowStudy:
    return s.with_changes(
        questions={
            **s.questions,
            "new_fact": [q.model_copy(update={"fact": "f1"}) for q in s.questions["new_fact"]],
        }
    )


def plant_repeated_pairs(s: RowStudy) -> RowStudy:
    return s.with_changes(
        pairs=s.pairs[:60] * 6,
        right=make_unchanged_rates(s, same_fact=(0.3, 0.34)) | {("train", "cloze"): (0.28, 0.98)},
    )


def plant_narrow_data(s: RowStudy) -> RowStudy:
    same = [
        p.model_copy(update={"diagnosis": "آسم"}) if i % 5 else p for i, p in enumerate(s.pairs)
    ]
    return s.with_changes(
        pairs=same,
        right=make_unchanged_rates(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)},
    )


def plant_unrelated_data(s: RowStudy) -> RowStudy:
    other = [
        p.model_copy(update={"fact": f"x{i}", "diagnosis": f"شکستگی {i % 40}"})
        for i, p in enumerate(s.pairs)
    ]
    return s.with_changes(
        pairs=other,
        right=make_unchanged_rates(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)},
    )


def plant_dropped_texts(s: RowStudy) -> RowStudy:
    short = {"texts": 90, "too_long": 270, "longest": 900, "updates": 36}
    return s.with_changes(
        preflight=short,
        steps=make_training_log(36, 3.0, 2.5),
        right=redraw_rates(make_unchanged_rates(s)),
        probe={"taught_after": -3.0},
    )


def plant_few_pairs(s: RowStudy) -> RowStudy:
    return s.with_changes(
        plan={"generation.pairs": 2000},
        right=make_unchanged_rates(s, same_fact=(0.3, 0.36)) | {("train", "cloze"): (0.28, 0.98)},
        probe={"book_after": 5.0, "general_after": 950.0},
    )


def plant_foreign_distractors(s: RowStudy) -> RowStudy:
    """Two of three distractors are names that no pair teaches, which the base often says; the tuned model says taught names, the key no more often than the other."""
    asked = []
    for q in s.questions["same_fact"]:
        options = [
            option if i in (q.answer - 1, q.answer % 4) else f"نام ناآشنا {i}"
            for i, option in enumerate(q.options)
        ]
        asked.append(q.model_copy(update={"options": tuple(options)}))
    return s.with_changes(
        questions={**s.questions, "same_fact": asked},
        right={("same_fact", "cloze"): (0.25, 0.5), ("train", "cloze"): (0.28, 0.3)},
        miss=(2, 1),
    )


def plant_misaligned_pairs(s: RowStudy) -> RowStudy:
    """A person's file, one of whose columns was sorted apart."""
    names = random.Random(3).sample([p.diagnosis for p in s.pairs], len(s.pairs))
    dealt = [
        p.model_copy(update={"diagnosis": name}) for p, name in zip(s.pairs, names, strict=True)
    ]
    return s.with_changes(
        plan={"generation.pairs": "pairs.json"},
        pairs=dealt,
        right=redraw_rates(make_unchanged_rates(s, train=(0.28, 0.31))),
    )


def plant_wrong_keys(s: RowStudy) -> RowStudy:
    """A person's file counts the options from 0: what was learnt is one beyond the key."""
    return s.with_changes(
        plan={"generation.questions": "questions.json"},
        right={("same_fact", "cloze"): (0.2, 0.05), ("new_fact", "cloze"): (0.2, 0.15)},
    )


def plant_refused_questions(s: RowStudy) -> RowStudy:
    fallen = Rejection(
        draft_id="d",
        kind="question",
        check="grounding",
        reason=build_message("says-the-same-as-an-earlier-item", text=""),
        raw="",
        items=400,
    )
    few = {name: s.questions[name][:n] for name, n in (("same_fact", 20), ("new_fact", 8))}
    return s.with_changes(
        questions=s.questions | few,
        rejected=[fallen],
        probe={"book_after": 5.0, "general_after": 1000.0},
        right=make_unchanged_rates(s, same_fact=(0.3, 0.4)) | {("train", "cloze"): (0.28, 0.98)},
    )


def plant_harm(s: RowStudy) -> RowStudy:
    """The taught facts rise, and the model names only them."""
    return s.with_changes(right={("new_fact", "cloze"): (0.6, 0.1)})
