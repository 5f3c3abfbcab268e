"""The writer that asks an OpenAI-compatible server; the only module that speaks to the `openai`
package.

Everything the model says comes back as drafts in an order that the plan, the book and the ledger
decide alone: each
round's requests are fixed before any is sent, and its answers are judged in that order, however
they arrive.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import openai
from httpx2 import Response  # the client's own HTTP package
from openai.types import Batch
from pydantic import ValidationError

from tasks.generation import generation_loop
from tasks.generation.asking import AskRequests, build_live_asker
from tasks.generation.openai import batch_runner
from tasks.generation.openai.bounded_http import BoundedClient, UnreadAnswer
from tasks.generation.openai.concurrency_limiter import get_limiter
from tasks.generation.openai.empty_answers import shared_breaker
from tasks.generation.openai.replies import HttpReply
from tasks.generation.openai.request_errors import (
    READING_ERRORS,
    UNREAD,
    FailureAction,
    RequestFailure,
    classify_failure,
    redact_keys,
)
from tasks.generation.openai.request_runner import RequestRunner, RetryPolicy, SendRequest
from tasks.generation.openai.server_identity import OPENAI, configured_server
from tasks.generation.pdf_parts import PdfPages, open_pdf_pages
from tasks.generation.quotas import JudgeDraft, Quota, WrittenChapter
from tasks.generation.response_cache import ResponseCache
from tasks.generation.second_reader.reading_round import ReaderOrder, SecondReader
from tasks.schemas.errors import WriterRefused
from tasks.schemas.item_rows import Passage
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import GenerationPlan
from tasks.store.progress import ProgressCallback, ignore_progress
from tasks.store.stop_signals import send_nothing_more

T = TypeVar("T")
CONNECT_SECONDS = 20.0  # seconds to reach the server at all
UNSENT_ERROR_NAMES = {"ConnectError", "ConnectTimeout", "PoolTimeout"}


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

    client: openai.AsyncOpenAI
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
            return Exchange(runner, batch_runner.build_batch_asker(runner, api))
        return Exchange(runner, build_live_asker(runner, self.concurrency))


def get_server_name() -> str:
    """The server's address without anything secret in it."""
    return configured_server().address


def open_client(patience: RetryPolicy) -> openai.AsyncOpenAI:
    """A client without retries of its own: ours know the budget and the ledger."""
    key, url = _read_variable("OPENAI_API_KEY"), _read_variable("OPENAI_BASE_URL") or None
    if not key and url is None:
        raise WriterRefused(build_message("no-key-for-writer"))
    if url and not url.lower().startswith(("http://", "https://")):
        raise WriterRefused(build_message("address-wrong", url=redact_keys(url)))
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise WriterRefused(build_message("key-malformed"))
    timeout = openai.Timeout(patience.timeout, connect=min(CONNECT_SECONDS, patience.timeout))
    # `or OPENAI`: the package would take a variable that is set but empty, as compose sets it, for
    # the address
    http = BoundedClient(patience.timeout)
    return openai.AsyncOpenAI(
        api_key=key or "none",
        base_url=url or OPENAI,
        max_retries=0,
        timeout=timeout,
        http_client=http,
    )


def _read_variable(variable: str) -> str:
    """Its value, without the spaces and line ends that come with pasting."""
    return os.environ.get(variable, "").strip()


def build_sender(client: openai.AsyncOpenAI, url: str, seconds: float) -> SendRequest:
    """How a chat completion is sent; the key of idempotency lets a careful proxy answer a repeated
    request once.
    """

    async def send_completion(body: dict[str, Any], key: str) -> HttpReply | RequestFailure:
        return await call_with_v1_fallback(
            client, lambda: _post_completion(client, body, key, seconds), url, str(body["model"])
        )

    return send_completion


async def call_with_v1_fallback(
    client: openai.AsyncOpenAI, call: Callable[[], Awaitable[T]], url: str, model: str
) -> T | RequestFailure:
    """A call, its faults as values; a server named without the /v1 of its paths is tried there when
    it does not know the bare one.
    """
    await send_nothing_more()
    named = client.base_url
    outcome = await catch_failures(call(), url, model)
    if not (isinstance(outcome, RequestFailure) and outcome.name == "404" and named.path == "/"):
        return outcome
    client.base_url = named.join("v1/")
    second = await catch_failures(call(), url, model)
    if isinstance(second, RequestFailure) and second.name == "404":
        client.base_url = named
        return outcome
    return second


