"""What can be counted in the items themselves: repetition, breadth, coverage, leaks, and keys that
give themselves away.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from tasks.language import text
from tasks.schemas.item_rows import Pair, Question


def describe_pairs(pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many, how different, how long."""
    diagnoses = [text.fold_text(pair.diagnosis).strip() for pair in pairs]
    vignettes = {
        re.sub(r"\d+", "0", text.fold_text(pair.symptom)) + "\n" + diagnosis
        for pair, diagnosis in zip(pairs, diagnoses, strict=True)
    }
    return {
        "pairs": len(pairs),
        "facts": len({pair.fact for pair in pairs}),
        "diagnoses": len(set(diagnoses)),
        "top_diagnosis": compute_top_share(diagnoses),
        "distinct": len(vignettes) / max(1, len(pairs)),
        "vignette_words": sum(len(text.split_words(pair.symptom)) for pair in pairs)
        / max(1, len(pairs)),
    }


def compute_coverage(pairs: Iterable[Pair], asked: Sequence[Question]) -> float:
    """Share of the questions whose fact, or whose keyed option, the pairs teach."""
    facts, diagnoses = set(), set()
    for pair in pairs:
        facts.add(pair.fact)
        diagnoses.add(text.fold_text(pair.diagnosis).strip())
    covered = [
        q.fact in facts or text.fold_text(q.options[q.answer - 1]).strip() in diagnoses
        for q in asked
    ]
    return sum(covered) / max(1, len(covered))


def compute_familiar_rate(pairs: Iterable[Pair], asked: Sequence[Question]) -> float:
    """What a model would score that only prefers options whose name it was taught, and else
    guesses.

    Above chance where the keys' names were taught and the distractors' were not, below it where it
    is the other way
    round: a gain, or a loss, without any learning.
    """
    taught = {text.fold_text(pair.diagnosis).strip() for pair in pairs}
    expected = []
    for question in asked:
        known = [text.fold_text(option).strip() in taught for option in question.options]
        expected.append(known[question.answer - 1] / sum(known) if any(known) else 1 / len(known))
    return sum(expected) / max(1, len(expected))


def count_shared_facts(pairs: Iterable[Pair], never_taught: Iterable[Question]) -> int:
    """Questions on facts that should not have been taught, but were."""
    facts = {pair.fact for pair in pairs}
    return sum(question.fact in facts for question in never_taught)


def find_leaked_questions(
    pairs: Iterable[Pair], questions: Sequence[Question], run: int
) -> set[str]:
    """Ids of the questions whose stem shares `run` words in a row with a training text.

    Runs found with several facts are the writer's manner ("which diagnosis fits best"), not a leak.
    The questions'
    runs are kept and the pairs pass by, so memory grows with the questions only.
    """
    holders: dict[tuple[str, ...], set[str]] = {}
    for question in questions:
        for words in text.build_shingles(question.question, run):
            holders.setdefault(words, set()).add(question.id)
    seen: dict[tuple[str, ...], set[str]] = {}
    for pair in pairs:
        for words in text.build_shingles(f"{pair.symptom} {pair.diagnosis}", run) & holders.keys():
            seen.setdefault(words, set()).add(pair.fact)
    return {
        name for words, facts in seen.items() if not text.is_frame(facts) for name in holders[words]
    }


def compute_longest_is_key_share(asked: Sequence[Question]) -> float:
    """Share of the questions whose key is longer than every other option."""
    lengths = [([len(option) for option in q.options], q.answer - 1) for q in asked]
    return sum(
        row.index(max(row)) == key and row.count(max(row)) == 1 for row, key in lengths
    ) / max(1, len(lengths))


def compute_top_share(values: Sequence[Hashable]) -> float:
    """Share of the commonest value; 0 of nothing."""
    return Counter(values).most_common(1)[0][1] / len(values) if values else 0.0
