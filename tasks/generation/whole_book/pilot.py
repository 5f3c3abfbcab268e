"""The pilot: two requests a kind from chapters far apart, judged before anything more is asked.

They are requests that the chapters would send anyway, so what they cost is not lost; only what a
second reader says of their items may be asked anew in its chapter.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, TypeVar

from tasks.generation import book_windows
from tasks.generation.book_windows import ITEM_KINDS, PlannedRequest
from tasks.generation.openai.request_runner import RetryPolicy
from tasks.generation.prompts.instructions import ItemKind
from tasks.generation.quotas import PairOrQuestion, Quota, count_letters
from tasks.generation.whole_book.book_asking import BookServer, ChapterOrder, open_book_server
from tasks.schemas.errors import StudyError, WriterUnfit
from tasks.schemas.item_rows import Pair, Rejection
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, Share, Term, build_message
from tasks.schemas.plan import DraftingPlan
from tasks.store.progress import ProgressCallback, ignore_progress

R = TypeVar("R")
PILOT_REQUESTS = 2  # a kind
SHOWN_ITEMS = 3  # kept, and as many refused
SHOWN_CHARACTERS = 200  # of an item
POINTS = (0.25, 0.75)  # of the text: where the pilot's chapters stand


class Pilot(NamedTuple):
    """What came of the pilot."""

    kept: list[PairOrQuestion]
    rejected: list[Rejection]
    charges: tuple[Message, ...]  # spent and set aside by then
    stop: StudyError | None = None  # the server or the budget stopped it: it says nothing

    def count_items(self, kind: ItemKind) -> tuple[int, int]:
        """How many of a kind were kept, and how many came."""
        kept = sum(isinstance(item, Pair) == (kind == "pair") for item in self.kept)
        return kept, kept + sum(one.items for one in self.rejected if one.kind == kind)

    def describe(self) -> list[Message]:
        """The counts, then some of what was kept and some of what was refused, with reasons."""
        numbers = {kind: self.count_items(kind) for kind in ITEM_KINDS}
        counts = [
            build_message("pilot-count", kept=n, came=came, kind=Term("kinds", kind))
            for kind, (n, came) in numbers.items()
            if came
        ]
        kept = _pick_some(self.kept, lambda one: isinstance(one, Pair))
        rejected = _pick_some(self.rejected, lambda one: one.kind == "pair")
        return [
            build_message("pilot-sum", counts=tuple(counts)),
            *(build_message("pilot-kept", text=_describe_item(one)) for one in kept),
            *(
                build_message(
                    "pilot-refused",
                    name=Term("reasons", one.reason.code),
                    why=one.reason,
                    text=book_windows.build_fallen_reminder(one.raw) or _shorten(one.raw),
                )
                for one in rejected
            ),
        ]


def is_pilot_worthwhile(quotas: Sequence[Quota], per_request: int) -> bool:
    """Whether the plan asks for more than the pilot itself would."""
    return any(
        sum(quota[place] for quota in quotas) > PILOT_REQUESTS * per_request for place in (0, 1)
    )


def run_pilot(
    orders: Sequence[ChapterOrder],
    plan: DraftingPlan,
    *,
    book: Path,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
    patience: RetryPolicy | None = None,
) -> Pilot:
    """Ask and judge; one request at a time in batch mode, too, since a batch may take a day.
    Raises WriterRefused without a key, or where the server refuses.
    """
    patience = patience or RetryPolicy()

    async def work() -> Pilot:
        async with open_book_server(
            plan, "live", book=book, machine=machine, patience=patience
        ) as server:
            return await _try_chapters(server, choose_chapters(orders), progress)

    return asyncio.run(work())


def choose_chapters(orders: Sequence[ChapterOrder]) -> list[ChapterOrder]:
    """The chapters at a quarter and at three quarters of the text that is to be drawn from; one
    where there is but one.
    """
    asked = [order for order in orders if all(order.quota)] or [o for o in orders if any(o.quota)]
    weights = [count_letters(order.passages) for order in asked]
    chosen: dict[int, ChapterOrder] = {}
    for point in POINTS:
        before = 0
        for place, weight in enumerate(weights):
            before += weight
            if before >= point * sum(weights):
                chosen[place] = asked[place]
                break
    if len(chosen) == 1 and len(asked) > 1:  # one chapter holds most of the book
        (only,) = chosen
        other = max((i for i in range(len(asked)) if i != only), key=lambda i: weights[i])
        chosen[other] = asked[other]
    return list(chosen.values())


async def _try_chapters(
    server: BookServer, orders: Sequence[ChapterOrder], progress: ProgressCallback
) -> Pilot:
    kept: list[PairOrQuestion] = []
    rejected: list[Rejection] = []
    runner = server.writer.request_runner
    each = PILOT_REQUESTS // max(1, len(orders))
    for done, order in enumerate(orders):
        run = server.build_run(order, judge := order.open_judge())
        run.windows = book_windows.plan_windows(order.passages, order.quota, run.plan)
        round_ = book_windows.plan_round(run.windows, order.quota, run.plan, [])
        await run.run_round(choose_requests(round_, each), server.writer.ask)
        kept += run.kept
        rejected += judge.rejected
        progress(done + 1, len(orders))
    server.raise_refusal()
    last = server.reader or server.writer  # who asks last knows what both have spent
    with last.request_runner.cache.lock_budget() as budget:
        charges = budget.describe_charges()
    return Pilot(kept, rejected, charges, runner.stop_error)


def choose_requests(round_: Sequence[PlannedRequest], each: int) -> list[PlannedRequest]:
    """The first request of each kind of a chapter's first round; of two the last, too."""
    chosen = []
    for kind in ITEM_KINDS:
        own = [asking for asking in round_ if asking.kind == kind]
        chosen += own if len(own) <= each else [own[0], own[-1]][:each]
    return chosen


def refuse_unfit_writer(pilot: Pilot, least: float) -> None:
    """Raise WriterUnfit where fewer than this share of a kind's items were kept. Where nothing
    came, or something stopped the pilot, the chapters will tell.
    """
    for kind in ITEM_KINDS:
        kept, came = pilot.count_items(kind)
        if came and kept < least * came and not pilot.stop:
            raise WriterUnfit(
                build_message(
                    "pilot-failed",
                    kept=kept,
                    came=came,
                    kind=Term("kinds", kind),
                    least=Share(least),
                    charges=pilot.charges,
                )
            )


def _pick_some(rows: Sequence[R], is_pair: Callable[[R], bool]) -> list[R]:
    """The first rows, of both kinds in turns where there are both."""
    sorts = [row for row in rows if is_pair(row)], [row for row in rows if not is_pair(row)]
    turns = [row for both in zip_longest(*sorts) for row in both if row is not None]
    return turns[:SHOWN_ITEMS]


def _describe_item(item: PairOrQuestion) -> str:
    if isinstance(item, Pair):
        return f"{_shorten(item.symptom)} → {_shorten(item.diagnosis)}"
    return f"{_shorten(item.question)} → {_shorten(item.options[item.answer - 1])}"


def _shorten(text: str) -> str:
    return " ".join(text.split())[:SHOWN_CHARACTERS]
