"""How requests are put to a server: many at once, their answers in the order of the requests."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_runner import RequestRunner
from tasks.generation.response_cache import StoredResponse

MAX_REQUESTS_AHEAD = (
    512  # requests that may be worded and under way before the oldest of them is judged
)
SYNC_SECONDS = 1.0  # seconds of answers that a power cut may take; a kill takes none

RequestFactory = Callable[[], ChatRequest]
AskRequests = Callable[[Sequence[RequestFactory]], AsyncIterator[StoredResponse | None]]


def build_live_asker(exchange: RequestRunner, concurrency: int) -> AskRequests:
    """Ask many at once and give the answers in the order of the requests."""
    slots = asyncio.Semaphore(concurrency)

    async def answer_one(words: RequestFactory) -> StoredResponse | None:
        async with slots:
            return await exchange.answer_request(words())

    async def sync_answer(answer: asyncio.Task[StoredResponse | None]) -> StoredResponse | None:
        response = await answer
        await exchange.cache.sync_to_disk(
            every=SYNC_SECONDS
        )  # here, where no request waits for the disk
        return response

    async def ask_requests(
        all_words: Sequence[RequestFactory],
    ) -> AsyncIterator[StoredResponse | None]:
        under_way: deque[asyncio.Task[StoredResponse | None]] = deque()
        try:
            for words in all_words:
                under_way.append(asyncio.create_task(answer_one(words)))
                if len(under_way) >= MAX_REQUESTS_AHEAD:
                    yield await sync_answer(under_way.popleft())
            while under_way:
                yield await sync_answer(under_way.popleft())
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await exchange.cache.sync_to_disk()  # before anything that was made of them is kept

    return ask_requests
