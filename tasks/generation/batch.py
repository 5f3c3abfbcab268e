"""Whole rounds through the server's batch API: half the price, hours of waiting, and a wait that survives a crash.

A batch has a record in the ledger from before it is uploaded until its last answer is stored. Whoever finds an
open record (after a crash, or in another process) waits for that batch instead of sending its requests again.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Any, NamedTuple, Protocol

from tasks.errors import WriterRefused, WriterUnavailable
from tasks.generation.exchange import Exchange, spent_out
from tasks.generation.faults import Fault, scrub
from tasks.generation.ledger import Ledger, Response
from tasks.generation.replies import NOTHING, Reply, fault_of, response_of
from tasks.generation.requests import Request
from tasks.generation.rounds import Ask, Words
from tasks.store import write_whole

MOST_REQUESTS, MOST_BYTES = 20_000, 100_000_000  # of one batch; OpenAI takes 50,000 and 200 MB
DESK = "batch-desk"  # the lock under which batches are begun
FINAL = {"completed", "expired", "cancelled", "failed"}
NEVER_BEGUN = {"batch_expired", "batch_cancelled"}  # what the server says of lines that it did not come to
MARK = "book2lora"  # our name for the batch, in its metadata


class State(NamedTuple):
    """A batch as the server tells it."""

    id: str
    status: str
    files: list[str]  # of answers and of errors, as far as there are any
    errors: list[tuple[str, str]]  # (code, message)
    mark: str


class Post(Protocol):
    """Files and batches of a server; faults come as values."""

    async def upload(self, content: bytes) -> str | Fault: ...
    async def create(self, file: str, mark: str) -> State | Fault: ...
    async def retrieve(self, batch: str) -> State | Fault: ...
    async def recent(self) -> list[State] | Fault: ...
    async def content(self, file: str) -> str | Fault: ...


class Record(NamedTuple):
    """What the ledger knows of a batch; without an id it was not begun for certain."""

    mark: str
    keys: list[str]
    id: str = ""
    done: bool = False
    since: float = 0.0  # seconds since 1970, to give up a batch that never ends


@dataclass
class Batches:
    """The batches of one chapter's rounds."""

    exchange: Exchange
    post: Post
    passing: dict[str, Response] = field(default_factory=dict)  # answers that are faults and so not stored
    uncharged: set[str] = field(default_factory=set)  # requests that the server surely did not work on

    async def ask(self, all_words: Sequence[Words]) -> AsyncIterator[Response | None]:
        """Answers in the order of the requests."""
        requests = [words() for words in all_words]
        await self._until_answered({r.key: r for r in requests})
        for request in requests:
            yield self.exchange.ledger.find(request.key) or self.passing.get(request.key)

    async def _until_answered(self, wanted: dict[str, Request]) -> None:
        idle, before = 0, len(wanted) + 1
        while idle < self.exchange.patience.attempts and not self.exchange.stop:
            missing = {key: r for key, r in wanted.items() if not self.exchange.ledger.find(key) and key not in self.passing}
            if not missing:
                return
            idle = idle + 1 if len(missing) == before else 0
            before = len(missing)
            if idle:
                await asyncio.sleep(self.exchange.wait(idle, None))
            for record in await self._begin(missing):
                await self._collect(record, wanted)
        self.exchange.stop = self.exchange.stop or WriterUnavailable(
            f"{self.exchange.server} left requests of a batch unanswered {idle} times. Run again later."
        )

    async def _begin(self, missing: dict[str, Request]) -> list[Record]:
        """Records that together hold the missing requests: those under way, and one new for the rest."""
        ledger = self.exchange.ledger
        async with ledger.hold(DESK):
            under_way = [r for r in records(ledger) if not r.done and not missing.keys().isdisjoint(r.keys)]
            begun = [r if r.id else await self._again(r, missing) for r in under_way]
            rest = [key for key in missing if not any(key in r.keys for r in under_way)]
            size, first = 0, list[str]()
            for key in rest[:MOST_REQUESTS]:
                size += len(json.dumps(self.exchange.wire(missing[key].body), ensure_ascii=False).encode())
                if first and size > MOST_BYTES:
                    break
                first.append(key)
            if first:
                begun.append(await self._send(Record(uuid.uuid4().hex[:16], first, since=time()), missing))
        return [record for record in begun if record and record.id]

    async def _again(self, record: Record, missing: dict[str, Request]) -> Record | None:
        """A record from before a crash: the server has the batch under its mark, or never got it."""
        states = await self.exchange.steady(self.post.recent)
        if states is None:
            return None
        if found := next((s for s in states if s.mark == record.mark), None):
            return write(self.exchange.ledger, record._replace(id=found.id))
        return await self._send(record._replace(keys=[key for key in record.keys if key in missing], since=time()), missing)

    async def _send(self, record: Record, requests: dict[str, Request]) -> Record | None:
        """Record, set money aside, upload, begin; what the budget does not hold stays out."""
        ledger = self.exchange.ledger
        write(ledger, record)
        holds = [key for key in record.keys if self._set_aside(requests[key])]
        if not holds:
            if all(r.done or r.mark == record.mark for r in records(ledger)):  # nobody's change is to come
                self.exchange.stop = spent_out(ledger, self._worst(requests[record.keys[0]]))
            write(ledger, record._replace(done=True))
            return None
        record = write(ledger, record._replace(keys=holds))
        await ledger.force()
        content = b"".join(_line(key, self.exchange.wire(requests[key].body)) for key in record.keys)
        file = await self.exchange.steady(lambda: self.post.upload(content))
        state = await self.exchange.steady(lambda: self.post.create(file, record.mark)) if file else None
        if state is None:
            return None
        self.exchange.sent += len(record.keys)
        return write(ledger, record._replace(id=state.id))

    def _set_aside(self, request: Request) -> bool:
        worst = self._worst(request)
        with self.exchange.ledger.purse() as budget:
            held = any(c.key == request.key and not c.lost for c in budget.unsettled())
            return held or budget.reserve(request.key, worst) is not None

    def _worst(self, request: Request) -> float:
        return self.exchange.worst(request, batch=True)

    async def _collect(self, record: Record, wanted: dict[str, Request]) -> None:
        """Wait for a batch and store its answers; doing it twice does no harm."""
        state = await self._final(record)
        if state is None:
            return
        for file in state.files:
            text = await self.exchange.steady(lambda name=file: self.post.content(name))  # type: ignore[misc]
            if text is None:
                return
            for line in filter(str.strip, text.split("\n")):  # not splitlines: a text may hold other separators
                self._take(line, record, wanted)
        await self.exchange.ledger.sync()
        if state.status == "failed" and not state.files:  # refused as a whole, before it began
            self.uncharged |= set(record.keys)
        await self._close(record)
        fatal = [message for code, message in state.errors if code not in ("token_limit_exceeded", "rate_limit_exceeded")]
        if state.status == "failed" and fatal and not self.exchange.stop:
            self.exchange.stop = WriterRefused(
                f"{self.exchange.server} refused the batch: {scrub('; '.join(fatal))} See `book2lora check`."
            )
        if state.status != "completed":
            self.exchange.faults[f"batch {state.status}"] += 1

    async def _final(self, record: Record) -> State | None:
        while time() - record.since < self.exchange.patience.longest_batch:
            state = await self.exchange.steady(lambda: self.post.retrieve(record.id))
            if state is None or state.status in FINAL:
                return state
            await asyncio.sleep(self.exchange.patience.poll)
        self.exchange.stop = WriterUnavailable(
            f"batch {record.id} has not ended after {self.exchange.patience.longest_batch / 3600:.0f} hours."
        )
        return None

    def _take(self, line: str, record: Record, wanted: dict[str, Request]) -> None:
        """One line of an answer or error file; a name that we did not send names no file here either."""
        entry, ledger = _entry(line), self.exchange.ledger
        key, reply = str(entry.get("custom_id")), entry.get("response") or {}
        if key not in record.keys:
            self.exchange.faults["stray answer"] += 1
            return
        request = wanted.get(key) or Request({"model": ""}, key, NOTHING)
        body = json.dumps(reply.get("body"), ensure_ascii=False)
        if reply.get("status_code") == 200:
            if response := response_of(request, body, ledger, batch=True):
                ledger.keep(response)
            else:
                ledger.keep_broken(key, body)
                self.exchange.faults["broken body"] += 1
            return
        if (entry.get("error") or {}).get("code") in NEVER_BEGUN:
            self.uncharged.add(key)
        if reply:
            fault = fault_of(Reply(reply.get("status_code") or 500, {}, body), str(request.body["model"]), self.exchange.server)
            self.exchange.faults[fault.name] += 1
            self.uncharged |= set() if fault.charged else {key}
            if fault.course != "again" and not self.exchange.adapt(fault, request) and (given_up := self.exchange.give_up(request, fault)):
                self.passing[key] = given_up

    async def _close(self, record: Record) -> None:
        """Free what was proved not to be charged; the rest without an answer may have been. Once only: later it is the next batch's money."""
        async with self.exchange.ledger.hold(DESK):
            if not any(r.mark == record.mark and r.done for r in records(self.exchange.ledger)):
                self._free_uncharged(record)
                write(self.exchange.ledger, record._replace(done=True))

    def _free_uncharged(self, record: Record) -> None:
        with self.exchange.ledger.purse() as budget:
            keys = set(record.keys)
            for charge in [c for c in budget.unsettled() if c.key in keys and not c.lost]:
                if charge.key in self.uncharged:
                    budget.free(charge)
                else:
                    budget.lose(charge.key)


def asker(exchange: Exchange, post: Post) -> Ask:
    """Ask in batches."""
    return Batches(exchange, post).ask


def records(ledger: Ledger) -> list[Record]:
    """All batches that the ledger knows of."""
    return [Record(**json.loads(file.read_text("utf-8"))) for file in sorted((ledger.folder / "batches").glob("*.json"))]


def write(ledger: Ledger, record: Record) -> Record:
    """Put a record on disk."""
    write_whole(ledger.folder / "batches" / f"{record.mark}.json", json.dumps(record._asdict()).encode())
    return record


def _line(key: str, body: dict[str, Any]) -> bytes:
    line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
