"""Files and batches of a server by the `openai` package."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import openai
from openai.types import Batch

from tasks.generation.openai.batches.batch_runner import METADATA_KEY, BatchState
from tasks.generation.openai.request_errors import RequestFailure
from tasks.generation.openai.transport.server_calls import call_with_v1_fallback
from tasks.schemas.messages import build_message

T = TypeVar("T")


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

    async def create_batch(self, file: str, mark: str) -> BatchState | RequestFailure:
        endpoint, window, data = "/v1/chat/completions", "24h", {METADATA_KEY: mark}
        order = {
            "input_file_id": file,
            "endpoint": endpoint,
            "completion_window": window,
            "metadata": data,
        }
        return await self._call_batch_api(
            lambda: _convert_batch(self.client.batches.create(**order))  # type: ignore[arg-type]
        )

    async def retrieve_batch(self, name: str) -> BatchState | RequestFailure:
        return await self._call_batch_api(
            lambda: _convert_batch(self.client.batches.retrieve(name))
        )

    async def list_recent_batches(self) -> list[BatchState] | RequestFailure:
        return await self._call_batch_api(lambda: _fetch_batch_page(self.client))

    async def download_file(self, file: str) -> str | RequestFailure:
        made = await self._call_batch_api(lambda: self.client.files.content(file))
        return made if isinstance(made, RequestFailure) else made.content.decode("utf-8", "replace")

    async def _call_batch_api(self, call: Callable[[], Awaitable[T]]) -> T | RequestFailure:
        outcome = await call_with_v1_fallback(self.client, call, self.url, "")
        if isinstance(outcome, RequestFailure) and outcome.name == "404":
            return outcome._replace(message=build_message("no-batches-at-server", server=self.url))
        return outcome


async def _fetch_batch_page(client: openai.AsyncOpenAI) -> list[BatchState]:
    return [_convert_batch_or_failure(one) for one in (await client.batches.list(limit=100)).data]


async def _convert_batch(call: Awaitable[Batch]) -> BatchState:
    return _convert_batch_or_failure(await call)


def _convert_batch_or_failure(made: Batch) -> BatchState:
    files = [file for file in (made.output_file_id, made.error_file_id) if file]
    errors = [
        (str(e.code), str(e.message))
        for e in (made.errors.data if made.errors and made.errors.data else [])
    ]
    return BatchState(
        made.id,
        made.status,
        files,
        errors,
        (made.metadata or {}).get(METADATA_KEY, ""),
    )
