"""Which signs go into which items: sets that differ, tellings that pairs and questions do not share."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from random import Random
from typing import Any, NamedTuple

from tasks.generation.rule_facts import Sign, Topic
from tasks.text import fold, words

FEW, MANY = 2, 4  # signs of one vignette
MOST = 16  # signs that sets are drawn from; 16 give 2,500
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
    told = {where: [s for s in topic.signs if s.told == where] for where in ("list", "prose")}
    if min(map(len, told.values())) < ENOUGH:
        return Tellings(list(topic.signs[::2]), list(topic.signs[1::2]))
    if paraphrases > 1:
        return Tellings(told["list"] + told["prose"][::2], told["prose"][1::2])
    return Tellings(told["list"], told["prose"])


def sets(signs: list[Sign], rng: Random) -> list[list[Sign]]:
    """Different sets of two to four signs in random order; inside a set the book's order."""
    some = sorted(rng.sample(range(len(signs)), min(len(signs), MOST)))
    found = [[signs[i] for i in chosen] for size in range(FEW, MANY + 1) for chosen in combinations(some, size)]
    return rng.sample(found, len(found))


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
