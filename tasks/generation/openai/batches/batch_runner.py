"""Whole rounds through the server's batch API: half the price, hours of waiting, and a wait that
survives a crash.

A batch has a record in the ledger from before it is uploaded until its last answer is stored.
Whoever finds an
open record (after a crash, or in another process) waits for that batch instead of sending its
requests again.
"""

import asyncio
import json
import math
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import time
from typing import NamedTuple, Protocol

from tasks.generation.asking import AskRequests, RequestFactory
from tasks.generation.openai.batches.batch_records import (
    BatchRecord,
    build_request_line,
    load_records,
    parse_line,
    save_record,
)
from tasks.generation.openai.completions import read_completion
from tasks.generation.openai.empty_answers import EmptyAnswer, describe_empty
from tasks.generation.openai.replies import (
    NO_USAGE,
    HttpReply,
    build_response,
    is_empty,
    read_failure,
)
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_errors import RequestFailure, redact_keys
from tasks.generation.openai.request_runner import RequestRunner, build_budget_error
from tasks.generation.response_cache import StoredResponse
from tasks.schemas.errors import WriterRefused, WriterUnavailable
from tasks.schemas.messages import build_message

MAX_BATCH_REQUESTS, MAX_BATCH_BYTES = (
    20_000,
    100_000_000,
)  # of one batch; OpenAI takes 50,000 and 200 MB
BATCH_LOCK = "batch-desk"  # the lock under which batches are begun
FINAL_STATUSES = {"completed", "expired", "cancelled", "failed"}
NEVER_BEGUN = {
    "batch_expired",
    "batch_cancelled",
}  # what the server says of lines that it did not come to
METADATA_KEY = "book2lora"  # our name for the batch, in its metadata


class BatchState(NamedTuple):
    """A batch as the server tells it."""

    id: str
    status: str
    files: list[str]  # of answers and of errors, as far as there are any
    errors: list[tuple[str, str]]  # (code, message)
    mark: str


class BatchApi(Protocol):
    """Files and batches of a server; faults come as values."""

    async def upload_requests(self, content: bytes) -> str | RequestFailure: ...
    async def create_batch(self, file: str, mark: str) -> BatchState | RequestFailure: ...
    async def retrieve_batch(self, batch: str) -> BatchState | RequestFailure: ...
    async def list_recent_batches(self) -> list[BatchState] | RequestFailure: ...
    async def download_file(self, file: str) -> str | RequestFailure: ...


