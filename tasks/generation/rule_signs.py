"""Which signs go into which items: sets that differ, tellings that pairs and questions do not share."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from tasks.generation.rule_facts import Sign, Topic
from tasks.text import fold, words

SIZES = (2, 3, 4)  # signs of one vignette
TRIES = 2000  # draws until a topic counts as used up
SHARED = 0.5  # Jaccard similarity of the words from which two signs say the same
ENOUGH = 4  # signs in a telling that can carry the pairs alone


class Tellings(NamedTuple):
    """The wordings that pairs draw from, and those that are left for the questions."""

    pairs: list[Sign]
    questions: list[Sign]


def tellings(topic: Topic, paraphrases: int) -> Tellings:
    """Pairs from the list of signs, questions from the prose; where there is one telling only, each takes every other sign.

    With more than one paraphrase the pairs take every other sign of the prose as well.
    """
    told = {where: [s for s in topic.signs if s.source == where] for where in ("list", "prose")}
    if min(map(len, told.values())) < ENOUGH:
        return Tellings(list(topic.signs[::2]), list(topic.signs[1::2]))
    if paraphrases > 1:
        return Tellings(told["list"] + told["prose"][::2], told["prose"][1::2])
    return Tellings(told["list"], told["prose"])


def pair_sets(told: Tellings, rng: Random) -> Iterator[list[Sign]]:
    """Different sets of two to four signs of the pairs' wordings, in random order."""
    return _mixed([], told.pairs, SIZES, lambda size: range(1), rng)


def question_sets(told: Tellings, sizes: tuple[int, ...], rng: Random) -> Iterator[list[Sign]]:
    """The same of given sizes, each set in mixed wordings: one sign at least in words that no pair has, so no pair has the set."""
    return _mixed(told.questions, told.pairs, sizes, lambda size: range(1, size), rng)


def _mixed(
    own: list[Sign], others: list[Sign], sizes: tuple[int, ...], shares: Callable[[int], range], rng: Random
) -> Iterator[list[Sign]]:
    """Random sets with so many of `own` as `shares` allows and the rest of `others`; none twice, no two signs alike in one."""
    seen = set[tuple[Sign, ...]]()
    for _ in range(TRIES):
        size = rng.choice(sizes)
        part = rng.choice(shares(size))
        if part > len(own) or size - part > len(others):
            continue
        signs = (
            *(own[i] for i in sorted(rng.sample(range(len(own)), part))),
            *(others[i] for i in sorted(rng.sample(range(len(others)), size - part))),
        )
        if signs not in seen and not any(alike(sign, signs[:i]) for i, sign in enumerate(signs)):
            seen.add(signs)
            yield list(signs)


def alike(sign: Sign, others: Iterable[Sign]) -> bool:
    """Whether one of the others says the same, as far as words can tell."""
    own = _folded(sign.text)
    return any(len(own & (its := _folded(o.text))) >= SHARED * len(own | its) or own <= its for o in others)


@lru_cache(maxsize=10_000)
def _folded(text: str) -> frozenset[str]:
    return frozenset(fold(w) for w in words(text))


def item(fact: str, sign: Sign, **fields: Any) -> dict[str, Any]:
    """An item in the exercise's fields, with the place that it rests on."""
    return {**fields, "page": sign.passage.page, "quote": sign.quote, "fact": fact}
