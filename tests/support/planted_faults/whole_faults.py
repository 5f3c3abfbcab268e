"""The faults that are planted in whole studies: choices of the plan, rows behind the gate, or a model that is not what it should be."""

from typing import Any

from support.planted_faults.whole_items import (
    keep_few_questions,
    plant_copied_questions,
    plant_foreign_distractors,
    plant_jargon,
    plant_long_keys,
    plant_nonsense_distractors,
    plant_one_diagnosis,
    plant_wrong_keys,
    repeat_pairs,
    separate_pairs_from_questions,
    teach_untaught_facts,
)
from support.planted_faults.whole_models import (
    UNLUCKY,
    detach_adapter,
    ignore_adapter,
    mask_labels,
    place_by_diagnosis,
    place_key_first,
    randomize_gradients,
    spoil_one_seed,
)
from support.planted_faults.whole_studies import PlantedFault

HEALTHY = PlantedFault(
    "", {"finetuning.epochs": 14}
)  # so long that its adapter, merged, makes a base that knows the pairs
ORIGINAL_STUDY_PLAN = {
    "generation.pairs": 100,
    "validation.held_out_share": 0,
    "finetuning.target_modules": ["q_proj", "v_proj"],
    "finetuning.rank": 8,
    "finetuning.epochs": 2,
    "finetuning.learning_rate": 5e-5,
    "finetuning.loss_on": "text",
}


def change_tuning(**changes: Any) -> dict[str, Any]:
    return {f"finetuning.{name}": value for name, value in changes.items()}


FAULTS: dict[str, PlantedFault] = {
    "the adapter is not attached": PlantedFault(
        "adapter-not-attached", change_tuning(seed=11), model=detach_adapter
    ),
    "one model answered twice": PlantedFault(
        "same-model-twice", change_tuning(seed=12), model=ignore_adapter
    ),
    "all labels are masked": PlantedFault(
        "labels-masked", change_tuning(seed=13), model=mask_labels
    ),
    "a learning rate of nothing": PlantedFault(
        "weights-unmoved", change_tuning(learning_rate=1e-30)
    ),
    "a huge learning rate": PlantedFault(
        "loss-diverged", change_tuning(learning_rate=0.5, warmup=0, max_grad_norm=1e9)
    ),
    "14 updates": PlantedFault("too-few-updates", ORIGINAL_STUDY_PLAN),
    "an end while it is still learning": PlantedFault(
        "stopped-early", change_tuning(updates=60, learning_rate=2e-3)
    ),
    "a tiny learning rate": PlantedFault("rate-too-low", change_tuning(learning_rate=1e-6)),
    "a low rate on few weights": PlantedFault(
        "rate-too-low", change_tuning(learning_rate=1e-4, target_modules=["k_proj"], rank=1)
    ),
    "gradients that are noise": PlantedFault(
        "loss-flat", change_tuning(seed=23), model=randomize_gradients
    ),
    "held-out loss rises": PlantedFault(
        "overfit", change_tuning(epochs=40, learning_rate=1e-2) | {"generation.pairs": 100}
    ),
    "shuffled diagnoses": PlantedFault("facts-not-learnt", change_tuning(shuffle_diagnoses=True)),
    "pairs in words of their own": PlantedFault(
        "learnt-by-heart", change_tuning(epochs=12), items=plant_jargon
    ),
    "a seed that learns nothing": PlantedFault(
        "seeds-disagree",
        change_tuning(seed=21, epochs=14) | {"comparison.seeds": UNLUCKY - 21 + 1},
        model=spoil_one_seed,
    ),
    "untaught facts are asked": PlantedFault(
        "not-carried-over", {"comparison.primary_set": "new_fact"}
    ),
    "numbers cannot be named": PlantedFault(
        "format-gap", {"comparison.primary_mode": "digits", "evaluation.modes": ["cloze", "digits"]}
    ),
    "always one option": PlantedFault(
        "one-option-favoured",
        change_tuning(exam_share=1.0, epochs=3)
        | {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"]},
        model=place_key_first,
    ),
    "answers that follow a place": PlantedFault(
        "answers-follow-place",
        change_tuning(exam_share=1.0, seed=21)
        | {
            "evaluation.rotations": 4,
            "comparison.primary_mode": "digits",
            "evaluation.modes": ["digits"],
        },
        model=place_by_diagnosis,
    ),
    "numbers that are guessed": PlantedFault(
        "questions-at-chance", {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"]}
    ),
    "answers of one token": PlantedFault(
        "illegible-answers",
        {
            "comparison.primary_mode": "generate",
            "evaluation.modes": ["generate"],
            "evaluation.answer_tokens": 1,
        },
    ),
    "a base that writes nothing legible": PlantedFault(
        "legibility-gain", {"comparison.primary_mode": "generate", "evaluation.modes": ["generate"]}
    ),
    "a base that was taught before": PlantedFault("already-known", base="tuned"),
    "a base with more to lose than the book": PlantedFault("knowledge-lost", base="plain"),
    "distractors nobody taught": PlantedFault(
        "familiar-names",
        change_tuning(shuffle_diagnoses=True, seed=1),
        items=plant_foreign_distractors,
    ),
    "easy questions": PlantedFault("questions-too-easy", items=plant_nonsense_distractors),
    "the key is the longest option": PlantedFault("questions-guessable", items=plant_long_keys),
    "wrong keys": PlantedFault(  # so gentle a tuning that nothing else is amiss; the base is no control, and finds no key with the passage either
        "questions-unanswerable",
        change_tuning(learning_rate=1e-4)
        | {"evaluation.screening": True, "validation.train_questions": 0},
        items=plant_wrong_keys,
        base="plain",
    ),
    "30 questions": PlantedFault(
        "too-few-questions", change_tuning(learning_rate=1e-3), items=keep_few_questions
    ),
    "questions repeat the training texts": PlantedFault(
        "leakage", {"validation.leak_ngram": 100}, items=plant_copied_questions
    ),
    "new facts were taught": PlantedFault("leakage", items=teach_untaught_facts),
    "six copies of each text": PlantedFault("data-repeated", items=repeat_pairs),
    "nearly one diagnosis": PlantedFault("data-narrow", items=plant_one_diagnosis),
    "pairs on other subjects": PlantedFault("data-unrelated", items=separate_pairs_from_questions),
    "a check that takes most pairs for one": PlantedFault(
        "few-pairs", {"validation.near_duplicate": 0.1} | change_tuning(epochs=14)
    ),
    "most texts are too long": PlantedFault(
        "texts-cut", change_tuning(max_tokens=40, too_long="drop")
    ),
    "questions that do not fit": PlantedFault(
        "prompts-cut",
        {
            "comparison.primary_mode": "digits",
            "evaluation.modes": ["digits"],
            "evaluation.instruction": "تنها شماره را بنویسید. " * 400,
        },
    ),
}
REFUSED: dict[str, PlantedFault] = {
    "nothing-trainable": PlantedFault(
        "nothing-trainable", change_tuning(target_modules=["no_such_matrix"])
    )
}  # never gets so far