@dataclass
class BatchRunner:
    """The batches of one chapter's rounds."""

    request_runner: RequestRunner
    api: BatchApi
    unstored: dict[str, StoredResponse] = field(
        default_factory=dict
    )  # answers that are faults and so not stored
    uncharged: set[str] = field(
        default_factory=set
    )  # requests that the server surely did not work on
    texts: int = 0  # of the batch that is being read
    empties: list[EmptyAnswer] = field(default_factory=list)  # its answers without one

    async def answer_requests(
        self, all_words: Sequence[RequestFactory]
    ) -> AsyncIterator[StoredResponse | None]:
        """Answers in the order of the requests."""
        requests = [words() for words in all_words]
        await self._run_until_answered({r.key: r for r in requests})
        for request in requests:
            yield self.request_runner.cache.find_response(request.key) or self.unstored.get(
                request.key
            )

    async def _run_until_answered(self, wanted: dict[str, ChatRequest]) -> None:
        idle, before = 0, len(wanted) + 1
        while idle < self.request_runner.policy.attempts and not self.request_runner.is_stopped():
            missing = {
                key: r
                for key, r in wanted.items()
                if not self.request_runner.cache.find_response(key) and key not in self.unstored
            }
            if not missing:
                return
            idle = idle + 1 if len(missing) == before else 0
            before = len(missing)
            if idle:
                await asyncio.sleep(self.request_runner.compute_wait_seconds(idle, None))
            for record in await self._begin_batches(missing):
                await self._collect_answers(record, wanted)
        self.request_runner.stop_error = self.request_runner.stop_error or WriterUnavailable(
            build_message("batch-unanswered", server=self.request_runner.server, times=idle)
        )

    async def _begin_batches(self, missing: dict[str, ChatRequest]) -> list[BatchRecord]:
        """Records that together hold the missing requests: those under way, and one new for the
        rest.
        """
        ledger = self.request_runner.cache
        async with ledger.lock_request(BATCH_LOCK):
            under_way = [
                r
                for r in load_records(ledger)
                if not r.done and not missing.keys().isdisjoint(r.keys)
            ]
            begun = [r if r.id else await self._resume_record(r, missing) for r in under_way]
            rest = [key for key in missing if not any(key in r.keys for r in under_way)]
            size, first = 0, list[str]()
            for key in rest[:MAX_BATCH_REQUESTS]:
                size += len(
                    json.dumps(
                        self.request_runner.translate_body(missing[key].body), ensure_ascii=False
                    ).encode()
                )
                if first and size > MAX_BATCH_BYTES:
                    break
                first.append(key)
            if first:
                begun.append(
                    await self._send_batch(
                        BatchRecord(uuid.uuid4().hex[:16], first, since=time()), missing
                    )
                )
        return [record for record in begun if record and record.id]

    async def _resume_record(
        self, record: BatchRecord, missing: dict[str, ChatRequest]
    ) -> BatchRecord | None:
        """A record from before a crash: the server has the batch under its mark, or never
        got it.
        """
        states = await self.request_runner.call_with_retries(self.api.list_recent_batches)
        if states is None:
            return None
        if found := next((s for s in states if s.mark == record.mark), None):
            return save_record(self.request_runner.cache, record._replace(id=found.id))
        return await self._send_batch(
            record._replace(keys=[key for key in record.keys if key in missing], since=time()),
            missing,
        )

    async def _send_batch(
        self, record: BatchRecord, requests: dict[str, ChatRequest]
    ) -> BatchRecord | None:
        """Record, set money aside, upload, begin; what the budget does not hold stays out."""
        ledger = self.request_runner.cache
        save_record(ledger, record)
        holds = [key for key in record.keys if self._reserve_budget(requests[key])]
        if not holds:
            if all(
                r.done or r.mark == record.mark for r in load_records(ledger)
            ):  # nobody's change is to come
                self.request_runner.stop_error = build_budget_error(
                    ledger, self._compute_worst_price(requests[record.keys[0]])
                )
            save_record(ledger, record._replace(done=True))
            return None
        record = save_record(ledger, record._replace(keys=holds))
        await ledger.force()
        content = b"".join(
            build_request_line(key, self.request_runner.translate_body(requests[key].body))
            for key in record.keys
        )
        file = await self.request_runner.call_with_retries(
            lambda: self.api.upload_requests(content)
        )
        state = (
            await self.request_runner.call_with_retries(
                lambda: self.api.create_batch(file, record.mark)
            )
            if file
            else None
        )
        if state is None:
            return None
        self.request_runner.sent_count += len(record.keys)
        return save_record(ledger, record._replace(id=state.id))

    def _reserve_budget(self, request: ChatRequest) -> bool:
        worst = self._compute_worst_price(request)
        with self.request_runner.cache.lock_budget() as budget:
            held = any(c.key == request.key and not c.lost for c in budget.list_open_charges())
            return held or budget.reserve_usd(request.key, worst) is not None

    def _compute_worst_price(self, request: ChatRequest) -> float:
        return self.request_runner.compute_worst_price(request, batch=True)

    async def _collect_answers(self, record: BatchRecord, wanted: dict[str, ChatRequest]) -> None:
        """Wait for a batch and store its answers; doing it twice does no harm."""
        state = await self._wait_for_batch(record)
        if state is None:
            return
        for file in state.files:
            download = partial(self.api.download_file, file)
            text = await self.request_runner.call_with_retries(download)
            if text is None:
                return
            for line in filter(
                str.strip, text.split("\n")
            ):  # not splitlines: a text may hold other separators
                self._store_line(line, record, wanted)
        self._stop_without_texts(next((r.body["model"] for r in wanted.values()), ""))
        await self.request_runner.cache.sync_to_disk()
        if state.status == "failed" and not state.files:  # refused as a whole, before it began
            self.uncharged |= set(record.keys)
        await self._close_record(record)
        fatal = [
            message
            for code, message in state.errors
            if code not in ("token_limit_exceeded", "rate_limit_exceeded")
        ]
        if state.status == "failed" and fatal and not self.request_runner.stop_error:
            self.request_runner.stop_error = WriterRefused(
                build_message(
                    "batch-refused",
                    server=self.request_runner.server,
                    why=redact_keys("; ".join(fatal)),
                )
            )
        if state.status != "completed":
            self.request_runner.faults[f"batch {state.status}"] += 1

    async def _wait_for_batch(self, record: BatchRecord) -> BatchState | None:
        while time() - record.since < self.request_runner.policy.longest_batch:
            state = await self.request_runner.call_with_retries(
                lambda: self.api.retrieve_batch(record.id)
            )
            if state is None or state.status in FINAL_STATUSES:
                return state
            await asyncio.sleep(self.request_runner.policy.poll)
        self.request_runner.stop_error = WriterUnavailable(
            build_message(
                "batch-not-ended",
                batch=record.id,
                hours=round(self.request_runner.policy.longest_batch / 3600),
            )
        )
        return None

    def _store_line(self, line: str, record: BatchRecord, wanted: dict[str, ChatRequest]) -> None:
        """One line of an answer or error file; a name that we did not send names no file here
        either.
        """
        entry, ledger = parse_line(line), self.request_runner.cache
        key, reply = str(entry.get("custom_id")), entry.get("response") or {}
        if key not in record.keys:
            self.request_runner.faults["stray answer"] += 1
            return
        request = wanted.get(key) or ChatRequest({"model": ""}, key, NO_USAGE)
        body = json.dumps(reply.get("body"), ensure_ascii=False)
        if reply.get("status_code") == 200:
            if response := build_response(request, body, ledger, batch=True):
                ledger.save_response(response)
            else:
                ledger.save_broken_body(key, body)
                self.request_runner.faults["broken body"] += 1
            self._note_text(request, body, response)
            return
        if (entry.get("error") or {}).get("code") in NEVER_BEGUN:
            self.uncharged.add(key)
        if reply:
            fault = read_failure(
                HttpReply(reply.get("status_code") or 500, {}, body),
                str(request.body["model"]),
                self.request_runner.server,
            )
            self.request_runner.faults[fault.name] += 1
            self.uncharged |= set() if fault.charged else {key}
            if (
                fault.action != "again"
                and not self.request_runner.learn_dialect(fault, request)
                and (given_up := self.request_runner.give_up_request(request, fault))
            ):
                self.unstored[key] = given_up

    def _note_text(self, request: ChatRequest, body: str, response: StoredResponse | None) -> None:
        envelope = read_completion(body)
        if envelope and not is_empty(envelope):
            self.texts += 1
            return
        runner = self.request_runner
        paid = response.cost_usd if response else runner.settle_unread(request, body, batch=True)
        usd = self._compute_worst_price(request) if paid is None else paid
        self.empties.append(EmptyAnswer(describe_empty(body), usd, paid is not None))

    def _stop_without_texts(self, model: str) -> None:
        """A batch without any text is one sight of as many answers: the next would be no better."""
        breaker, server = self.request_runner.breaker, self.request_runner.server
        for answer in () if self.texts else self.empties:
            breaker.note_empty(answer, math.inf, server, model)
        self.texts, self.empties = 0, []

    async def _close_record(self, record: BatchRecord) -> None:
        """Free what was proved not to be charged; the rest without an answer may have been. Once
        only: later it is the next batch's money.
        """
        async with self.request_runner.cache.lock_request(BATCH_LOCK):
            if not any(
                r.mark == record.mark and r.done for r in load_records(self.request_runner.cache)
            ):
                self._free_uncharged(record)
                save_record(self.request_runner.cache, record._replace(done=True))

    def _free_uncharged(self, record: BatchRecord) -> None:
        with self.request_runner.cache.lock_budget() as budget:
            keys = set(record.keys)
            for charge in [c for c in budget.list_open_charges() if c.key in keys and not c.lost]:
                if charge.key in self.uncharged:
                    budget.free_charge(charge)
                else:
                    budget.mark_lost(charge.key)


def build_batch_asker(exchange: RequestRunner, post: BatchApi) -> AskRequests:
    """Ask in batches."""
    return BatchRunner(exchange, post).answer_requests
