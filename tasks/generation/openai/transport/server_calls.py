"""The calls to a server: its faults as values, a limit on time, no retries of their own.

Beside `batch_api`, the only module that speaks to the `openai` package.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import openai
from httpx2 import Response  # the client's own HTTP package
from pydantic import ValidationError

from tasks.generation.openai.replies import HttpReply
from tasks.generation.openai.request_errors import (
    READING_ERRORS,
    UNREAD,
    FailureAction,
    RequestFailure,
    classify_failure,
    redact_keys,
)
from tasks.generation.openai.request_runner import RetryPolicy, SendRequest
from tasks.generation.openai.server_identity import OPENAI, configured_server
from tasks.generation.openai.transport.bounded_http import BoundedClient, UnreadAnswer
from tasks.schemas.errors import WriterRefused
from tasks.schemas.messages import build_message
from tasks.store.stop_signals import send_nothing_more

T = TypeVar("T")
CONNECT_SECONDS = 20.0  # seconds to reach the server at all
UNSENT_ERROR_NAMES = {"ConnectError", "ConnectTimeout", "PoolTimeout"}


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


async def catch_failures(call: Awaitable[T], url: str, model: str) -> T | RequestFailure:
    """A call with its faults as values, whatever the server sent; an openai exception holds the
    request's headers, so none leaves here.
    """
    try:
        return await call
    except TimeoutError:
        told = build_message("no-whole-answer-in-time", server=url)
        return RequestFailure("timeout", "again", told)
    except openai.APITimeoutError as error:
        told = build_message("no-answer-in-time", server=url)
        return RequestFailure("timeout", "again", told, charged=_was_sent(error))
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, UnreadAnswer):
            course: FailureAction = "stop" if error.__cause__.leads_away else "again"
            return RequestFailure(UNREAD, course, error.__cause__.seen)
        why = redact_keys(str(error.__cause__ or error))
        told = build_message("connection-broke", server=url, why=why)
        return RequestFailure("connection", "again", told, charged=_was_sent(error))
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
        told = build_message("answer-illegible", server=url, error=type(error).__name__)
        return RequestFailure(UNREAD, "again", told)


def _was_sent(error: openai.APIConnectionError) -> bool:
    return type(error.__cause__).__name__ not in UNSENT_ERROR_NAMES
