"""The faults that are planted in a healthy study, each with the rule that must name it first."""

from collections.abc import Callable
from functools import cache

from support.planted_faults.item_faults import (
    plant_broken_split,
    plant_chance_level,
    plant_dropped_texts,
    plant_easy_questions,
    plant_favoured_option,
    plant_few_pairs,
    plant_few_questions,
    plant_foreign_distractors,
    plant_harm,
    plant_leak,
    plant_longest_key,
    plant_misaligned_pairs,
    plant_narrow_data,
    plant_refused_questions,
    plant_repeated_pairs,
    plant_unrelated_data,
    plant_wrong_keys,
)
from support.planted_faults.row_studies import (
    RowStudy,
    make_healthy_study,
    make_training_log,
    make_unchanged_rates,
    redraw_rates,
    use_digits_mode,
)

from tasks.diagnosis.evidence import Evidence
from tasks.language.book_profile import BookLook
from tasks.schemas.result_rows import TrainingStep

PlantFault = Callable[[RowStudy], RowStudy]


def plant_nothing_trainable(s: RowStudy) -> RowStudy:
    return s.with_changes(
        preflight={"trainable_parameters": 0},
        probe={"weight_shift": 0, "kl_mean": 0, "taught_after": -3.5},
        right=make_unchanged_rates(s),
    )


def plant_masked_labels(s: RowStudy) -> RowStudy:
    still = {"weight_shift": 0.0, "kl_mean": 0.0, "taught_after": -3.5}
    return s.with_changes(
        preflight={"target_tokens": 0},
        probe=still,
        steps=make_training_log(135, 0.0, 0.0),
        right=make_unchanged_rates(s),
    )


def plant_unmoved_weights(s: RowStudy) -> RowStudy:
    return s.with_changes(
        probe={"weight_shift": 0, "kl_mean": 0, "taught_after": -3.5}, right=make_unchanged_rates(s)
    )


def plant_detached_adapter(s: RowStudy) -> RowStudy:
    return s.with_changes(
        probe={"kl_mean": 0, "taught_after": -3.5, "book_after": 4.0, "general_after": 900.0},
        right=make_unchanged_rates(s),
    )


def plant_same_model(s: RowStudy) -> RowStudy:
    return s.with_changes(right=make_unchanged_rates(s))


def plant_diverged_loss(s: RowStudy) -> RowStudy:
    return s.with_changes(
        steps=make_training_log(135, 3.0, 9.0),
        probe={"taught_after": -9.0},
        right=make_unchanged_rates(s, train=(0.28, 0.25), same_fact=(0.3, 0.24)),
    )


def plant_nan_loss(s: RowStudy) -> RowStudy:
    return s.with_changes(
        steps=[*make_training_log(20, 3.0, 4.0), TrainingStep(step=21, epoch=1, loss=float("nan"))],
        right=make_unchanged_rates(s, same_fact=(0.3, 0.25)),
    )


def plant_few_updates(s: RowStudy) -> RowStudy:
    small = {
        "kl_mean": 3e-4,
        "weight_shift": 0.0018,
        "taught_after": -3.45,
        "unseen_after": -3.45,
        "book_after": 4.0,
        "general_after": 900.0,
    }
    short = {"texts": 100, "updates": 14, "epochs": 2}
    tuning = {
        "finetuning.learning_rate": 5e-5,
        "finetuning.rank": 8,
        "finetuning.target_modules": ["q_proj", "v_proj"],
    }
    near = make_unchanged_rates(s, same_fact=(0.3, 0.305))
    return s.with_changes(
        plan=tuning,
        preflight=short,
        steps=make_training_log(14, 3.0, 2.98),
        pairs=s.pairs[:100],
        held_out=[],
        probe=small,
        right=near,
    ).with_changes(plan={"generation.pairs": 100})


def plant_unfinished_training(s: RowStudy) -> RowStudy:
    return s.with_changes(
        probe={"taught_after": -1.5, "book_after": 5.0, "general_after": 950.0},
        right=make_unchanged_rates(s, same_fact=(0.3, 0.33), train=(0.28, 0.42)),
    )


def plant_low_rate(s: RowStudy) -> RowStudy:
    small = {
        "kl_mean": 2e-4,
        "weight_shift": 0.001,
        "taught_after": -3.46,
        "book_after": 4.0,
        "general_after": 900.0,
    }
    return s.with_changes(
        plan={"finetuning.learning_rate": 1e-6},
        steps=make_training_log(135, 3.0, 2.99),
        probe=small,
        right=make_unchanged_rates(s),
    )


def plant_flat_loss(s: RowStudy) -> RowStudy:
    moved = {"taught_after": -3.48, "book_after": 4.2, "general_after": 950.0}
    return s.with_changes(
        steps=make_training_log(135, 3.0, 2.97),
        probe=moved,
        right=make_unchanged_rates(s, same_fact=(0.3, 0.27), train=(0.28, 0.26)),
    )


