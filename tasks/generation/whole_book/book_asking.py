"""The requests of all chapters together, before each chapter goes its own way: the first of each
before the second of any, so that money which ends leaves something of every chapter, and in batch
mode a whole round of the book in one batch.

Nothing is decided here: the answers lie in the ledger, where each chapter finds them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from tasks.generation import book_windows
from tasks.generation.asking import AskRequests, RequestFactory
from tasks.generation.generation_loop import ChapterRun
from tasks.generation.openai.openai_writer import Exchange, Server
from tasks.generation.openai.request_builder import ChatRequest, build_request
from tasks.generation.openai.request_runner import RetryPolicy
from tasks.generation.openai.server_identity import identify_server
from tasks.generation.openai.transport.server_calls import open_client
from tasks.generation.pdf_parts import PdfPages, open_pdf_pages
from tasks.generation.quotas import JudgedDraft, Quota, WrittenChapter
from tasks.generation.response_cache import ResponseCache, StoredResponse
from tasks.generation.second_reader.reading_round import (
    JudgedReadings,
    ReaderOrder,
    SecondReader,
)
from tasks.generation.write_chapter import open_reader_cache, open_response_cache
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import WriterRefused
from tasks.schemas.item_rows import Draft, ItemReading, Passage, Rejection
from tasks.schemas.machine import Machine
from tasks.schemas.plan import DraftingPlan
from tasks.store.progress import ProgressCallback, ignore_progress


class Judge(Protocol):
    """The checks on one chapter's items."""

    rejected: list[Rejection]

    def check_draft(self, draft: Draft) -> JudgedDraft: ...
    def check_readings(self, readings: Sequence[ItemReading]) -> JudgedReadings: ...


class ChapterOrder(NamedTuple):
    """A chapter that is to be asked, and who judges its answers: anew in every replay."""

    passages: list[Passage]
    quota: Quota
    open_judge: Callable[[], Judge]
    before: WrittenChapter | None = None


class AnswersMissing(Exception):
    """A replay came to requests that the ledger has no answers to."""


@dataclass
class BookServer:
    """The server, open for all chapters of a plan: its writer, and its reader where there is
    one.
    """

    plan: DraftingPlan
    pages: PdfPages | None
    writer: Exchange
    reader: Exchange | None

    def raise_refusal(self) -> None:
        """What no chapter could mend by asking again; a busy server and a spent budget they meet
        themselves.
        """
        for exchange in (self.writer, self.reader):
            error = exchange.request_runner.stop_error if exchange else None
            if isinstance(error, WriterRefused):
                raise error

    def build_run(self, order: ChapterOrder, judge: Judge) -> ChapterRun:
        """A chapter's run; its reader fetches answers unless its `ask` is set otherwise."""
        plan, runner = self.plan.generation, self.writer.request_runner
        run = ChapterRun(
            order.passages,
            order.quota,
            plan,
            self.plan.language,
            judge.check_draft,
            self.pages,
            ignore_progress,
            runner,
        )
        run.before = order.before
        if self.reader:
            cache = self.reader.request_runner.cache
            readers = ReaderOrder(self.plan.validation.reader, cache, judge.check_readings)
            run.reader = SecondReader(
                readers, plan, self.plan.language, order.passages, *self.reader
            )
        return run


@asynccontextmanager
async def open_book_server(
    plan: DraftingPlan, mode: str, *, book: Path, machine: Machine, patience: RetryPolicy
) -> AsyncIterator[BookServer]:
    """Open while the block runs. Raises WriterRefused without a key."""
    client = open_client(patience)
    try:
        with ExitStack() as breakers:
            pages = open_pdf_pages(plan.generation.show, book)
            server = Server(client, mode, machine.concurrency, patience, pages, breakers)
            cache = open_response_cache(plan.name, plan.generation)
            writer = server.open_exchange(plan.generation.model, cache)
            reading = open_reader_cache(plan)
            reader = plan.validation.reader.model
            yield BookServer(
                plan, pages, writer, server.open_exchange(reader, reading) if reading else None
            )
    finally:
        await client.close()


