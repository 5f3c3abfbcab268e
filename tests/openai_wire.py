"""The wire of the test server: HTTP/1.1 on loopback with kept connections, bodies that can be cut, rate-limit headers."""

import asyncio
import gzip
import json
import time
import zlib
from functools import cache
from typing import Any


@cache
def packed_gigabyte() -> bytes:
    """A gigabyte of zeros, packed into a megabyte."""
    pack = zlib.compressobj(wbits=31)
    return b"".join(pack.compress(bytes(2**20)) for _ in range(1024)) + pack.flush()


class Wire:
    """Reads requests, writes answers; `handle` says what."""

    remaining: int | None = None  # requests a second that are allowed and told in the headers
    dialects: tuple[str, ...] = ()
    under_way = 0
    most_under_way = 0
    window: tuple[int, int] = (0, 0)  # (second, requests in it)

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; false closes the connection."""
        raise NotImplementedError

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests of one connection, one after another."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                method, path, _ = lines[0].split(" ", 2)
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    goes_on = await self.handle(method, path.partition("?")[0], headers, body, reader, writer)
                finally:
                    self.under_way -= 1
                if not goes_on:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def error(
        self, writer: asyncio.StreamWriter, status: int, message: str, code: str, param: str = "", headers: dict[str, str] | None = None
    ) -> bool:
        """An error object as OpenAI words it."""
        error = {"message": message, "type": code or "error", "code": code or None, "param": param or None}
        return await self.reply(writer, status, {"error": error}, headers)

    async def reply(self, writer: asyncio.StreamWriter, status: int, answer: Any, headers: dict[str, str] | None = None) -> bool:
        """A whole answer: JSON, or the bytes of a file."""
        content = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
        return await self.send(writer, status, content, headers)

    async def send(
        self, writer: asyncio.StreamWriter, status: int, content: bytes, headers: dict[str, str] | None = None, cut: bool = False
    ) -> bool:
        """Bytes on the wire, or half of them."""
        told = {"Content-Type": "application/json", "Content-Length": str(len(content)), "x-request-id": "req-test"}
        told |= self.allowance() | (headers or {})
        if "gzip" in self.dialects and not cut:
            content = gzip.compress(content)
            told |= {"Content-Encoding": "gzip", "Content-Length": str(len(content))}
        head = f"HTTP/1.1 {status} OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items()) + "\r\n"
        if "bomb" in self.dialects:
            return await self.flood(writer, packed_gigabyte())
        if "endless" in self.dialects:
            return await self.flood(writer, None)
        try:
            writer.write(head.encode())
            if "trickle" in self.dialects and status == 200:
                for at in range(len(content)):
                    writer.write(content[at : at + 1])
                    await writer.drain()
                    await asyncio.sleep(0.05)
            else:
                writer.write(content[: len(content) // 2 if cut else None])
            await writer.drain()
        except ConnectionError:
            return False
        return True

    async def flood(self, writer: asyncio.StreamWriter, packed: bytes | None) -> bool:
        """A gzip body that unpacks to a gigabyte, or one that never ends."""
        how = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}" if packed else "Transfer-Encoding: chunked"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{how}\r\n\r\n".encode())
        try:
            if packed:
                writer.write(packed)
            while not packed:
                writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                await writer.drain()
            await writer.drain()
        except ConnectionError:
            return False
        return False

    def allowance(self) -> dict[str, str]:
        """Rate-limit headers: so many requests a second."""
        if self.remaining is None:
            return {}
        left = max(0, self.remaining - self.window[1])
        return {
            "x-ratelimit-limit-requests": str(self.remaining),
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": "1s",
        }

    def is_over(self) -> bool:
        """Count a request; whether it is one too many in this second."""
        second, used = self.window
        now = int(time.time())
        self.window = (now, used + 1 if now == second else 1)
        return self.remaining is not None and self.window[1] > self.remaining
