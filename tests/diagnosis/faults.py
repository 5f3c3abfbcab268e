"""The faults that are planted in a healthy study, each with the rule that must name it first."""

from collections.abc import Callable
from functools import cache

from diagnosis.faulty_items import (
    at_chance,
    favoured,
    few_questions,
    foreign_distractors,
    lacking_pairs,
    leaked,
    left_out,
    longest_key,
    narrow,
    repeated,
    split_broken,
    too_easy,
    unrelated,
)
from diagnosis.studies import Study, healthy, in_digits, jitter, log, unchanged

from tasks.diagnosis.evidence import Evidence
from tasks.results import Step

Plant = Callable[[Study], Study]


def nothing_trainable(s: Study) -> Study:
    return s.with_changes(preflight={"trainable_parameters": 0}, probe={"weight_shift": 0, "kl_mean": 0, "taught_after": -3.5}, right=unchanged(s))


def labels_masked(s: Study) -> Study:
    still = {"weight_shift": 0.0, "kl_mean": 0.0, "taught_after": -3.5}
    return s.with_changes(preflight={"target_tokens": 0}, probe=still, steps=log(135, 0.0, 0.0), right=unchanged(s))


def weights_unmoved(s: Study) -> Study:
    return s.with_changes(probe={"weight_shift": 0, "kl_mean": 0, "taught_after": -3.5}, right=unchanged(s))


def not_attached(s: Study) -> Study:
    return s.with_changes(probe={"kl_mean": 0, "taught_after": -3.5, "book_after": 4.0, "general_after": 900.0}, right=unchanged(s))


def same_twice(s: Study) -> Study:
    return s.with_changes(right=unchanged(s))


def diverged(s: Study) -> Study:
    return s.with_changes(steps=log(135, 3.0, 9.0), probe={"taught_after": -9.0}, right=unchanged(s, train=(0.28, 0.25), same_fact=(0.3, 0.24)))


def not_a_number(s: Study) -> Study:
    return s.with_changes(steps=[*log(20, 3.0, 4.0), Step(step=21, epoch=1, loss=float("nan"))], right=unchanged(s, same_fact=(0.3, 0.25)))


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
    return s.with_changes(plan=tuning, preflight=short, steps=log(14, 3.0, 2.98), pairs=s.pairs[:100], held_out=[], probe=small, right=near).with_changes(
        plan={"generation.pairs": 100}
    )


def early(s: Study) -> Study:
    return s.with_changes(
        probe={"taught_after": -1.5, "book_after": 5.0, "general_after": 950.0},
        right=unchanged(s, same_fact=(0.3, 0.33), train=(0.28, 0.42)),
    )


def low_rate(s: Study) -> Study:
    small = {"kl_mean": 2e-4, "weight_shift": 0.001, "taught_after": -3.46, "book_after": 4.0, "general_after": 900.0}
    return s.with_changes(plan={"finetuning.learning_rate": 1e-6}, steps=log(135, 3.0, 2.99), probe=small, right=unchanged(s))


def flat_loss(s: Study) -> Study:
    moved = {"taught_after": -3.48, "book_after": 4.2, "general_after": 950.0}
    return s.with_changes(steps=log(135, 3.0, 2.97), probe=moved, right=unchanged(s, same_fact=(0.3, 0.27), train=(0.28, 0.26)))


def overfitted(s: Study) -> Study:
    held_out = [Step(step=23 * e, epoch=e, loss=loss, split="held_out") for e, loss in enumerate((3, 2, 1.9, 2.5, 3.4), 1)]
    return s.with_changes(
        steps=log(135, 3, 0.05) + held_out,
        probe={"book_after": 5.0, "general_after": 1000},
        right=unchanged(s, same_fact=(0.3, 0.32), train=(0.28, 0.99)),
    )


def not_learnt(s: Study) -> Study:
    rates = unchanged(s, same_fact=(0.3, 0.3001), train=(0.28, 0.31), new_fact=(0.3, 0.29))
    return s.with_changes(plan={"finetuning.shuffle_diagnoses": True}, probe={"taught_after": -2.5, "unseen_after": -2.5}, right=jitter(rates))


def by_heart(s: Study) -> Study:
    return s.with_changes(
        probe={"book_after": 5.0, "general_after": 1000.0, "unseen_after": -3.4},
        right=unchanged(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)},
    )


def not_carried(s: Study) -> Study:
    return s.with_changes(plan={"comparison.primary_set": "new_fact"}, right={("new_fact", "cloze"): (0.3, 0.33)})


def form(s: Study) -> Study:
    return in_digits(s)


def known_before(s: Study) -> Study:
    known = {"taught_before": -0.05, "taught_after": -0.01, "book_after": 4.0, "general_after": 900.0}
    return s.with_changes(probe=known, right=unchanged(s, train=(0.97, 0.98), same_fact=(0.6, 0.63)))


def lost_elsewhere(s: Study) -> Study:
    return s.with_changes(probe={"book_after": 400.0}, right=unchanged(s, train=(0.28, 0.98), same_fact=(0.5, 0.52)))


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
    "distractors nobody taught": ("familiar-names", foreign_distractors),
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
    return FAULTS[fault][1](healthy()).collect_evidence()
