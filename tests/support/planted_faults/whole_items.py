"""Rows that are at fault, planted behind the gate of a whole study."""

import random
import re
from typing import Any

from support.planted_faults.whole_studies import StudyItems

from tasks.schemas.item_rows import Pair, Question


def replace_options(question: Question, *options: str, answer: int | None = None) -> Question:
    """The question with other options."""
    return Question.model_validate(
        question.model_dump() | {"options": options, "answer": answer or question.answer}
    )


def change_questions(items: StudyItems, change: Any) -> StudyItems:
    """Every question on taught facts changed."""
    rows = [change(q, i) for i, q in enumerate(items.questions["same_fact"])]
    return items._replace(questions=items.questions | {"same_fact": rows})


def replace_distractors(question: Question, *distractors: str) -> Question:
    """The key stays, with other distractors."""
    options = list(distractors)
    options.insert(question.answer - 1, question.options[question.answer - 1])
    return replace_options(question, *options)


def plant_foreign_distractors(items: StudyItems) -> StudyItems:
    """Two of three distractors are names from the book that no pair teaches."""
    never = sorted(
        {option for q in items.questions["new_fact"] for option in q.options}
        - {p.diagnosis for p in items.pairs}
    )
    return change_questions(
        items,
        lambda q, i: replace_distractors(
            q, never[i % len(never)], never[(i + 7) % len(never)], never[(i + 13) % len(never)]
        ),
    )


def plant_nonsense_distractors(items: StudyItems) -> StudyItems:
    return change_questions(
        items,
        lambda q, i: replace_distractors(
            q, "ژژژژژژژژ ژژژژژژ", "ثثثثثثثث ثثثثثث ثثثث", "ضضضضضضض ضضضضضض"
        ),
    )


def plant_wrong_keys(items: StudyItems) -> StudyItems:
    return change_questions(
        items, lambda q, i: replace_options(q, *q.options, answer=q.answer % 4 + 1)
    )


def plant_long_keys(items: StudyItems) -> StudyItems:
    return change_questions(
        items,
        lambda q, i: replace_options(
            q,
            *(
                o + " همراه با نشانه‌های دیگر آن" * (n == q.answer)
                for n, o in enumerate(q.options, 1)
            ),
        ),
    )


def keep_few_questions(items: StudyItems) -> StudyItems:
    return items._replace(
        questions=items.questions | {"same_fact": items.questions["same_fact"][::7]}
    )


def plant_copied_questions(items: StudyItems) -> StudyItems:
    """Each question is a training text."""
    rows = [
        q.model_copy(update={"id": f"copy-{i}"}) for i, q in enumerate(items.questions["train"])
    ]
    return items._replace(questions=items.questions | {"same_fact": rows})


def teach_untaught_facts(items: StudyItems) -> StudyItems:
    """Facts that were to stay untaught are taught."""
    more = [
        Pair(
            id=f"more-{i}",
            fact=q.fact,
            symptom=q.question,
            diagnosis=q.options[q.answer - 1],
            quote=q.quote,
        )
        for i, q in enumerate(items.questions["new_fact"])
    ]
    return items._replace(pairs=[*items.pairs, *more])


def repeat_pairs(items: StudyItems) -> StudyItems:
    """One pair of each fact, six times with other ages."""
    firsts = {p.fact: p for p in reversed(items.pairs)}.values()
    again = [
        p.model_copy(
            update={"id": f"{p.id}-{n}", "symptom": re.sub(r"[۰-۹]+", "۲۳۴۵۶۷"[n] + "۱", p.symptom)}
        )
        for p in firsts
        for n in range(6)
    ]
    return items._replace(pairs=again)


def plant_one_diagnosis(items: StudyItems) -> StudyItems:
    first = items.pairs[0].diagnosis
    return items._replace(
        pairs=[
            p.model_copy(update={"diagnosis": first}) if i % 5 else p
            for i, p in enumerate(items.pairs)
        ]
    )


def separate_pairs_from_questions(items: StudyItems) -> StudyItems:
    """The pairs are on a third of the diagnoses, the questions on the others."""
    names = sorted({p.diagnosis for p in items.pairs})
    taught = set(names[: len(names) // 3])
    keep = [q for q in items.questions["same_fact"] if q.options[q.answer - 1] not in taught]
    pairs = [p for p in items.pairs if p.diagnosis in taught]
    return items._replace(pairs=pairs * 3, questions=items.questions | {"same_fact": keep})


SYLLABLES = ("با", "دو", "زی", "لا", "مو", "کی", "سا", "تو")


def plant_jargon(items: StudyItems) -> StudyItems:
    """The pairs, and the questions made of them, speak in made-up words of each fact; the other questions speak as the book does."""
    told = {p.symptom: make_up_words(p.fact, number) for number, p in enumerate(items.pairs)}
    pairs = [p.model_copy(update={"symptom": told[p.symptom]}) for p in items.pairs]
    held_out = [
        p.model_copy(update={"symptom": make_up_words(p.fact, -number)})
        for number, p in enumerate(items.held_out, 1)
    ]
    stems = {symptom.rstrip(" .؟?!…"): own for symptom, own in told.items()}
    train = []
    for question in items.questions["train"]:
        old = next(stem for stem in stems if stem in question.question)
        train.append(
            question.model_copy(update={"question": question.question.replace(old, stems[old])})
        )
    return StudyItems(pairs, held_out, items.questions | {"train": train})


def make_up_words(fact: str, number: int) -> str:
    """Three of a fact's five words, in an order of their own for each pair."""
    words = ["".join(random.Random(f"{fact}/{i}").choices(SYLLABLES, k=3)) for i in range(5)]
    return "بیمار با " + " و ".join(random.Random(f"{fact}/{number}").sample(words, 3))
