"""One request at the server until it is answered: ledger first, money set aside, attempts bounded,
faults sorted.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from tasks.generation.budget import Charge, compute_price
from tasks.generation.openai.completions import find_error_status, read_completion, usage_in
from tasks.generation.openai.concurrency_limiter import ConcurrencyLimiter
from tasks.generation.openai.empty_answers import (
    AnswerBreaker,
    Emptiness,
    EmptyAnswer,
    describe_empty,
)
from tasks.generation.openai.replies import (
    NO_USAGE,
    HttpReply,
    believe_usage,
    build_response,
    guess_prompt_text,
    is_empty,
    read_failure,
)
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_errors import UNREAD, RequestFailure, suggest_setting
from tasks.generation.openai.server_dialect import ServerDialect
from tasks.generation.response_cache import ResponseCache, StoredResponse
from tasks.schemas.errors import (
    BudgetSpent,
    StudyError,
    WriterRefused,
    WriterUnavailable,
    describe_part,
)
from tasks.schemas.messages import Figure, Message, build_message

T = TypeVar("T")
MAX_LEARNED_PARAMETERS = 8  # about its fields that one request takes from a server
MAX_WAIT_FACTOR = 10  # times the longest wait; a server that wishes for more is left alone


class RetryPolicy(NamedTuple):
    """How long to bear with a server; nothing here changes what is asked."""

    attempts: int = 10  # per request
    timeout: float = 600.0  # seconds for one answer; local models on a CPU are slow
    first_wait: float = 0.5  # seconds, doubled at each attempt
    longest_wait: float = 60.0
    poll: float = 20.0  # seconds between looks at a batch
    longest_batch: float = 26 * 3600.0  # seconds; the server promises 24 hours


SendRequest = Callable[
    [dict[str, Any], str], Awaitable[HttpReply | RequestFailure]
]  # the wire's body, and a name for this attempt


@dataclass
class RequestRunner:
    """All that the requests of one chapter share."""

    cache: ResponseCache
    limiter: ConcurrencyLimiter
    policy: RetryPolicy
    send: SendRequest
    fill_body: Callable[[dict[str, Any]], dict[str, Any]]
    server: str
    dialect: ServerDialect = field(default_factory=ServerDialect)
    faults: Counter[str] = field(default_factory=Counter)
    last_fault: RequestFailure | None = None
    breaker: AnswerBreaker = field(default_factory=AnswerBreaker)
    sent_count: int = 0
    asked: set[str] = field(default_factory=set)  # requests that were sent
    stop_error: StudyError | None = None

    async def answer_request(self, request: ChatRequest) -> StoredResponse | None:
        """The stored or fetched response; none once something stopped the whole."""
        if found := self.cache.find_response(request.key):
            return found
        if self.stop_error:
            return None
        async with self.cache.lock_request(request.key):
            return self.cache.find_own_response(request.key) or await self._fetch_response(request)

    async def _fetch_response(self, request: ChatRequest) -> StoredResponse | None:
        attempt, learnt, well_before, fault = 0, 0, self.limiter.successes, None
        while attempt < self.policy.attempts and not self.is_stopped():
            outcome = await self._attempt_request(request, attempt)
            if outcome is None or isinstance(outcome, StoredResponse):
                return outcome
            self.last_fault = fault = outcome
            self.faults[fault.name] += 1
            if fault.action != "again" and not (
                learnt < MAX_LEARNED_PARAMETERS and self.learn_dialect(fault, request)
            ):
                return self.give_up_request(request, fault)
            learnt += fault.action == "dialect"
            if fault.action == "again":
                attempt += 1
                if self._is_wait_too_long(fault):
                    break
                await asyncio.sleep(
                    self.compute_wait_seconds(attempt, fault)
                    if attempt < self.policy.attempts
                    else 0
                )
        if fault is None or self.is_stopped():
            return None
        if self.limiter.successes > well_before and not self._is_wait_too_long(
            fault
        ):  # the server works, only not for this one
            return _build_error_response(request, fault)
        self.stop_error = WriterUnavailable(
            build_message("server-unavailable", why=fault.message, attempts=attempt)
        )
        return None

    def is_stopped(self) -> bool:
        """Whether nothing more is to be sent: stopped here, or by answers without text in any
        chapter.
        """
        if self.breaker.stopped and not self.stop_error:
            self.stop_error = WriterRefused(
                build_message("server-refuses", why=self.breaker.stopped)
            )
        return self.stop_error is not None

    async def _attempt_request(
        self, request: ChatRequest, attempt: int
    ) -> StoredResponse | RequestFailure | None:
        entered = await self.limiter.acquire_slot()
        try:
            charge = await self._reserve_budget(request)
            if charge is None:
                return None
            await self.cache.force()
            self.sent_count += 1
            self.asked.add(request.key)
            return self._settle_reply(
                request,
                charge,
                await self.send(self.translate_body(request.body), f"{request.key}-{attempt}"),
                entered,
            )
        finally:
            self.limiter.release_slot()

    def _settle_reply(
        self,
        request: ChatRequest,
        charge: Charge,
        reply: HttpReply | RequestFailure,
        entered: float,
    ) -> StoredResponse | RequestFailure:
        """Store what came before anything else, then say what it was."""
        if isinstance(reply, HttpReply) and 200 <= reply.status < 300:
            if response := build_response(request, reply.body, self.cache, batch=False):
                self.cache.save_response(response)
                self._note(request, response, reply, entered)
                return response
            reply = self._unread(request, charge, reply, entered)
        fault = (
            reply
            if isinstance(reply, RequestFailure)
            else read_failure(reply, str(request.body["model"]), self.server)
        )
        if fault.name == UNREAD:
            self._note_empty(
                request, EmptyAnswer(Emptiness("cut", fault.message), charge.usd, False), entered
            )
        with self.cache.lock_budget() as budget:
            if fault.charged:
                budget.mark_lost(request.key)
            else:
                budget.free_charge(charge)
        if fault.action == "again":
            self.limiter.record_busy(
                entered, None if self._is_wait_too_long(fault) else fault.wait
            )  # who will not wait holds up nobody
        return fault

    def _note(
        self, request: ChatRequest, response: StoredResponse, reply: HttpReply, entered: float
    ) -> None:
        """Whether an answer held a text, for the breaker and the limiter."""
        envelope = read_completion(reply.body)
        if envelope is None or is_empty(envelope):
            self._note_empty(
                request,
                EmptyAnswer(
                    describe_empty(reply.body),
                    response.cost_usd,
                    response.usage != request.worst_usage,
                ),
                entered,
            )
            return
        self.breaker.note_text()
        if envelope.usage:
            told = envelope.usage.tokens_in
            self.breaker.note_prompt(
                request.key, told, guess_prompt_text(request), self.server, request.body["model"]
            )
        self.limiter.record_success(reply.headers, entered, envelope.count_written())

    def _note_empty(self, request: ChatRequest, answer: EmptyAnswer, entered: float) -> None:
        self.breaker.note_empty(answer, entered, self.server, str(request.body["model"]))
        self.limiter.record_busy(entered, None)

    def _unread(
        self, request: ChatRequest, charge: Charge, reply: HttpReply, entered: float
    ) -> RequestFailure:
        """The fault of a body that no answer can be read from; charged by its own count where it
        tells one.
        """
        self.cache.save_broken_body(request.key, reply.body)
        proven = self.settle_unread(request, reply.body)
        if (status := find_error_status(reply.body)) is not None:
            fault = read_failure(
                reply._replace(status=status), str(request.body["model"]), self.server
            )
            if proven is None and not fault.charged:
                return fault
            what = Emptiness("none", build_message("seen-error-under-200", why=fault.message))
        else:
            what = describe_empty(reply.body)
            told = build_message("server-sent", server=self.server, seen=what.seen)
            fault = RequestFailure("broken body", "again", told)
        usd = charge.usd if proven is None else proven
        self._note_empty(request, EmptyAnswer(what, usd, proven is not None), entered)
        return fault

    def settle_unread(self, request: ChatRequest, body: str, batch: bool = False) -> float | None:
        """Dollars that a body without an answer proves by its own count, now charged; none where it
        proves nothing.
        """
        told = usage_in(body)
        if told is None or believe_usage(told, request, "") != told:
            return None
        usd = compute_price(told, self.cache.prices, batch)
        with self.cache.lock_budget() as budget:
            held = [c for c in budget.list_open_charges() if c.key == request.key and not c.lost]
            budget.settle_charges(request.key, usd, held[-1].id if held else "")
        return usd

    def _is_wait_too_long(self, fault: RequestFailure) -> bool:
        """Whether the server asks for a wait that nobody should sit through: an hour, a day."""
        return (fault.wait or 0.0) > MAX_WAIT_FACTOR * self.policy.longest_wait

    async def _reserve_budget(self, request: ChatRequest) -> Charge | None:
        """Reserve the worst price; while others are under way their change may suffice, so wait for
        it.
        """
        while not self.is_stopped():
            worst = self.compute_worst_price(request)
            with self.cache.lock_budget() as budget:
                charge = budget.reserve_usd(request.key, worst)
                others = [] if charge else budget.list_open_charges()
            if charge:
                return charge
            if not any(
                not c.lost and c.key != request.key and self.cache.is_under_way(c.key)
                for c in others
            ):
                self.stop_error = build_budget_error(self.cache, worst)
            await asyncio.sleep(0.05)
        return None

    def compute_worst_price(self, request: ChatRequest, batch: bool = False) -> float:
        """Dollars that the request can cost at most."""
        sort = request.script_profile  # looked at before the purse is open
        with self.cache.lock_budget() as budget:
            tokens_in = math.ceil(request.worst_usage.tokens_in * budget.get_token_share(sort))
        return compute_price(
            request.worst_usage._replace(tokens_in=tokens_in), self.cache.prices, batch
        )

    def translate_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body in the words of this server."""
        return self.dialect.translate_body(self.fill_body(body))

    def learn_dialect(self, fault: RequestFailure, request: ChatRequest) -> bool:
        """Learn from a refusal how the server wants to be asked; false where it tells nothing."""
        return self.dialect.learn(fault, request.body)

    async def call_with_retries(
        self, call: Callable[[], Awaitable[T | RequestFailure]]
    ) -> T | None:
        """A call that costs nothing, repeated until it works; none once something stopped the
        whole.
        """
        message: Message | str = ""
        for attempt in range(1, self.policy.attempts + 1):
            outcome = await call()
            if not isinstance(outcome, RequestFailure):
                return outcome
            self.faults[outcome.name] += 1
            if outcome.action != "again":
                self.stop_error = WriterRefused(
                    build_message("server-refuses", why=outcome.message)
                )
                return None
            message = outcome.message
            await asyncio.sleep(self.compute_wait_seconds(attempt, outcome))
        self.stop_error = WriterUnavailable(
            build_message("server-unavailable", why=message, attempts=self.policy.attempts)
        )
        return None

    def give_up_request(self, request: ChatRequest, fault: RequestFailure) -> StoredResponse | None:
        """What a fault that trying again cannot mend leaves: an empty answer, or the end."""
        if fault.action == "filtered":
            said = describe_part(fault.message)
            response = StoredResponse(request.key, "content_filter", NO_USAGE, 0.0, said)
            self.cache.save_response(response)
            return response
        if fault.action == "smaller":
            return _build_error_response(request, fault)
        why = fault.message
        if not fault.has_remedy:
            remedy = suggest_setting(fault, request.body)
            why = build_message("refused-with-remedy", why=why, remedy=remedy)
        self.stop_error = WriterRefused(build_message("server-refuses", why=why))
        return None

    def compute_wait_seconds(self, attempt: int, fault: RequestFailure | None) -> float:
        """Exponential with full jitter above the server's own wish."""
        most = min(self.policy.longest_wait, self.policy.first_wait * 2.0 ** (attempt - 1))
        return ((fault and fault.wait) or 0.0) + most * random.uniform(0.5, 1.0)


def build_budget_error(ledger: ResponseCache, worst: float) -> BudgetSpent:
    """What was spent, what is set aside, and how to go on."""
    with ledger.lock_budget() as budget:
        parts, cap = budget.describe_charges(), budget.cap_usd
    return BudgetSpent(
        build_message("budget-spent", cap=Figure(cap), parts=parts, worst=Figure(worst, 4))
    )


def _build_error_response(request: ChatRequest, fault: RequestFailure) -> StoredResponse:
    return StoredResponse(request.key, "error", NO_USAGE, 0.0, describe_part(fault.message))
