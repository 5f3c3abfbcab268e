"""The faults that are planted in a healthy study, each with the rule that must name it first."""

from collections.abc import Callable
from functools import cache

from diagnosis.studies import Study, healthy, log

from tasks.diagnosis.evidence import Evidence
from tasks.records import Question, Step

Plant = Callable[[Study], Study]
MODES = ("cloze", "digits", "generate")


def unchanged(study: Study, **more: tuple[float, float]) -> dict[tuple[str, str], tuple[float, float]]:
    """No set in no mode gained anything, but for those named by set (in cloze)."""
    flat = {place: (before, before) for place, (before, _) in study.right.items()}
    return flat | {(name, "cloze"): shares for name, shares in more.items()}


def in_digits(study: Study, *modes: str) -> Study:
    """The same study with option numbers as the primary mode."""
    return study.but(plan={"comparison.primary_mode": "digits", "evaluation.modes": list(modes or MODES)})


def nothing_trainable(s: Study) -> Study:
    return s.but(preflight={"trainable_parameters": 0}, probe={"weight_shift": 0, "kl_mean": 0, "taught_after": -3.5}, right=unchanged(s))


def labels_masked(s: Study) -> Study:
    still = {"weight_shift": 0.0, "kl_mean": 0.0, "taught_after": -3.5}
    return s.but(preflight={"target_tokens": 0}, probe=still, steps=log(135, 0.0, 0.0), right=unchanged(s))


def weights_unmoved(s: Study) -> Study:
    return s.but(probe={"weight_shift": 0, "kl_mean": 0, "taught_after": -3.5}, right=unchanged(s))


def not_attached(s: Study) -> Study:
    return s.but(probe={"kl_mean": 0, "taught_after": -3.5, "book_after": 4.0, "general_after": 900.0}, right=unchanged(s))


def same_twice(s: Study) -> Study:
    return s.but(right=unchanged(s))


def diverged(s: Study) -> Study:
    return s.but(steps=log(135, 3.0, 9.0), probe={"taught_after": -9.0}, right=unchanged(s, train=(0.28, 0.25), same_fact=(0.3, 0.24)))


def not_a_number(s: Study) -> Study:
    return s.but(steps=[*log(20, 3.0, 4.0), Step(step=21, epoch=1, loss=float("nan"))], right=unchanged(s, same_fact=(0.3, 0.25)))


def few_updates(s: Study) -> Study:
    small = {
        "kl_mean": 3e-4,
        "weight_shift": 0.0018,
        "taught_after": -3.45,
        "unseen_after": -3.45,
        "book_after": 4.0,
        "general_after": 900.0,
    }
    short = {"texts": 100, "updates": 14, "epochs": 2}
    tuning = {"finetuning.learning_rate": 5e-5, "finetuning.rank": 8, "finetuning.target_modules": ["q_proj", "v_proj"]}
    near = unchanged(s, same_fact=(0.3, 0.305))
    return s.but(plan=tuning, preflight=short, steps=log(14, 3.0, 2.98), pairs=s.pairs[:100], held_out=[], probe=small, right=near).but(
        plan={"generation.pairs": 100}
    )


def early(s: Study) -> Study:
    return s.but(
        probe={"taught_after": -1.5, "book_after": 5.0, "general_after": 950.0},
        right=unchanged(s, same_fact=(0.3, 0.33), train=(0.28, 0.42)),
    )


def low_rate(s: Study) -> Study:
    small = {"kl_mean": 2e-4, "weight_shift": 0.001, "taught_after": -3.46, "book_after": 4.0, "general_after": 900.0}
    return s.but(plan={"finetuning.learning_rate": 1e-6}, steps=log(135, 3.0, 2.99), probe=small, right=unchanged(s))


def flat_loss(s: Study) -> Study:
    moved = {"taught_after": -3.48, "book_after": 4.2, "general_after": 950.0}
    return s.but(steps=log(135, 3.0, 2.97), probe=moved, right=unchanged(s, same_fact=(0.3, 0.27), train=(0.28, 0.26)))