def plant_overfitting(s: RowStudy) -> RowStudy:
    held_out = [
        TrainingStep(step=23 * e, epoch=e, loss=loss, split="held_out")
        for e, loss in enumerate((3, 2, 1.9, 2.5, 3.4), 1)
    ]
    return s.with_changes(
        steps=make_training_log(135, 3, 0.05) + held_out,
        probe={"book_after": 5.0, "general_after": 1000},
        right=make_unchanged_rates(s, same_fact=(0.3, 0.32), train=(0.28, 0.99)),
    )


def plant_facts_not_learnt(s: RowStudy) -> RowStudy:
    rates = make_unchanged_rates(
        s, same_fact=(0.3, 0.3001), train=(0.28, 0.31), new_fact=(0.3, 0.29)
    )
    return s.with_changes(
        plan={"finetuning.shuffle_diagnoses": True},
        probe={"taught_after": -2.5, "unseen_after": -2.5},
        right=redraw_rates(rates),
    )


def plant_rote_learning(s: RowStudy) -> RowStudy:
    return s.with_changes(
        probe={"book_after": 5.0, "general_after": 1000.0, "unseen_after": -3.4},
        right=make_unchanged_rates(s, same_fact=(0.3, 0.33)) | {("train", "cloze"): (0.28, 0.98)},
    )


def plant_missing_transfer(s: RowStudy) -> RowStudy:
    return s.with_changes(
        plan={"comparison.primary_set": "new_fact"}, right={("new_fact", "cloze"): (0.3, 0.33)}
    )


def plant_format_gap(s: RowStudy) -> RowStudy:
    return use_digits_mode(s)


def plant_known_facts(s: RowStudy) -> RowStudy:
    known = {
        "taught_before": -0.05,
        "taught_after": -0.01,
        "book_after": 4.0,
        "general_after": 900.0,
    }
    return s.with_changes(
        probe=known, right=make_unchanged_rates(s, train=(0.97, 0.98), same_fact=(0.6, 0.63))
    )


def plant_knowledge_loss(s: RowStudy) -> RowStudy:
    return s.with_changes(
        probe={"book_after": 400.0},
        right=make_unchanged_rates(s, train=(0.28, 0.98), same_fact=(0.5, 0.52)),
    )


def plant_unfit_profile(s: RowStudy) -> RowStudy:
    """Few, odd pairs came of a law, and they taught nothing."""
    return plant_facts_not_learnt(s)._replace(look=BookLook("law", 1.2))


FAULTS: dict[str, tuple[str, PlantFault]] = {
    "no parameter is trainable": ("nothing-trainable", plant_nothing_trainable),
    "all labels are masked": ("labels-masked", plant_masked_labels),
    "the weights did not move": ("weights-unmoved", plant_unmoved_weights),
    "the adapter is not attached": ("adapter-not-attached", plant_detached_adapter),
    "one model answered twice": ("same-model-twice", plant_same_model),
    "the loss rose": ("loss-diverged", plant_diverged_loss),
    "the loss is NaN": ("loss-diverged", plant_nan_loss),
    "14 updates": ("too-few-updates", plant_few_updates),
    "an end while the held-out loss falls": ("stopped-early", plant_unfinished_training),
    "a tiny learning rate": ("rate-too-low", plant_low_rate),
    "the loss is flat": ("loss-flat", plant_flat_loss),
    "held-out loss rises": ("overfit", plant_overfitting),
    "shuffled diagnoses": ("facts-not-learnt", plant_facts_not_learnt),
    "other words are not understood": ("learnt-by-heart", plant_rote_learning),
    "untaught facts are asked": ("not-carried-over", plant_missing_transfer),
    "numbers cannot be named": ("format-gap", plant_format_gap),
    "nothing new is taught": ("already-known", plant_known_facts),
    "the book is forgotten": ("knowledge-lost", plant_knowledge_loss),
    "always option 1": ("one-option-favoured", plant_favoured_option),
    "guessing before and after": ("questions-at-chance", plant_chance_level),
    "distractors nobody taught": ("familiar-names", plant_foreign_distractors),
    "easy questions": ("questions-too-easy", plant_easy_questions),
    "the key is the longest option": ("questions-guessable", plant_longest_key),
    "30 questions": ("too-few-questions", plant_few_questions),
    "questions repeat the training texts": ("leakage", plant_leak),
    "new facts were taught": ("leakage", plant_broken_split),
    "six copies of each text": ("data-repeated", plant_repeated_pairs),
    "nearly one diagnosis": ("data-narrow", plant_narrow_data),
    "pairs on other subjects": ("data-unrelated", plant_unrelated_data),
    "most texts too long": ("texts-cut", plant_dropped_texts),
    "a fifth of the pairs": ("few-pairs", plant_few_pairs),
    "a column sorted apart": ("misaligned-pairs", plant_misaligned_pairs),
    "keys counted from 0": ("wrong-keys", plant_wrong_keys),
    "a gate that takes most questions": ("few-questions", plant_refused_questions),
    "untaught facts are lost": ("harm-elsewhere", plant_harm),
    "a law told as patients": ("unfit-profile", plant_unfit_profile),
}


@cache
def collect_fault_evidence(fault: str) -> Evidence:
    return FAULTS[fault][1](make_healthy_study()).collect_evidence()
