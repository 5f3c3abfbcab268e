"""An HTTP client for servers that nobody vouches for: bounded bodies before and after
decompression, no way to another origin.
"""

import asyncio
import zlib
from collections.abc import Callable
from typing import Any

import httpx2  # the openai package's own HTTP package
import openai

from tasks.generation.openai.request_errors import redact_keys
from tasks.schemas.errors import describe_part
from tasks.schemas.messages import Message, build_message

ANSWER = 16 * 2**20  # bytes; 4,096 tokens are at most 30 kB, and 100,000 of reasoning 500 kB
FILE = 256 * 2**20  # bytes of a batch's answers: 20,000 of 12 kB
REDIRECTS = 3  # within the server


class UnreadAnswer(httpx2.RequestError):
    """An answer that is not read to its end; the server may have charged for it."""

    leads_away = False

    def __init__(self, seen: Message, **options: Any) -> None:
        super().__init__(describe_part(seen), **options)
        self.seen = seen


class LedAway(UnreadAnswer):
    """A redirect to another server, which would be given the book and the key's organization."""

    leads_away = True


class BoundedClient(openai.DefaultAsyncHttpxClient):
    """`send` gives whole, decompressed responses only; raises UnreadAnswer or TimeoutError."""

    def __init__(self, seconds: float) -> None:
        super().__init__(follow_redirects=False)
        self.seconds = seconds

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "gzip, deflate"
        bare = options | {"stream": True, "follow_redirects": False}
        response = await super().send(request, **bare)
        try:
            for _ in range(REDIRECTS):
                if response.next_request is None:
                    break
                onward = _within_server(request, response.next_request)
                await response.aclose()
                response = await super().send(onward, **bare)
            return await _read_whole(
                response, FILE if request.url.path.endswith("/content") else ANSWER, self.seconds
            )
        finally:
            await response.aclose()


def _within_server(request: httpx2.Request, onward: httpx2.Request) -> httpx2.Request:
    here, there = request.url, onward.url
    if (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port):
        if onward.method != request.method:  # 301 to 303: its answer proves nothing about ours
            raise UnreadAnswer(build_message("seen-redirect"))
        return onward
    raise LedAway(
        build_message(
            "server-leads-away",
            server=f"{here.scheme}://{here.netloc.decode('ascii', 'replace')}",
            other=redact_keys(f"{there.scheme}://{there.host[:100]}"),
        ),
        request=request,
    )


async def _read_whole(response: httpx2.Response, most: int, seconds: float) -> httpx2.Response:
    body, came = bytearray(), 0
    decode = _decoder(response.headers.get("content-encoding", ""), most)
    try:
        async with asyncio.timeout(
            seconds
        ):  # the client's own time begins anew with each byte that trickles in
            async for chunk in response.aiter_raw():
                came += len(chunk)
                body += decode(chunk)
                if max(came, len(body)) > most:
                    raise UnreadAnswer(build_message("seen-huge-body", mebibytes=most // 2**20))
    except (zlib.error, EOFError) as error:
        raise UnreadAnswer(
            build_message("seen-bad-compression", why=redact_keys(str(error)))
        ) from None
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in ("content-encoding", "content-length")
    ]
    return httpx2.Response(
        response.status_code, headers=headers, content=bytes(body), request=response.request
    )


def _decoder(encoding: str, most: int) -> Callable[[bytes], bytes]:
    """Decompresses piece by piece, each piece to one byte more than the budget at most."""
    if encoding.lower().strip() in ("", "identity"):
        return bytes
    if encoding.lower().strip() not in ("gzip", "x-gzip", "deflate"):
        raise UnreadAnswer(build_message("seen-encoding", encoding=redact_keys(encoding)[:40]))
    unpack = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib by its header
    return lambda chunk: unpack.decompress(chunk, most + 1)