def overfitted(s: Study) -> Study:
    held_out = [Step(step=23 * e, epoch=e, loss=loss, split="held_out") for e, loss in enumerate((3, 2, 1.9, 2.5, 3.4), 1)]
    return s.but(
        steps=log(135, 3, 0.05) + held_out,
        probe={"book_after": 5.0, "general_after": 1000},
        right=unchanged(s, same_fact=(0.3, 0.32), train=(0.28, 0.99)),
    )


def not_learnt(s: Study) -> Study:
    rates = unchanged(s, same_fact=(0.3, 0.3001), train=(0.28, 0.31), new_fact=(0.3, 0.29))
    return s.but(plan={"finetuning.shuffle_diagnoses": True}, probe={"taught_after": -2.5, "unseen_after": -2.5}, right=jitter(rates))


def jitter(rates: dict[tuple[str, str], tuple[float, float]]) -> dict[tuple[str, str], tuple[float, float]]:
    """Other answers, drawn anew, with no gain."""
    return {place: (before, after + 0.03) for place, (before, after) in rates.items()}


def by_heart(s: Study) -> Study:
    return s.but(
        probe={"book_after": 5.0, "general_after": 1000.0, "unseen_after": -3.4},
        right=unchanged(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)},
    )


def not_carried(s: Study) -> Study:
    return s.but(plan={"comparison.primary_set": "new_fact"}, right={("new_fact", "cloze"): (0.3, 0.33)})


def form(s: Study) -> Study:
    return in_digits(s)


def known_before(s: Study) -> Study:
    known = {"taught_before": -0.05, "taught_after": -0.01, "book_after": 4.0, "general_after": 900.0}
    return s.but(probe=known, right=unchanged(s, train=(0.97, 0.98), same_fact=(0.6, 0.63)))


def lost_elsewhere(s: Study) -> Study:
    return s.but(probe={"book_after": 400.0}, right=unchanged(s, train=(0.28, 0.98), same_fact=(0.5, 0.52)))


def favoured(s: Study) -> Study:
    return in_digits(s, "digits", "generate")._replace(place=1)


def follows_place(s: Study) -> Study:
    return in_digits(s).but(plan={"evaluation.modes": ["digits"], "evaluation.rotations": 4})


def illegible(s: Study) -> Study:
    return s.but(plan={"comparison.primary_mode": "generate", "evaluation.modes": ["generate"]})._replace(place=None)


def at_chance(s: Study) -> Study:
    return in_digits(s, "digits").but(probe={"book_after": 5.0, "general_after": 1000.0})


def too_easy(s: Study) -> Study:
    return s.but(
        probe={"book_after": 5.0, "general_after": 1000.0}, right=unchanged(s, same_fact=(0.95, 0.97)) | {("train", "cloze"): (0.5, 0.98)}
    )


def longest_key(s: Study) -> Study:
    return s.but(
        questions={name: [long_key(q) for q in rows] for name, rows in s.questions.items()},
        right=unchanged(s, same_fact=(0.6, 0.63)) | {("train", "cloze"): (0.5, 0.98)},
    )


def long_key(q: Question) -> Question:
    options = list(q.options)
    options[q.answer - 1] += " همراه با نشانه‌های فراوان و شرح کامل آن"
    a, b, c, d = options
    return q.model_copy(update={"options": (a, b, c, d)})


def few_questions(s: Study) -> Study:
    few = {**s.questions, "same_fact": s.questions["same_fact"][:30]}
    return s.but(
        questions=few,
        probe={"book_after": 5.0, "general_after": 1000.0},
        right=unchanged(s, same_fact=(0.3, 0.5)) | {("train", "cloze"): (0.28, 0.98)},
    )


