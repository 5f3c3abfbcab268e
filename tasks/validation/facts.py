"""Give each item its fact: items that teach or ask the same thing share it, so that they stay on one side of the split."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tasks.records import Pair, Question
from tasks.validation.items import Row, key_of
from tasks.validation.names import name

SAME_QUOTE = 0.5  # of the shorter quote


class Facts(NamedTuple):
    """The rows, each with its fact."""

    pairs: list[Pair]
    questions: list[Question]


class Groups:
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


def assign(pairs: Sequence[Pair], questions: Sequence[Question], titles: frozenset[str] = frozenset()) -> Facts:
    """Facts given by the writer stand; the others are joined by name and by overlapping quotes."""
    groups = Groups()
    rows: list[Row] = [*pairs, *questions]
    nodes = [_node(row) for row in rows]
    for pair, node in zip(pairs, nodes, strict=False):
        groups.join_sets(node, f"= {name(pair.diagnosis)}")
    for one, other in _same_words(rows, nodes, titles):
        groups.join_sets(one, other)
    labels = [_label(groups.find_root(node)) for node in nodes]
    return Facts(
        [row.model_copy(update={"fact": label}) for row, label in zip(pairs, labels, strict=False)],
        [row.model_copy(update={"fact": label}) for row, label in zip(questions, labels[len(pairs) :], strict=True)],
    )


def _node(row: Row) -> str:
    """Its given fact, else what it names. '+' sorts before '=': a given fact names its group."""
    return f"+ {row.fact}" if row.fact else f"= {name(key_of(row))}"


def _label(root: str) -> str:
    return root[2:]


class Place(NamedTuple):
    """Where a group's quote stands; equal places of one group are looked at once."""

    start: int
    end: int
    node: str
    title: str  # the name it asks for, where the book has a section of that name
    given: bool


def _same_words(rows: list[Row], nodes: list[str], titles: frozenset[str]) -> list[tuple[str, str]]:
    """Groups whose quotes overlap: both rest on the same words of the book."""
    by_passage: dict[str, set[Place]] = defaultdict(set)
    for row, node in zip(rows, nodes, strict=True):
        if row.quote:
            key = name(key_of(row))
            place = Place(row.quote.start, row.quote.end, node, key if key in titles else "", bool(row.fact))
            by_passage[row.quote.passage_id].add(place)
    return [(one.node, other.node) for places in by_passage.values() for one, other in _overlapping(sorted(places))]


def _overlapping(places: list[Place]) -> list[tuple[Place, Place]]:
    joined = []
    for i, one in enumerate(places):
        for other in places[i + 1 :]:
            if other.start >= one.end:
                break
            shared = min(one.end, other.end) - other.start
            shorter = min(one.end - one.start, other.end - other.start)
            if shared >= SAME_QUOTE * shorter and not _apart(one, other):
                joined.append((one, other))
    return joined


def _apart(one: Place, other: Place) -> bool:
    """Two given facts, or two names with sections of their own, are two facts even in one sentence."""
    return (one.given and other.given) or (bool(one.title and other.title) and one.title != other.title)
