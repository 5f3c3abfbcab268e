"""The writer that asks an OpenAI-compatible server; the only module that speaks to the `openai` package.

Everything the model says comes back as drafts in an order that the plan, the book and the ledger decide alone: each
round's requests are fixed before any is sent, and its answers are judged in that order, however they arrive.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import openai
from httpx2 import Response  # the client's own HTTP package
from openai.types import Batch
from pydantic import ValidationError

from tasks.errors import WriterRefused
from tasks.generation import batch, rounds
from tasks.generation.bounded_http import BoundedClient, UnreadAnswer
from tasks.generation.empty_answers import shared_breaker
from tasks.generation.exchange import Exchange, Patience, Send
from tasks.generation.faults import READING_ERRORS, UNREAD, Course, Fault, fault_of_status, scrub
from tasks.generation.ledger import Ledger
from tasks.generation.limits import limiter_for
from tasks.generation.pages import pages_of
from tasks.generation.replies import Reply
from tasks.generation.server import OPENAI, configured_server
from tasks.generation.writer import Accept, Quota, Written
from tasks.plan import GenerationPlan
from tasks.progress import Progress, silent
from tasks.records import Passage

T = TypeVar("T")
CONNECT = 20.0  # seconds to reach the server at all
NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout"}


def write(
    passages: list[Passage],
    quota: Quota,
    plan: GenerationPlan,
    language: str,
    ledger: Ledger,
    accept: Accept,
    machine_concurrency: int = 16,
    progress: Progress = silent,
    book_path: Path | None = None,
    patience: Patience | None = None,
    before: Written | None = None,
) -> Written:
    """Ask for one chapter's items until the quota is met or it has no more to give; `before`: an earlier call gave these already.

    Raises WriterRefused, WriterUnavailable or BudgetSpent with the remedy; what was answered is in the ledger by then.
    """
    patience = patience or Patience()
    work = _write(passages, quota, plan, language, ledger, accept, machine_concurrency, progress, book_path, patience, before)
    return asyncio.run(work)


async def _write(
    passages: Sequence[Passage],
    quota: Quota,
    plan: GenerationPlan,
    language: str,
    ledger: Ledger,
    accept: Accept,
    concurrency: int,
    progress: Progress,
    book_path: Path | None,
    patience: Patience,
    before: Written | None,
) -> Written:
    client = open_client(patience)
    try:
        pages = pages_of(plan.show, book_path)
        server = server_name()
        with shared_breaker(f"{ledger.folder} {server} {plan.model}") as breaker:
            exchange = Exchange(
                ledger=ledger,
                limiter=limiter_for(f"{server} {plan.model}", concurrency),
                patience=patience,
                send=sender(client, server, patience.timeout),
                fill=pages.fill if pages else dict,
                server=server,
                breaker=breaker,
            )
            post = Post(client, server)
            asked = batch.asker(exchange, post) if plan.mode == "batch" else rounds.live(exchange, concurrency)
            chapter = rounds.Chapter(list(passages), quota, plan, language, accept, pages, progress, exchange, before)
            return await chapter.write(asked)
    finally:
        await client.close()


def server_name() -> str:
    """The server's address without anything secret in it."""
    return configured_server().address


