"""The writer that asks an OpenAI-compatible server.

Everything the model says comes back as drafts in an order that the plan, the book and the ledger
decide alone: each
round's requests are fixed before any is sent, and its answers are judged in that order, however
they arrive.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from openai import AsyncOpenAI

from tasks.generation import generation_loop
from tasks.generation.asking import AskRequests, build_live_asker
from tasks.generation.openai.batches.batch_api import OpenAIBatchApi
from tasks.generation.openai.batches.batch_runner import build_batch_asker
from tasks.generation.openai.concurrency_limiter import get_limiter
from tasks.generation.openai.empty_answers import shared_breaker
from tasks.generation.openai.request_runner import RequestRunner, RetryPolicy
from tasks.generation.openai.transport.server_calls import (
    build_sender,
    get_server_name,
    open_client,
)
from tasks.generation.pdf_parts import PdfPages, open_pdf_pages
from tasks.generation.quotas import JudgeDraft, Quota, WrittenChapter
from tasks.generation.response_cache import ResponseCache
from tasks.generation.second_reader.reading_round import ReaderOrder, SecondReader
from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import GenerationPlan
from tasks.store.progress import ProgressCallback, ignore_progress


def write_items_by_model(
    passages: list[Passage],
    quota: Quota,
    plan: GenerationPlan,
    language: str,
    *,
    ledger: ResponseCache,
    accept: JudgeDraft,
    machine_concurrency: int = 16,
    progress: ProgressCallback = ignore_progress,
    book_path: Path | None = None,
    patience: RetryPolicy | None = None,
    before: WrittenChapter | None = None,
    reader: ReaderOrder | None = None,
) -> WrittenChapter:
    """Ask for one chapter's items until the quota is met or it has no more to give; `before`: an
    earlier call gave these already. `reader`: who reads them for meaning.

    A budget that ends gives what there is by then, and its remedy in `usage.stop`. Raises
    WriterRefused or WriterUnavailable with the remedy; what was answered is in the ledger by then.
    """
    patience = patience or RetryPolicy()
    work = _write_items_async(
        passages,
        quota,
        plan,
        language,
        ledger=ledger,
        accept=accept,
        concurrency=machine_concurrency,
        progress=progress,
        book_path=book_path,
        patience=patience,
        before=before,
        reader=reader,
    )
    return asyncio.run(work)


async def _write_items_async(
    passages: Sequence[Passage],
    quota: Quota,
    plan: GenerationPlan,
    language: str,
    *,
    ledger: ResponseCache,
    accept: JudgeDraft,
    concurrency: int,
    progress: ProgressCallback,
    book_path: Path | None,
    patience: RetryPolicy,
    before: WrittenChapter | None,
    reader: ReaderOrder | None,
) -> WrittenChapter:
    client = open_client(patience)
    pages = open_pdf_pages(plan.show, book_path)
    try:
        with ExitStack() as breakers:
            server = Server(client, plan.mode, concurrency, patience, pages, breakers)
            exchange, ask = server.open_exchange(plan.model, ledger)
            chapter = generation_loop.ChapterRun(
                list(passages), quota, plan, language, accept, pages, progress, exchange
            )
            chapter.before = before
            if reader:
                second = server.open_exchange(reader.plan.model, reader.cache)
                chapter.reader = SecondReader(reader, plan, language, passages, *second)
            return await chapter.run_rounds(ask)
    finally:
        await client.close()


class Exchange(NamedTuple):
    """One model at the server: its requests' runner, and how many are asked at once."""

    request_runner: RequestRunner
    ask: AskRequests


@dataclass(frozen=True)
class Server:
    """The configured server, open for one chapter."""

    client: AsyncOpenAI
    mode: str
    concurrency: int
    patience: RetryPolicy
    pages: PdfPages | None
    breakers: ExitStack

    def open_exchange(self, model: str, cache: ResponseCache) -> Exchange:
        """Ask one of its models, from one cache's money."""
        server = get_server_name()
        runner = RequestRunner(
            cache=cache,
            limiter=get_limiter(f"{server} {model}", self.concurrency),
            policy=self.patience,
            send=build_sender(self.client, server, self.patience.timeout),
            fill_body=self.pages.fill_placeholders if self.pages else dict,
            server=server,
            breaker=self.breakers.enter_context(shared_breaker(f"{cache.folder} {server} {model}")),
        )
        if self.mode == "batch":
            api = OpenAIBatchApi(self.client, server)
            return Exchange(runner, build_batch_asker(runner, api))
        return Exchange(runner, build_live_asker(runner, self.concurrency))