async def _post_completion(
    client: openai.AsyncOpenAI, body: dict[str, Any], key: str, seconds: float
) -> HttpReply:
    """The raw post: `chat.completions.create` would walk through every message and schema first, a
    third of its time.
    """
    async with asyncio.timeout(
        seconds
    ):  # the client's own time begins anew with each byte that trickles in
        response = await client.post(
            "/chat/completions",
            cast_to=Response,
            body=body,
            options={"headers": {"Idempotency-Key": key}},
        )
    return HttpReply(response.status_code, response.headers, response.text)


@dataclass(frozen=True)
class OpenAIBatchApi:
    """Files and batches (batch.Post)."""

    client: openai.AsyncOpenAI
    url: str

    async def upload_requests(self, content: bytes) -> str | RequestFailure:
        file = ("requests.jsonl", content, "application/jsonl")
        made = await self._call_batch_api(
            lambda: self.client.files.create(file=file, purpose="batch")
        )
        return made if isinstance(made, RequestFailure) else made.id

    async def create_batch(self, file: str, mark: str) -> batch_runner.BatchState | RequestFailure:
        endpoint, window, data = "/v1/chat/completions", "24h", {batch_runner.METADATA_KEY: mark}
        order = {
            "input_file_id": file,
            "endpoint": endpoint,
            "completion_window": window,
            "metadata": data,
        }
        return await self._call_batch_api(
            lambda: _convert_batch(self.client.batches.create(**order))  # type: ignore[arg-type]
        )

    async def retrieve_batch(self, name: str) -> batch_runner.BatchState | RequestFailure:
        return await self._call_batch_api(
            lambda: _convert_batch(self.client.batches.retrieve(name))
        )

    async def list_recent_batches(self) -> list[batch_runner.BatchState] | RequestFailure:
        return await self._call_batch_api(lambda: _fetch_batch_page(self.client))

    async def download_file(self, file: str) -> str | RequestFailure:
        made = await self._call_batch_api(lambda: self.client.files.content(file))
        return made if isinstance(made, RequestFailure) else made.content.decode("utf-8", "replace")

    async def _call_batch_api(self, call: Callable[[], Awaitable[T]]) -> T | RequestFailure:
        outcome = await call_with_v1_fallback(self.client, call, self.url, "")
        if isinstance(outcome, RequestFailure) and outcome.name == "404":
            return outcome._replace(
                message=(
                    f"{self.url} has no batch API, or no longer has this batch. Set generation.mode"
                    " to live."
                )
            )
        return outcome


async def _fetch_batch_page(client: openai.AsyncOpenAI) -> list[batch_runner.BatchState]:
    return [_convert_batch_or_failure(one) for one in (await client.batches.list(limit=100)).data]


async def _convert_batch(call: Awaitable[Batch]) -> batch_runner.BatchState:
    return _convert_batch_or_failure(await call)


def _convert_batch_or_failure(made: Batch) -> batch_runner.BatchState:
    files = [file for file in (made.output_file_id, made.error_file_id) if file]
    errors = [
        (str(e.code), str(e.message))
        for e in (made.errors.data if made.errors and made.errors.data else [])
    ]
    return batch_runner.BatchState(
        made.id,
        made.status,
        files,
        errors,
        (made.metadata or {}).get(batch_runner.METADATA_KEY, ""),
    )


async def catch_failures(call: Awaitable[T], url: str, model: str) -> T | RequestFailure:
    """A call with its faults as values, whatever the server sent; an openai exception holds the
    request's headers, so none leaves here.
    """
    try:
        return await call
    except TimeoutError:
        return RequestFailure("timeout", "again", f"no whole answer from {url} in time")
    except openai.APITimeoutError as error:
        return RequestFailure(
            "timeout", "again", f"no answer from {url} in time", charged=_was_sent(error)
        )
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, UnreadAnswer):
            course: FailureAction = "stop" if error.__cause__.leads_away else "again"
            return RequestFailure(UNREAD, course, redact_keys(str(error.__cause__)))
        return RequestFailure(
            "connection",
            "again",
            f"the connection to {url} broke: {redact_keys(str(error.__cause__ or error))}",
            charged=_was_sent(error),
        )
    except openai.APIStatusError as error:
        return classify_failure(
            error.status_code,
            error.body or redact_keys(error.response.text),
            error.response.headers,
            model,
            url,
        )
    except (
        openai.OpenAIError,
        ValidationError,
        *READING_ERRORS,
    ) as error:  # in the package's own reading of what came
        return RequestFailure(
            UNREAD, "again", f"{url} sent what cannot be read ({type(error).__name__})"
        )


def _was_sent(error: openai.APIConnectionError) -> bool:
    return type(error.__cause__).__name__ not in UNSENT_ERROR_NAMES