def open_client(patience: Patience) -> openai.AsyncOpenAI:
    """A client without retries of its own: ours know the budget and the ledger."""
    key, url = _named("OPENAI_API_KEY"), _named("OPENAI_BASE_URL") or None
    if not key and url is None:
        raise WriterRefused(
            "generation.writer is gpt, but there is no key. Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that needs none."
        )
    if url and not url.lower().startswith(("http://", "https://")):
        raise WriterRefused(f"OPENAI_BASE_URL is {scrub(url)!r}. Set it to an address that begins with http:// or https://.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise WriterRefused("OPENAI_API_KEY holds characters that no key has (a space, a typographic quote?). Set it to the bare key.")
    timeout = openai.Timeout(patience.timeout, connect=min(CONNECT, patience.timeout))
    # `or OPENAI`: the package would take a variable that is set but empty, as compose sets it, for the address
    http = BoundedClient(patience.timeout)
    return openai.AsyncOpenAI(api_key=key or "none", base_url=url or OPENAI, max_retries=0, timeout=timeout, http_client=http)


def _named(variable: str) -> str:
    """Its value, without the spaces and line ends that come with pasting."""
    return os.environ.get(variable, "").strip()


def sender(client: openai.AsyncOpenAI, url: str, seconds: float) -> Send:
    """How a chat completion is sent; the key of idempotency lets a careful proxy answer a repeated request once."""

    async def send(body: dict[str, Any], key: str) -> Reply | Fault:
        return await at_its_place(client, lambda: _chat(client, body, key, seconds), url, str(body["model"]))

    return send


async def at_its_place(client: openai.AsyncOpenAI, call: Callable[[], Awaitable[T]], url: str, model: str) -> T | Fault:
    """A call, its faults as values; a server named without the /v1 of its paths is tried there when it does not know the bare one."""
    named = client.base_url
    outcome = await caught(call(), url, model)
    if not (isinstance(outcome, Fault) and outcome.name == "404" and named.path == "/"):
        return outcome
    client.base_url = named.join("v1/")
    second = await caught(call(), url, model)
    if isinstance(second, Fault) and second.name == "404":
        client.base_url = named
        return outcome
    return second


async def _chat(client: openai.AsyncOpenAI, body: dict[str, Any], key: str, seconds: float) -> Reply:
    """The raw post: `chat.completions.create` would walk through every message and schema first, a third of its time."""
    async with asyncio.timeout(seconds):  # the client's own time begins anew with each byte that trickles in
        response = await client.post("/chat/completions", cast_to=Response, body=body, options={"headers": {"Idempotency-Key": key}})
    return Reply(response.status_code, response.headers, response.text)


@dataclass(frozen=True)
class Post:
    """Files and batches (batch.Post)."""

    client: openai.AsyncOpenAI
    url: str

    async def upload(self, content: bytes) -> str | Fault:
        file = ("requests.jsonl", content, "application/jsonl")
        made = await self._caught(lambda: self.client.files.create(file=file, purpose="batch"))
        return made if isinstance(made, Fault) else made.id

    async def create(self, file: str, mark: str) -> batch.State | Fault:
        endpoint, window, data = "/v1/chat/completions", "24h", {batch.MARK: mark}
        order = {"input_file_id": file, "endpoint": endpoint, "completion_window": window, "metadata": data}
        return await self._caught(lambda: _known(self.client.batches.create(**order)))  # type: ignore[arg-type]

    async def retrieve(self, name: str) -> batch.State | Fault:
        return await self._caught(lambda: _known(self.client.batches.retrieve(name)))

    async def recent(self) -> list[batch.State] | Fault:
        return await self._caught(lambda: _page(self.client))

    async def content(self, file: str) -> str | Fault:
        made = await self._caught(lambda: self.client.files.content(file))
        return made if isinstance(made, Fault) else made.content.decode("utf-8", "replace")

    async def _caught(self, call: Callable[[], Awaitable[T]]) -> T | Fault:
        outcome = await at_its_place(self.client, call, self.url, "")
        if isinstance(outcome, Fault) and outcome.name == "404":
            return outcome._replace(message=f"{self.url} has no batch API, or no longer has this batch. Set generation.mode to live.")
        return outcome


async def _page(client: openai.AsyncOpenAI) -> list[batch.State]:
    return [_state(one) for one in (await client.batches.list(limit=100)).data]


async def _known(call: Awaitable[Batch]) -> batch.State:
    return _state(await call)


def _state(made: Batch) -> batch.State:
    files = [file for file in (made.output_file_id, made.error_file_id) if file]
    errors = [(str(e.code), str(e.message)) for e in (made.errors.data if made.errors and made.errors.data else [])]
    return batch.State(made.id, made.status, files, errors, (made.metadata or {}).get(batch.MARK, ""))


async def caught(call: Awaitable[T], url: str, model: str) -> T | Fault:
    """A call with its faults as values, whatever the server sent; an openai exception holds the request's headers, so none leaves here."""
    try:
        return await call
    except TimeoutError:
        return Fault("timeout", "again", f"no whole answer from {url} in time")
    except openai.APITimeoutError as error:
        return Fault("timeout", "again", f"no answer from {url} in time", charged=_was_sent(error))
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, UnreadAnswer):
            course: Course = "stop" if error.__cause__.leads_away else "again"
            return Fault(UNREAD, course, scrub(str(error.__cause__)))
        return Fault(
            "connection", "again", f"the connection to {url} broke: {scrub(str(error.__cause__ or error))}", charged=_was_sent(error)
        )
    except openai.APIStatusError as error:
        return fault_of_status(error.status_code, error.body or scrub(error.response.text), error.response.headers, model, url)
    except (openai.OpenAIError, ValidationError, *READING_ERRORS) as error:  # in the package's own reading of what came
        return Fault(UNREAD, "again", f"{url} sent what cannot be read ({type(error).__name__})")


def _was_sent(error: openai.APIConnectionError) -> bool:
    return type(error.__cause__).__name__ not in NEVER_SENT
