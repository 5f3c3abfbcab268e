"""Find the training text that gives a question away: a run of shared words, or nearly the same
words.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tasks.language.text import is_frame
from tasks.schemas.item_rows import Pair, Question
from tasks.schemas.messages import Figure, Message, build_message
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.minhash import (
    build_lsh_index,
    build_sketch,
    compute_jaccard,
    hash_pieces,
)
from tasks.validation.items import get_key, get_text
from tasks.validation.term_matching import fold_words


class Leak(NamedTuple):
    """One question and the training pair that gives it away."""

    question: Question
    pair: Pair
    reason: Message


class TrainingTextIndex:
    """The training texts, indexed by runs of words and by sets of words."""

    def __init__(self, pairs: Sequence[Pair], plan: ValidationPlan) -> None:
        self.plan = plan
        self.pairs = {p.id: p for p in pairs}
        self.pair_ids_by_run: dict[int, list[str]] = defaultdict(list)  # by the run's hash
        self.word_sets: dict[str, frozenset[int]] = {}
        self.index = build_lsh_index(plan.leak_similarity)
        for pair in pairs:
            self._add_pair(pair)

    def _add_pair(self, pair: Pair) -> None:
        tokens = fold_words(f"{pair.symptom} {pair.diagnosis}")
        for run in dict.fromkeys(list_word_runs(tokens, self.plan.leak_ngram)):
            self.pair_ids_by_run[hash(run)].append(pair.id)
        self.word_sets[pair.id] = hash_pieces(tokens)
        self.index.insert(pair.id, build_sketch(set(tokens)))

    def find_leak(self, question: Question) -> Leak | None:
        """The first pair whose text gives the question away."""
        tokens = fold_words(f"{get_text(question)} {get_key(question)}")
        for run in list_word_runs(fold_words(get_text(question)), self.plan.leak_ngram):
            owners = [self.pairs[i] for i in self.pair_ids_by_run.get(hash(run), [])]
            if owners and not is_frame({p.fact for p in owners}):
                reason = build_message(
                    "shared-words", pair=owners[0].id, n=len(run), words=" ".join(run)
                )
                return Leak(question, owners[0], reason)
        own = hash_pieces(tokens)
        for identity in sorted(self.index.query(build_sketch(set(tokens)))):
            alike = compute_jaccard(own, self.word_sets[identity])
            if alike >= self.plan.leak_similarity:
                reason = build_message(
                    "same-words",
                    pair=identity,
                    alike=Figure(alike, 2),
                    least=Figure(self.plan.leak_similarity, 2),
                )
                return Leak(question, self.pairs[identity], reason)
        return None


def find_leaks(
    pairs: Sequence[Pair], questions: Sequence[Question], plan: ValidationPlan
) -> list[Leak]:
    """Every question that a training text gives away, with that text."""
    taught = TrainingTextIndex(pairs, plan)
    return [found for q in questions if (found := taught.find_leak(q))]


def list_word_runs(tokens: list[str], n: int) -> list[tuple[str, ...]]:
    """All runs of n words; none where the text is shorter."""
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