def ask_in_turns(
    orders: Sequence[ChapterOrder],
    plan: DraftingPlan,
    *,
    book: Path,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
    patience: RetryPolicy | None = None,
) -> None:
    """Fetch the answers to the chapters' first requests, in turns; in batch mode round after round,
    a batch for each model, until no chapter has anything more to ask. Raises WriterRefused without
    a key, or where the server refuses.
    """
    asking = _ask_rounds if plan.generation.mode == "batch" else _ask_first_round
    patience = patience or RetryPolicy()

    async def work() -> None:
        mode = plan.generation.mode
        async with open_book_server(
            plan, mode, book=book, machine=machine, patience=patience
        ) as server:
            await asking(server, orders, progress)
            server.raise_refusal()

    asyncio.run(work())


async def _ask_first_round(
    server: BookServer, orders: Sequence[ChapterOrder], progress: ProgressCallback
) -> None:
    waiting = [_list_first_requests(server, order) for order in orders if not order.before]
    longest = max(map(len, waiting), default=0)
    in_turns = [words[i] for i in range(longest) for words in waiting if i < len(words)]
    await _fetch_answers(server.writer, in_turns, progress)


def _list_first_requests(server: BookServer, order: ChapterOrder) -> list[RequestFactory]:
    """What a chapter asks in its first round, each kind's first before the second of any."""
    plan, runner = server.plan.generation, server.writer.request_runner
    if not order.passages or not any(order.quota):
        return []
    windows = book_windows.plan_windows(order.passages, order.quota, plan)
    askings = book_windows.plan_round(windows, order.quota, plan, [])
    by_kind = [[a for a in askings if a.kind == kind] for kind in book_windows.ITEM_KINDS]
    longest = max(map(len, by_kind))
    identity = identify_server(runner.server)
    return [
        partial(build_request, own[i], plan, server.plan.language, server.pages, server=identity)
        for i in range(longest)
        for own in by_kind
        if i < len(own)
    ]


async def _ask_rounds(
    server: BookServer, orders: Sequence[ChapterOrder], progress: ProgressCallback
) -> None:
    """Each pass replays all chapters on what the ledger holds, and sends what they come to."""
    asked = set[str]()
    while True:
        exchanges = [server.writer, *([server.reader] if server.reader else [])]
        missing = await _collect_missing(server, orders)
        new = [
            [request for request in one if request.key not in asked]
            for one in missing[: len(exchanges)]
        ]
        asked |= {request.key for one in new for request in one}
        if not any(new):
            return
        await asyncio.gather(
            *(
                _fetch_answers(exchange, [partial(_get, request) for request in one], progress)
                for exchange, one in zip(exchanges, new, strict=True)
                if one
            )
        )
        if any(exchange.request_runner.stop_error for exchange in exchanges):
            return


def _get(request: ChatRequest) -> ChatRequest:
    return request


async def _collect_missing(
    server: BookServer, orders: Iterable[ChapterOrder]
) -> tuple[list[ChatRequest], list[ChatRequest]]:
    """What the chapters would ask next of the writer and of the reader, in turns."""
    writing, reading = list[tuple[int, ChatRequest]](), list[tuple[int, ChatRequest]]()
    for order in orders:
        if not any(order.quota):
            continue
        run = server.build_run(order, order.open_judge())
        if run.reader:
            run.reader.ask = _build_collector(run.reader.request_runner.cache, reading)
        try:
            await run.run_rounds(_build_collector(run.request_runner.cache, writing))
        except AnswersMissing:
            continue
    writing.sort(key=lambda one: one[0])
    reading.sort(key=lambda one: one[0])
    return [request for _, request in writing], [request for _, request in reading]


def _build_collector(cache: ResponseCache, missing: list[tuple[int, ChatRequest]]) -> AskRequests:
    """Answer from the ledger; where it lacks any, note which, by their turn in the chapter, and
    raise AnswersMissing.
    """

    async def answer_requests(
        all_words: Sequence[RequestFactory],
    ) -> AsyncIterator[StoredResponse | None]:
        requests = [words() for words in all_words]
        answers = [cache.find_response(request.key) for request in requests]
        lacking = [
            (turn, request)
            for turn, (request, answer) in enumerate(zip(requests, answers, strict=True))
            if answer is None
        ]
        if lacking:
            missing.extend(lacking)
            raise AnswersMissing
        for answer in answers:
            yield answer

    return answer_requests


async def _fetch_answers(
    exchange: Exchange, words: Sequence[RequestFactory], progress: ProgressCallback
) -> None:
    runner, done = exchange.request_runner, 0
    async for answer in exchange.ask(words):
        done += answer is not None
        with runner.cache.lock_budget() as budget:
            spent = budget.describe_spent()
        progress(done, len(words), tell_reader("parts", parts=spent))
