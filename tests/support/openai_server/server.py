"""An OpenAI-compatible server on loopback that answers from what it is sent, and fails as it is told to.

    python tests/support/openai_server/server.py --port 0 --faults storm --log requests.jsonl
    export OPENAI_BASE_URL=…(the address it prints) OPENAI_API_KEY=sk-test

Faults: `none`, `storm` (30 % of the answers, all kinds), or a list such as `429:0.2,cut,false_quote:0.1`; each request's
fate is drawn from its hash and attempt, so it does not depend on time. Tests use `with serving(faults=…) as server:`.
"""

import argparse
import asyncio
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[3])]

from support.openai_server.batches import BatchStore  # noqa: E402
from support.openai_server.dialects import render_completion  # noqa: E402
from support.openai_server.fault_orders import (  # noqa: E402
    CANNED,
    REFUSED,
    SAID,
    WIRE,
    build_wait_headers,
    compute_price,
    find_refusal,
    parse_faults,
)
from support.openai_server.http_wire import HttpWire, packed_gigabyte  # noqa: E402
from support.openai_server.item_replies import build_reply  # noqa: E402

from flows.cli.demo.demo_items import count_tokens, extract_texts, hash_request  # noqa: E402
from flows.cli.demo.demo_readings import is_reading  # noqa: E402


