"""Give each item its fact: items that teach or ask the same thing share it, so that they stay on
one side of the split.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tasks.schemas.item_rows import Pair, Question
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.items import PairOrQuestion, get_key
from tasks.validation.term_matching import normalize_name

MIN_QUOTE_OVERLAP = 0.5  # of the shorter quote


class FactAssignment(NamedTuple):
    """The rows, each with its fact."""

    pairs: list[Pair]
    questions: list[Question]


class DisjointSets:
    """Union-find over names."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find_root(self, node: str) -> str:
        self.parent.setdefault(node, node)
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def join_sets(self, one: str, other: str) -> None:
        """The smaller name stays, so that the order of joining does not matter."""
        a, b = sorted((self.find_root(one), self.find_root(other)))
        self.parent[b] = a


def assign_facts(
    pairs: Sequence[Pair],
    questions: Sequence[Question],
    titles: frozenset[str] = frozenset(),
    stems: SeenItems | None = None,
) -> FactAssignment:
    """Facts given by the writer stand; the others are joined by name and by overlapping quotes, a
    person's own questions, which have no quote, by nearly the same stem (`stems`: none so far).
    """
    groups = DisjointSets()
    rows: list[PairOrQuestion] = [*pairs, *questions]
    nodes = [_get_node(row) for row in rows]
    for pair, node in zip(pairs, nodes, strict=False):
        groups.join_sets(node, f"= {normalize_name(pair.diagnosis)}")
    for one, other in _find_overlapping_groups(rows, nodes, titles):
        groups.join_sets(one, other)
    for one, other in _find_similar_stems(questions, nodes[len(pairs) :], stems):
        groups.join_sets(one, other)
    labels = [_get_label(groups.find_root(node)) for node in nodes]
    return FactAssignment(
        [row.model_copy(update={"fact": label}) for row, label in zip(pairs, labels, strict=False)],
        [
            row.model_copy(update={"fact": label})
            for row, label in zip(questions, labels[len(pairs) :], strict=True)
        ],
    )


def _get_node(row: PairOrQuestion) -> str:
    """Its given fact, else what it names. '+' sorts before '=': a given fact names its group."""
    return f"+ {row.fact}" if row.fact else f"= {normalize_name(get_key(row))}"


def _get_label(root: str) -> str:
    return root[2:]


def _find_similar_stems(
    questions: Sequence[Question], nodes: Sequence[str], stems: SeenItems | None
) -> list[tuple[str, str]]:
    """Groups of own questions that ask nearly the same, whatever their keys."""
    joined: list[tuple[str, str]] = []
    known: dict[str, str] = {}
    for question, node in zip(questions, nodes, strict=True):
        if stems is None or question.fact or question.quote:
            continue
        if earlier := stems.find_repeated("question", question.question, ""):
            joined.append((known[earlier], node))
        known[question.id] = node
        stems.add_item(question.id, "question", question.question, "")
    return joined


class QuoteSpan(NamedTuple):
    """Where a group's quote stands; equal places of one group are looked at once."""

    start: int
    end: int
    node: str
    title: str  # the name it asks for, where the book has a section of that name
    given: bool


def _find_overlapping_groups(
    rows: list[PairOrQuestion], nodes: list[str], titles: frozenset[str]
) -> list[tuple[str, str]]:
    """Groups whose quotes overlap: both rest on the same words of the book."""
    by_passage: dict[str, set[QuoteSpan]] = defaultdict(set)
    for row, node in zip(rows, nodes, strict=True):
        if row.quote:
            key = normalize_name(get_key(row))
            place = QuoteSpan(
                row.quote.start, row.quote.end, node, key if key in titles else "", bool(row.fact)
            )
            by_passage[row.quote.passage_id].add(place)
    return [
        (one.node, other.node)
        for places in by_passage.values()
        for one, other in _find_overlaps(sorted(places))
    ]


def _find_overlaps(places: list[QuoteSpan]) -> list[tuple[QuoteSpan, QuoteSpan]]:
    joined = []
    for i, one in enumerate(places):
        for other in places[i + 1 :]:
            if other.start >= one.end:
                break
            shared = min(one.end, other.end) - other.start
            shorter = min(one.end - one.start, other.end - other.start)
            if shared >= MIN_QUOTE_OVERLAP * shorter and not _are_distinct(one, other):
                joined.append((one, other))
    return joined


def _are_distinct(one: QuoteSpan, other: QuoteSpan) -> bool:
    """Two given facts, or two names with sections of their own, are two facts even in one
    sentence.
    """
    return (one.given and other.given) or (
        bool(one.title and other.title) and one.title != other.title
    )
