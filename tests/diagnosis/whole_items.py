"""Rows that are at fault, planted behind the gate of a whole study."""

import random
import re
from typing import Any

from diagnosis.whole_studies import Items

from tasks.records import Pair, Question


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


def wrong_keys(items: Items) -> Items:
    return asked(items, lambda q, i: named(q, *q.options, answer=q.answer % 4 + 1))


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


SYLLABLES = ("با", "دو", "زی", "لا", "مو", "کی", "سا", "تو")


def jargon(items: Items) -> Items:
    """The pairs, and the questions made of them, speak in made-up words of each fact; the other questions speak as the book does."""
    told = {p.symptom: made_up(p.fact, number) for number, p in enumerate(items.pairs)}
    pairs = [p.model_copy(update={"symptom": told[p.symptom]}) for p in items.pairs]
    held_out = [p.model_copy(update={"symptom": made_up(p.fact, -number)}) for number, p in enumerate(items.held_out, 1)]
    stems = {symptom.rstrip(" .؟?!…"): own for symptom, own in told.items()}
    train = []
    for question in items.questions["train"]:
        old = next(stem for stem in stems if stem in question.question)
        train.append(question.model_copy(update={"question": question.question.replace(old, stems[old])}))
    return Items(pairs, held_out, items.questions | {"train": train})


def made_up(fact: str, number: int) -> str:
    """Three of a fact's five words, in an order of their own for each pair."""
    words = ["".join(random.Random(f"{fact}/{i}").choices(SYLLABLES, k=3)) for i in range(5)]
    return "بیمار با " + " و ".join(random.Random(f"{fact}/{number}").sample(words, 3))