@dataclass
class OpenAIServer(HttpWire):
    """The server's orders and its memory."""

    faults: str = "none"
    log: Path | None = None
    latency: float = 0.0
    lacks: tuple[
        str, ...
    ] = ()  # schema, json, array bounds, system role, one piece (an answer not streamed), file, stream_options, max_tokens, temperature, batches, models, bare (paths without /v1)
    ignores: tuple[str, ...] = ()  # takes the wish for schema, json and does not fulfil it
    told: dict[str, Any] = field(default_factory=dict)  # more about each model in their list
    models: tuple[str, ...] = ("gpt-4o", "gpt-4o-mini")
    remaining: int | None = None  # requests a second that the rate-limit headers allow
    hang: float = 30.0
    context: int = 0  # tokens to which prompts are cut without a word, as Ollama does; 0: not cut
    slots: int = 0  # requests worked on at once, each for `latency` seconds; the rest waits. 0: all
    dialects: tuple[str, ...] = ()  # openai_dialects.WORDINGS, stream, empty, gzip, trickle
    dialect_attempts: int = 1_000_000  # of each request, that are answered so
    canned: bool = (
        False  # the same ten items for every request: costs the machine nothing, for benchmarks
    )
    replays: bool = (
        False  # answer a repeated Idempotency-Key from memory, uncharged, as a careful proxy does
    )
    sends_on: tuple[int, str] | None = None  # redirect status and the address that it leads to
    reads: str = "honestly"  # or as item_replies.spoil_reading knows: nonsense, all_right, …
    url: str = ""
    entries: list[dict[str, Any]] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    last_user: str = ""
    last_body: dict[str, Any] = field(default_factory=dict)
    given: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rates = parse_faults(self.faults)
        self.batches = BatchStore(self)
        self.working = asyncio.Semaphore(self.slots) if self.slots else None
        if "bomb" in self.dialects:
            packed_gigabyte()  # takes seconds, the first time

    def log_request(self, **entry: Any) -> None:
        """One line in the log."""
        self.entries.append(entry)
        if self.log:
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def list_answered(self) -> list[str]:
        """The hashes of all requests that were answered in full, in order."""
        return [e["hash"] for e in self.entries if e.get("answered")]

    def compute_bill(self) -> float:
        """Dollars for everything that was generated, delivered or not."""
        return sum(e.get("usd", 0.0) for e in self.entries)

    def draw_fault(self, key: str, attempt: int) -> str:
        """The fault that a request meets; what the model says does not change from attempt to attempt."""
        for names, seed in (
            (SAID, key),
            (
                (*WIRE, *REFUSED, *filter(lambda name: name.startswith("billed_"), self.rates)),
                f"{key}/{attempt}",
            ),
        ):
            place = random.Random(seed).random()
            for name in names:
                place -= self.rates.get(name, 0.0)
                if place < 0:
                    return name
        return ""

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer one request; false closes the connection."""
        if "bare" in self.lacks and not path.startswith("/v1/"):
            return await self.send_reply(writer, 404, {"detail": "Not Found"})
        if self.sends_on and not path.startswith("/moved"):
            status, there = self.sends_on
            return await self.send_bytes(
                writer, status, b"", {"Location": there + path.removeprefix("/v1")}
            )
        path = path.removeprefix("/moved").removeprefix("/v1")
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if "refused" in key:
            return await self.send_error(
                writer, 401, f"Incorrect API key provided: {key}.", "invalid_api_key"
            )
        if path == "/chat/completions" and method == "POST":
            return await self.answer_chat(json.loads(body), headers, reader, writer)
        if path == "/models" and "list of models" in self.lacks:
            return await self.send_fault(writer, "500", "")
        if path.startswith("/models") and "models" not in self.lacks:
            found = [
                {"id": m, "object": "model", "created": 0, "owned_by": "tests", **self.told}
                for m in self.models
            ]
            if path == "/models":
                return await self.send_reply(writer, 200, {"object": "list", "data": found})
            one = next((m for m in found if path.endswith("/" + m["id"])), None)
            return await (
                self.send_reply(writer, 200, one)
                if one
                else self.send_error(writer, 404, "no such model", "model_not_found")
            )
        if path.startswith(("/files", "/batches")) and "batches" not in self.lacks:
            status, answer = self.batches.handle_request(method, path, headers, body)
            return await self.send_reply(writer, status, answer)
        return await self.send_error(
            writer, 404, f"Unknown request URL: {method} {path}", "unknown_url"
        )

    async def answer_chat(
        self,
        request: dict[str, Any],
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """A chat completion, after the fate that was drawn for it."""
        key, self.last_body = hash_request(request), request
        attempt, fate = self.attempts[key], self.draw_fault(key, self.attempts[key])
        self.attempts[key] += 1
        entry: dict[str, Any] = {
            "hash": key,
            "attempt": attempt,
            "fault": fate,
            "at": round(time.time(), 3),
            "answered": False,
        }
        entry["reads"] = is_reading(request)
        if entry["reads"] and self.reads == "not_at_all":
            self.log_request(**entry, status=429)
            return await self.send_fault(writer, "insufficient_quota", key)
        if refusal := find_refusal(request, self.models, self.lacks):
            self.log_request(**entry, status=400)
            return await self.send_error(writer, 400, *refusal)
        if self.is_over_rate():
            self.log_request(**entry, status=429, limit=True)
            return await self.send_fault(writer, "429", key)
        async with self.working or nullcontext():
            await asyncio.sleep(self.latency)
        if reader.at_eof():
            self.log_request(**entry, status=0, gone=True)
            return False
        if fate in ("429", "429_wait", "500", "503", *REFUSED[1:]):
            self.log_request(**entry, status=int(fate[:3]) if fate[:3].isdigit() else 400)
            return await self.send_fault(writer, fate, key)
        if fate in ("drop", "timeout"):
            self.log_request(**entry, status=0)
            await asyncio.sleep(self.hang if fate == "timeout" else 0)
            return False
        if self.replays and (known := self.given.get(headers.get("idempotency-key", ""))):
            self.log_request(**entry, status=200, replayed=True)
            return await self.send_bytes(writer, 200, known)
        answer, usage = self.build_completion(request, fate)
        if fate.startswith("billed_"):  # the gateway fails, the model behind it has written
            self.log_request(
                **entry
                | {"status": int(fate[7:]), "usd": compute_price(usage, request["model"]), **usage}
            )
            return await self.send_bytes(writer, int(fate[7:]), b"<html>gateway</html>")
        entry |= {
            "status": 200,
            "usd": compute_price(usage, request["model"]),
            **usage,
            "answered": fate not in ("cut", "html", "cut_body"),
        }
        wording = self.dialects if attempt < self.dialect_attempts else ()
        text = render_completion(
            answer, (*wording, *(("stream",) if request.get("stream") else ()))
        )
        if self.replays and entry["answered"]:
            self.given[headers["idempotency-key"]] = text.encode()
        content = {"html": "<html>Bad gateway</html>", "cut_body": text[: len(text) // 2]}.get(
            fate, text
        ).encode()
        sent = await self.send_bytes(writer, 200, content, cut=fate == "cut")
        self.log_request(**{**entry, "answered": entry["answered"] and sent})
        return sent and fate != "cut"

    def build_completion(
        self, request: dict[str, Any], fate: str
    ) -> tuple[dict[str, Any], dict[str, int]]:
        """The completion object and its usage; the prompt's cached part is what stood there before."""
        text, finish = (
            (CANNED, "stop")
            if self.canned
            else build_reply(request, fate if fate in SAID else "", self.ignores, self.reads)
        )
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if fate == "refusal":
            message |= {"content": None, "refusal": "I'm sorry, I can't help with that."}
        system, self.last_user = ("", "x" * 12_000) if self.canned else extract_texts(request)
        prompt = system + self.last_user
        usage = {
            "tokens_in": min(count_tokens(prompt), self.context or sys.maxsize),
            "tokens_cached": 0,
            "tokens_out": count_tokens(text),
        }
        told = {
            "prompt_tokens": usage["tokens_in"],
            "completion_tokens": usage["tokens_out"],
            "total_tokens": usage["tokens_in"] + usage["tokens_out"],
            "prompt_tokens_details": {"cached_tokens": 0},
        }
        whole = {
            "id": "chatcmpl-" + hash_request(request),
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [
                {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
            ],
        }
        return (whole if fate == "no_usage" else whole | {"usage": told}), usage

    async def send_fault(self, writer: asyncio.StreamWriter, fate: str, key: str) -> bool:
        """An error reply by name."""
        if fate == "insufficient_quota":
            return await self.send_error(
                writer,
                429,
                "You exceeded your current quota, please check your plan.",
                "insufficient_quota",
            )
        if fate == "too_long":
            return await self.send_error(
                writer,
                400,
                "This model's maximum context length is 128 tokens.",
                "context_length_exceeded",
            )
        if fate == "429_large":
            return await self.send_error(
                writer,
                429,
                "Request too large for gpt-4o on tokens per min (TPM): Limit 10, Requested 99.",
                "tokens",
            )
        if fate == "413":
            return await self.send_bytes(writer, 413, b"<html>413 Request Entity Too Large</html>")
        said = (
            f"Rate limit reached: {fate}." if fate.startswith("429") else f"The server says {fate}."
        )
        return await self.send_error(
            writer, int(fate[:3]), said, "", headers=build_wait_headers(fate)
        )


async def serve_forever(
    server: OpenAIServer, port: int, ready: threading.Event | None = None
) -> None:
    """Listen until cancelled."""
    listening = await asyncio.start_server(server.serve_connection, "127.0.0.1", port, limit=2**26)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    if ready:
        ready.set()
    else:
        print(server.url, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        listening.close()


@contextmanager
def start_server(port: int = 0, **orders: Any) -> Iterator[OpenAIServer]:
    """A server in a thread of its own."""
    server, ready = OpenAIServer(**orders), threading.Event()
    running: list[asyncio.Task[None]] = []

    async def run_until_cancelled() -> None:
        running.append(asyncio.create_task(serve_forever(server, port, ready)))
        with suppress(asyncio.CancelledError):
            await running[0]

    thread = threading.Thread(target=asyncio.run, args=(run_until_cancelled(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        running[0].get_loop().call_soon_threadsafe(running[0].cancel)
        thread.join(10)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", default="none")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument(
        "--lacks",
        default="",
        help="what the server does not know: schema,json,max_tokens,temperature,batches,models",
    )
    parser.add_argument(
        "--remaining", type=int, help="requests a second that the rate-limit headers allow"
    )
    parser.add_argument("--models", default="gpt-4o,gpt-4o-mini")
    parser.add_argument(
        "--canned", action="store_true", help="the same ten items for every request"
    )
    parser.add_argument(
        "--replays",
        action="store_true",
        help="answer a repeated Idempotency-Key from memory, uncharged",
    )
    orders = vars(parser.parse_args())
    orders |= {name: tuple(filter(None, orders[name].split(","))) for name in ("lacks", "models")}
    port = orders.pop("port")
    asyncio.run(serve_forever(OpenAIServer(**orders), port))


if __name__ == "__main__":
    main()
