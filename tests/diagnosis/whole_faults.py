"""The faults that are planted in whole studies: choices of the plan, rows behind the gate, or a model that is not what it should be."""

import re
from typing import Any

import pytest
from diagnosis.whole_studies import Fault, Items

from tasks.records import Pair, Question

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


def named(question: Question, *options: str, answer: int | None = None) -> Question:
    """The question with other options."""
    return Question.model_validate(question.model_dump() | {"options": options, "answer": answer or question.answer})


def asked(items: Items, change: Any) -> Items:
    """Every question on taught facts changed."""
    rows = [change(q, i) for i, q in enumerate(items.questions["same_fact"])]
    return items._replace(questions=items.questions | {"same_fact": rows})


def others(question: Question, *distractors: str) -> Question:
    """The key stays, with other distractors."""
    options = list(distractors)
    options.insert(question.answer - 1, question.options[question.answer - 1])
    return named(question, *options)


def foreign(items: Items) -> Items:
    """Two of three distractors are names from the book that no pair teaches."""
    never = sorted({option for q in items.questions["new_fact"] for option in q.options} - {p.diagnosis for p in items.pairs})
    return asked(items, lambda q, i: others(q, never[i % len(never)], never[(i + 7) % len(never)], never[(i + 13) % len(never)]))


def nonsense(items: Items) -> Items:
    return asked(items, lambda q, i: others(q, "ژژژژژژژژ ژژژژژژ", "ثثثثثثثث ثثثثثث ثثثث", "ضضضضضضض ضضضضضض"))


def short_distractors(items: Items) -> Items:
    return asked(items, lambda q, i: named(q, *(o + " همراه با نشانه‌های دیگر آن" * (n == q.answer) for n, o in enumerate(q.options, 1))))


def thirty(items: Items) -> Items:
    return items._replace(questions=items.questions | {"same_fact": items.questions["same_fact"][::7]})


def copied(items: Items) -> Items:
    """Each question is a training text."""
    rows = [q.model_copy(update={"id": f"copy-{i}"}) for i, q in enumerate(items.questions["train"])]
    return items._replace(questions=items.questions | {"same_fact": rows})


def taught_new(items: Items) -> Items:
    """Facts that were to stay untaught are taught."""
    more = [
        Pair(id=f"more-{i}", fact=q.fact, symptom=q.question, diagnosis=q.options[q.answer - 1], quote=q.quote)
        for i, q in enumerate(items.questions["new_fact"])
    ]
    return items._replace(pairs=[*items.pairs, *more])


def six_times(items: Items) -> Items:
    """One pair of each fact, six times with other ages."""
    firsts = {p.fact: p for p in reversed(items.pairs)}.values()
    again = [
        p.model_copy(update={"id": f"{p.id}-{n}", "symptom": re.sub(r"[۰-۹]+", "۲۳۴۵۶۷"[n] + "۱", p.symptom)})
        for p in firsts
        for n in range(6)
    ]
    return items._replace(pairs=again)


def one_diagnosis(items: Items) -> Items:
    first = items.pairs[0].diagnosis
    return items._replace(pairs=[p.model_copy(update={"diagnosis": first}) if i % 5 else p for i, p in enumerate(items.pairs)])


def beside(items: Items) -> Items:
    """The pairs are on a third of the diagnoses, the questions on the others."""
    names = sorted({p.diagnosis for p in items.pairs})
    taught = set(names[: len(names) // 3])
    keep = [q for q in items.questions["same_fact"] if q.options[q.answer - 1] not in taught]
    pairs = [p for p in items.pairs if p.diagnosis in taught]
    return items._replace(pairs=pairs * 3, questions=items.questions | {"same_fact": keep})


def detached(patch: pytest.MonkeyPatch) -> None:
    """Wherever the adapter is loaded, it is switched off for good."""
    from tasks import llama
    from tasks.finetuning import probe

    load = llama.load

    def loaded(checkpoint: Any, machine: Any, adapter: Any = None, *more: Any, **options: Any) -> Any:
        got = load(checkpoint, machine, adapter, *more, **options)
        if adapter:
            got.model.base_model.disable_adapter_layers()
            got.model.base_model.enable_adapter_layers = lambda: None
        return got

    patch.setattr(llama, "load", loaded)
    patch.setattr(probe, "load", loaded)


def never_loaded(patch: pytest.MonkeyPatch) -> None:
    """The exam is sat by the base model twice."""
    from tasks import llama

    load = llama.load
    patch.setattr(
        llama, "load", lambda checkpoint, machine, adapter=None, *more, **options: load(checkpoint, machine, None, *more, **options)
    )


def masked(patch: pytest.MonkeyPatch) -> None:
    """No token of a training text is a target, but for its end."""
    from tasks.finetuning import examples

    encode = examples.encode_text

    def ends_only(*given: Any) -> examples.Example:
        ids, labels = encode(*given)
        return examples.Example(ids, [examples.IGNORED] * (len(labels) - 1) + labels[-1:])

    patch.setattr(examples, "encode_text", ends_only)


def always_first(patch: pytest.MonkeyPatch) -> None:
    """In the training texts in the form of the test the right option is always the first."""
    from tasks.exam import numerals
    from tasks.finetuning import examples

    texts = examples.exam_texts

    def first(pairs: Any, share: float, seed: int, language: str) -> list[tuple[str, str]]:
        return [(prompt, f" {numerals(language)[0]}") for prompt, _ in texts(pairs, share, seed, language)]

    patch.setattr(examples, "exam_texts", first)


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
    "held-out loss rises": Fault("overfit", tuned(epochs=40, learning_rate=1e-2) | {"generation.pairs": 100}),
    "shuffled diagnoses": Fault("facts-not-learnt", tuned(shuffle_diagnoses=True)),
    "untaught facts are asked": Fault("not-carried-over", {"comparison.primary_set": "new_fact"}),
    "numbers cannot be named": Fault("format-gap", {"comparison.primary_mode": "digits", "evaluation.modes": ["cloze", "digits"]}),
    "always one option": Fault(
        "one-option-favoured",
        tuned(exam_share=1.0, epochs=3) | {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"]},
        model=always_first,
    ),
    "a base that writes nothing legible": Fault(
        "legibility-gain", {"comparison.primary_mode": "generate", "evaluation.modes": ["generate"]}
    ),
    "a base that was taught before": Fault("already-known", base="tuned"),
    "a base with more to lose than the book": Fault("knowledge-lost", base="plain"),
    "distractors nobody taught": Fault("familiar-names", tuned(shuffle_diagnoses=True, seed=1), items=foreign),
    "easy questions": Fault("questions-too-easy", items=nonsense),
    "the key is the longest option": Fault("questions-guessable", items=short_distractors),
    "30 questions": Fault("too-few-questions", tuned(learning_rate=1e-3), items=thirty),
    "questions repeat the training texts": Fault("leakage", items=copied),
    "new facts were taught": Fault("leakage", items=taught_new),
    "six copies of each text": Fault("data-repeated", items=six_times),
    "nearly one diagnosis": Fault("data-narrow", items=one_diagnosis),
    "pairs on other subjects": Fault("data-unrelated", items=beside),
    "most texts are too long": Fault("texts-cut", tuned(max_tokens=40, too_long="drop")),
    "questions that do not fit": Fault(
        "prompts-cut",
        {"comparison.primary_mode": "digits", "evaluation.modes": ["digits"], "evaluation.instruction": "تنها شماره را بنویسید. " * 400},
    ),
}
