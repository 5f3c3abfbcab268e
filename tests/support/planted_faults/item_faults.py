"""Studies whose questions, answers or training data are at fault."""

from support.planted_faults.row_studies import (
    RowStudy,
    make_training_log,
    make_unchanged_rates,
    redraw_rates,
    use_digits_mode,
)

from tasks.schemas.item_rows import Question


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
    """Two of three distractors are names that no pair teaches; the tuned model knows no more than which names are taught."""
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
    )