def leaked(s: Study) -> Study:
    copied = [q.model_copy(update={"question": s.pairs[i].symptom + "؛ کدام تشخیص؟"}) for i, q in enumerate(s.questions["same_fact"])]
    return s.but(
        questions={**s.questions, "same_fact": copied},
        pairs=[p.model_copy(update={"symptom": p.symptom + " و بی‌حالی و تب و لرز"}) for p in s.pairs],
    )


def split_broken(s: Study) -> Study:
    return s.but(questions={**s.questions, "new_fact": [q.model_copy(update={"fact": "f1"}) for q in s.questions["new_fact"]]})


def repeated(s: Study) -> Study:
    return s.but(pairs=s.pairs[:60] * 6, right=unchanged(s, same_fact=(0.3, 0.34)) | {("train", "cloze"): (0.28, 0.98)})


def narrow(s: Study) -> Study:
    same = [p.model_copy(update={"diagnosis": "آسم"}) if i % 5 else p for i, p in enumerate(s.pairs)]
    return s.but(pairs=same, right=unchanged(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)})


def unrelated(s: Study) -> Study:
    other = [p.model_copy(update={"fact": f"x{i}", "diagnosis": f"شکستگی {i % 40}"}) for i, p in enumerate(s.pairs)]
    return s.but(pairs=other, right=unchanged(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)})


def left_out(s: Study) -> Study:
    short = {"texts": 90, "too_long": 270, "longest": 900, "updates": 36}
    return s.but(preflight=short, steps=log(36, 3.0, 2.5), right=jitter(unchanged(s)), probe={"taught_after": -3.0})


def lacking_pairs(s: Study) -> Study:
    return s.but(
        plan={"generation.pairs": 2000},
        right=unchanged(s, same_fact=(0.3, 0.36)) | {("train", "cloze"): (0.28, 0.98)},
        probe={"book_after": 5.0, "general_after": 950.0},
    )


FAULTS: dict[str, tuple[str, Plant]] = {
    "no parameter is trainable": ("nothing-trainable", nothing_trainable),
    "all labels are masked": ("labels-masked", labels_masked),
    "the weights did not move": ("weights-unmoved", weights_unmoved),
    "the adapter is not attached": ("adapter-not-attached", not_attached),
    "one model answered twice": ("same-model-twice", same_twice),
    "the loss rose": ("loss-diverged", diverged),
    "the loss is NaN": ("loss-diverged", not_a_number),
    "14 updates": ("too-few-updates", few_updates),
    "an end while the held-out loss falls": ("stopped-early", early),
    "a tiny learning rate": ("rate-too-low", low_rate),
    "the loss is flat": ("loss-flat", flat_loss),
    "held-out loss rises": ("overfit", overfitted),
    "shuffled diagnoses": ("facts-not-learnt", not_learnt),
    "other words are not understood": ("learnt-by-heart", by_heart),
    "untaught facts are asked": ("not-carried-over", not_carried),
    "numbers cannot be named": ("format-gap", form),
    "nothing new is taught": ("already-known", known_before),
    "the book is forgotten": ("knowledge-lost", lost_elsewhere),
    "always option 1": ("one-option-favoured", favoured),
    "guessing before and after": ("questions-at-chance", at_chance),
    "easy questions": ("questions-too-easy", too_easy),
    "the key is the longest option": ("questions-guessable", longest_key),
    "30 questions": ("too-few-questions", few_questions),
    "questions repeat the training texts": ("leakage", leaked),
    "new facts were taught": ("leakage", split_broken),
    "six copies of each text": ("data-repeated", repeated),
    "nearly one diagnosis": ("data-narrow", narrow),
    "pairs on other subjects": ("data-unrelated", unrelated),
    "most texts too long": ("texts-cut", left_out),
    "a fifth of the pairs": ("few-pairs", lacking_pairs),
}


@cache
def seen(fault: str) -> Evidence:
    return FAULTS[fault][1](healthy()).evidence()
