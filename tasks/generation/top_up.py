"""What to ask again when the checks over the whole book have taken more than was drafted on top.

Those checks (repeats between chapters, leaks between pairs and questions) can only be made when
every chapter is done.
What they take is shared out anew over the chapters that still had more to give.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tasks.generation.quotas import MIN_CHAPTER_LETTERS, Quota
from tasks.schemas.item_rows import WriterUsage
from tasks.schemas.sections.apportionment import apportion_total

# of the items kept by their chapters; were fewer left, asking four times as many would still be
# enough
MIN_KEPT_SHARE = 0.25


class ChapterYield(NamedTuple):
    """What one chapter has given, and how much there is to draw from (letters)."""

    account: WriterUsage
    letters: int


def compute_top_up_quotas(
    missing: Quota, left: Quota, given: Sequence[ChapterYield | None]
) -> dict[int, Quota]:
    """What chapters are to give in all, by their place in the book, so that `missing` more are
    left; none where none can. None stands for a chapter that no server was asked for.

    As many are asked for as will be left, at the share that was left of what the chapters kept.
    Only chapters that met
    their quota are asked: any other has said that it has no more, was refused, or was asked often
    enough.
    """
    asked = {i: one for i, one in enumerate(given) if one}
    more = {
        "pair": _allocate_missing("pair", missing.pairs, left.pairs, asked),
        "question": _allocate_missing("question", missing.questions, left.questions, asked),
    }
    whole = {
        i: Quota(*(one.account.kept[kind] + shares.get(i, 0) for kind, shares in more.items()))
        for i, one in asked.items()
    }
    return {i: quota for i, quota in whole.items() if any(i in shares for shares in more.values())}


def _allocate_missing(
    kind: str, missing: int, left: int, given: Mapping[int, ChapterYield]
) -> dict[int, int]:
    """How many more of a kind each chapter is asked for."""
    kept = sum(one.account.kept[kind] for one in given.values())
    share = min(1.0, max(MIN_KEPT_SHARE, left / kept)) if kept else 1.0
    titled = any(one.account.chapter for one in given.values())
    can = {
        str(i): one.letters
        for i, one in given.items()
        if one.account.ended[kind] == "met" and not _is_front_matter(one, titled)
    }
    shared = apportion_total(can, math.ceil(missing / share), MIN_CHAPTER_LETTERS)
    return {int(i): number for i, number in shared.items() if number}


def _is_front_matter(one: ChapterYield, titled: bool) -> bool:
    """A cover or a title page, or what stands before the first title of a book that has `titled`
    chapters: it gives what it can, but not what others lack.
    """
    return one.letters < MIN_CHAPTER_LETTERS or (titled and not one.account.chapter)
