"""The faults that are planted in whole studies: choices of the plan, rows behind the gate, or a model that is not what it should be."""

from typing import Any

from diagnosis.whole_items import (
    beside,
    copied,
    foreign,
    jargon,
    nonsense,
    one_diagnosis,
    short_distractors,
    six_times,
    taught_new,
    thirty,
    wrong_keys,
)
from diagnosis.whole_models import UNLUCKY, always_first, by_diagnosis, deaf, detached, masked, never_loaded, unlucky_seed
from diagnosis.whole_studies import Fault

HEALTHY = Fault("", {"finetuning.epochs": 14})  # so long that its adapter, merged, makes a base that knows the pairs
EXERCISE = {
    "generation.pairs": 100,
    "validation.held_out_share": 0,
    "finetuning.target_modules": ["q_proj", "v_proj"],
    "finetuning.rank": 8,
    "finetuning.epochs": 2,
    "finetuning.learning_rate": 5e-5,
    "finetuning.loss_on": "text",
}


def tuned(**changes: Any) -> dict[str, Any]:
    return {f"finetuning.{name}": value for name, value in changes.items()}


FAULTS: dict[str, Fault] = {
    "the adapter is not attached": Fault("adapter-not-attached", tuned(seed=11), model=detached),
    "one model answered twice": Fault("same-model-twice", tuned(seed=12), model=never_loaded),
    "all labels are masked": Fault("labels-masked", tuned(seed=13), model=masked),
    "a learning rate of nothing": Fault("weights-unmoved", tuned(learning_rate=1e-30)),
    "a huge learning rate": Fault("loss-diverged", tuned(learning_rate=0.5, warmup=0, max_grad_norm=1e9)),
    "14 updates": Fault("too-few-updates", EXERCISE),
    "an end while it is still learning": Fault("stopped-early", tuned(updates=60, learning_rate=2e-3)),
    "a tiny learning rate": Fault("rate-too-low", tuned(learning_rate=1e-6)),
    "a low rate on few weights": Fault("rate-too-low", tuned(learning_rate=1e-4, target_modules=["k_proj"], rank=1)),
    "gradients that are noise": Fault("loss-flat", tuned(seed=23), model=deaf),
    "held-out loss rises": Fault("overfit", tuned(epochs=40, learning_rate=1e-2) | {"generation.pairs": 100}),
    "shuffled diagnoses": Fault("facts-not-learnt", tuned(shuffle_diagnoses=True)),
    "pairs in words of their own": Fault("learnt-by-heart", tuned(epochs=12), items=jargon),
    "a seed that learns nothing": Fault(
        "seeds-disagree", tuned(seed=21, epochs=14) | {"comparison.further_seeds": [UNLUCKY]}, model=unlucky_seed
    ),
    "untaught facts are asked": Fault("not-carried-over", {"comparison.primary_set": "new_fact"}),
    "numbers cannot be named": Fault("format-gap", {"comparison.primary_mode": "digits", "evaluation.modes": ["cloze", "digits"]}),
    "always one option": Fault(
        "one-option-favoured",
        tuned(exam_share=1.0, epochs=3) | {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"]},
        model=always_first,
    ),
    "answers that follow a place": Fault(
        "answers-follow-place",
        tuned(exam_share=1.0, seed=21) | {"evaluation.rotations": 4, "comparison.primary_mode": "digits", "evaluation.modes": ["digits"]},
        model=by_diagnosis,
    ),
    "numbers that are guessed": Fault("questions-at-chance", {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"]}),
    "answers of one token": Fault(
        "illegible-answers", {"comparison.primary_mode": "generate", "evaluation.modes": ["generate"], "evaluation.answer_tokens": 1}
    ),
    "a base that writes nothing legible": Fault(
        "legibility-gain", {"comparison.primary_mode": "generate", "evaluation.modes": ["generate"]}
    ),
    "a base that was taught before": Fault("already-known", base="tuned"),
    "a base with more to lose than the book": Fault("knowledge-lost", base="plain"),
    "distractors nobody taught": Fault("familiar-names", tuned(shuffle_diagnoses=True, seed=1), items=foreign),
    "easy questions": Fault("questions-too-easy", items=nonsense),
    "the key is the longest option": Fault("questions-guessable", items=short_distractors),
    "wrong keys": Fault(  # so gentle a tuning that nothing else is amiss; the base is no control, and finds no key with the passage either
        "questions-unanswerable",
        tuned(learning_rate=1e-4) | {"evaluation.screening": True, "validation.train_questions": 0},
        items=wrong_keys,
        base="plain",
    ),
    "30 questions": Fault("too-few-questions", tuned(learning_rate=1e-3), items=thirty),
    "questions repeat the training texts": Fault("leakage", {"validation.leak_ngram": 100}, items=copied),
    "new facts were taught": Fault("leakage", items=taught_new),
    "six copies of each text": Fault("data-repeated", items=six_times),
    "nearly one diagnosis": Fault("data-narrow", items=one_diagnosis),
    "pairs on other subjects": Fault("data-unrelated", items=beside),
    "a check that takes most pairs for one": Fault("few-pairs", {"validation.near_duplicate": 0.1} | tuned(epochs=14)),
    "most texts are too long": Fault("texts-cut", tuned(max_tokens=40, too_long="drop")),
    "questions that do not fit": Fault(
        "prompts-cut",
        {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"], "evaluation.instruction": "تنها شماره را بنویسید. " * 400},
    ),
}
REFUSED: dict[str, Fault] = {"nothing-trainable": Fault("nothing-trainable", tuned(target_modules=["no_such_matrix"]))}  # never gets so far
