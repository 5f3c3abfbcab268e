"""Which signs go into which items: sets that differ, tellings that pairs and questions do not
share.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from tasks.generation.rules.book_facts import Sign, Topic
from tasks.language.text import fold_text, split_words

VIGNETTE_SIZES = (2, 3, 4)  # signs of one vignette
MAX_DRAWS = 2000  # draws until a topic counts as used up
MIN_SHARED_WORDS = 0.5  # Jaccard similarity of the words from which two signs say the same
MIN_WORDING_SIGNS = 4  # signs in a telling that can carry the pairs alone


class Wordings(NamedTuple):
    """The wordings that pairs draw from, and those that are left for the questions."""

    pairs: list[Sign]
    questions: list[Sign]


def split_wordings(topic: Topic, paraphrases: int) -> Wordings:
    """Pairs from the list of signs, questions from the prose; where there is one telling only, each
    takes every other sign.

    With more than one paraphrase the pairs take every other sign of the prose as well.
    """
    told = {where: [s for s in topic.signs if s.source == where] for where in ("list", "prose")}
    if min(map(len, told.values())) < MIN_WORDING_SIGNS:
        return Wordings(list(topic.signs[::2]), list(topic.signs[1::2]))
    if paraphrases > 1:
        return Wordings(told["list"] + told["prose"][::2], told["prose"][1::2])
    return Wordings(told["list"], told["prose"])


def sample_pair_signs(told: Wordings, rng: Random) -> Iterator[list[Sign]]:
    """Different sets of two to four signs of the pairs' wordings, in random order."""
    return _sample_sign_sets([], told.pairs, VIGNETTE_SIZES, lambda size: range(1), rng)


def sample_question_signs(
    told: Wordings, sizes: tuple[int, ...], rng: Random
) -> Iterator[list[Sign]]:
    """The same of given sizes, each set in mixed wordings: one sign at least in words that no pair
    has, so no pair has the set.
    """
    return _sample_sign_sets(told.questions, told.pairs, sizes, lambda size: range(1, size), rng)


def _sample_sign_sets(
    own: list[Sign],
    others: list[Sign],
    sizes: tuple[int, ...],
    shares: Callable[[int], range],
    rng: Random,
) -> Iterator[list[Sign]]:
    """Random sets with so many of `own` as `shares` allows and the rest of `others`; none twice, no
    two signs alike in one.
    """
    seen = set[tuple[Sign, ...]]()
    for _ in range(MAX_DRAWS):
        size = rng.choice(sizes)
        part = rng.choice(shares(size))
        if part > len(own) or size - part > len(others):
            continue
        signs = (
            *(own[i] for i in sorted(rng.sample(range(len(own)), part))),
            *(others[i] for i in sorted(rng.sample(range(len(others)), size - part))),
        )
        if signs not in seen and not any(
            has_alike_sign(sign, signs[:i]) for i, sign in enumerate(signs)
        ):
            seen.add(signs)
            yield list(signs)


def has_alike_sign(sign: Sign, others: Iterable[Sign]) -> bool:
    """Whether one of the others says the same, as far as words can tell."""
    own = _fold_words(sign.text)
    return any(
        len(own & (its := _fold_words(o.text))) >= MIN_SHARED_WORDS * len(own | its) or own <= its
        for o in others
    )


@lru_cache(maxsize=10_000)
def _fold_words(text: str) -> frozenset[str]:
    return frozenset(fold_text(w) for w in split_words(text))


def build_item_fields(fact: str, sign: Sign, **fields: Any) -> dict[str, Any]:
    """An item in the exercise's fields, with the place that it rests on."""
    return {**fields, "page": sign.passage.page, "quote": sign.quote, "fact": fact}
