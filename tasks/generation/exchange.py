"""One request at the server until it is answered: ledger first, money set aside, attempts bounded, faults sorted."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from tasks.errors import BudgetSpent, StudyError, WriterRefused, WriterUnavailable
from tasks.generation.answers import error_in, usage_in
from tasks.generation.budget import Charge, price
from tasks.generation.charging import believe_usage
from tasks.generation.empty_answers import Emptiness, EmptyAnswer, EmptyAnswerBreaker, describe_empty
from tasks.generation.faults import UNREAD, Fault
from tasks.generation.ledger import Ledger, Response
from tasks.generation.limits import Limiter
from tasks.generation.replies import NOTHING, Reply, fault_of, is_empty, response_of
from tasks.generation.requests import Request

T = TypeVar("T")
LESSONS = 8  # about its fields that one request takes from a server
PATIENCE_OF_WAITS = 10  # times the longest wait; a server that wishes for more is left alone


class Patience(NamedTuple):
    """How long to bear with a server; nothing here changes what is asked."""

    attempts: int = 10  # per request
    timeout: float = 600.0  # seconds for one answer; local models on a CPU are slow
    first_wait: float = 0.5  # seconds, doubled at each attempt
    longest_wait: float = 60.0
    poll: float = 20.0  # seconds between looks at a batch
    longest_batch: float = 26 * 3600.0  # seconds; the server promises 24 hours


Send = Callable[[dict[str, Any], str], Awaitable[Reply | Fault]]  # the wire's body, and a name for this attempt


@dataclass
class Exchange:
    """All that the requests of one chapter share."""

    ledger: Ledger
    limiter: Limiter
    patience: Patience
    send: Send
    fill: Callable[[dict[str, Any]], dict[str, Any]]
    server: str
    renamed: dict[str, str | None] = field(default_factory=dict)  # request fields that this server calls otherwise, or lacks
    faults: Counter[str] = field(default_factory=Counter)
    breaker: EmptyAnswerBreaker = field(default_factory=EmptyAnswerBreaker)
    sent: int = 0
    asked: set[str] = field(default_factory=set)  # requests that were sent
    stop: StudyError | None = None

    async def answer(self, request: Request) -> Response | None:
        """The stored or fetched response; none once something stopped the whole."""
        if found := self.ledger.find(request.key):
            return found
        if self.stop:
            return None
        async with self.ledger.hold(request.key):
            return self.ledger.own(request.key) or await self._fetch(request)

    async def _fetch(self, request: Request) -> Response | None:
        attempt, learnt, well_before, fault = 0, 0, self.limiter.successes, None
        while attempt < self.patience.attempts and not self.is_stopped():
            outcome = await self._try(request, attempt)
            if outcome is None or isinstance(outcome, Response):
                return outcome
            fault = outcome
            self.faults[fault.name] += 1
            if fault.course != "again" and not (learnt < LESSONS and self.adapt(fault, request)):
                return self.give_up(request, fault)
            learnt += fault.course == "dialect"
            if fault.course == "again":
                attempt += 1
                if self._is_too_long(fault):
                    break
                await asyncio.sleep(self.wait(attempt, fault) if attempt < self.patience.attempts else 0)
        if fault is None or self.is_stopped():
            return None
        if self.limiter.successes > well_before and not self._is_too_long(fault):  # the server works, only not for this one
            return _error(request, fault)
        self.stop = WriterUnavailable(f"{fault.message} ({attempt} attempts). Run again later; every answer so far is kept.")
        return None

    def is_stopped(self) -> bool:
        """Whether nothing more is to be sent: stopped here, or by answers without text in any chapter."""
        if self.breaker.stopped and not self.stop:
            self.stop = WriterRefused(self.breaker.stopped)
        return self.stop is not None

    async def _try(self, request: Request, attempt: int) -> Response | Fault | None:
        entered = await self.limiter.enter()
        try:
            charge = await self._set_aside(request)
            if charge is None:
                return None
            await self.ledger.force()
            self.sent += 1
            self.asked.add(request.key)
            return self._settle(request, charge, await self.send(self.wire(request.body), f"{request.key}-{attempt}"), entered)
        finally:
            self.limiter.leave()

    def _settle(self, request: Request, charge: Charge, reply: Reply | Fault, entered: float) -> Response | Fault:
        """Store what came before anything else, then say what it was."""
        if isinstance(reply, Reply) and 200 <= reply.status < 300:
            if response := response_of(request, reply.body, self.ledger, batch=False):
                self.ledger.keep(response)
                self._note(request, response, reply, entered)
                return response
            reply = self._unread(request, charge, reply, entered)
        fault = reply if isinstance(reply, Fault) else fault_of(reply, str(request.body["model"]), self.server)
        if fault.name == UNREAD:
            self._note_empty(request, EmptyAnswer(Emptiness("cut", fault.message), charge.usd, False), entered)
        with self.ledger.purse() as budget:
            if fault.charged:
                budget.lose(request.key)
            else:
                budget.free(charge)
        if fault.course == "again":
            self.limiter.is_busy(entered, None if self._is_too_long(fault) else fault.wait)  # who will not wait holds up nobody
        return fault

    def _note(self, request: Request, response: Response, reply: Reply, entered: float) -> None:
        """Whether an answer held a text, for the breaker and the limiter."""
        if is_empty(response):
            self._note_empty(request, EmptyAnswer(describe_empty(reply.body), response.cost_usd, response.usage != request.worst), entered)
            return
        self.breaker.note_text()
        self.limiter.went_well(reply.headers)

    def _note_empty(self, request: Request, answer: EmptyAnswer, entered: float) -> None:
        self.breaker.note_empty(answer, entered, self.server, str(request.body["model"]))
        self.limiter.is_busy(entered, None)

    def _unread(self, request: Request, charge: Charge, reply: Reply, entered: float) -> Fault:
        """The fault of a body that no answer can be read from; charged by its own count where it tells one."""
        self.ledger.keep_broken(request.key, reply.body)
        told = usage_in(reply.body)
        usage = believe_usage(told, request, "")
        is_proven = usage == told
        if is_proven:
            with self.ledger.purse() as budget:
                budget.settle(request.key, price(usage, self.ledger.prices), charge.id)
        if (status := error_in(reply.body)) is not None:
            fault = fault_of(reply._replace(status=status), str(request.body["model"]), self.server)
        else:
            usd = price(usage, self.ledger.prices) if is_proven else charge.usd
            empty = EmptyAnswer(describe_empty(reply.body), usd, is_proven)
            self._note_empty(request, empty, entered)
            fault = Fault("broken body", "again", f"{self.server} sent {empty.what.seen}")
        return fault._replace(charged=True)  # under HTTP 200 an error proves nothing

    def _is_too_long(self, fault: Fault) -> bool:
        """Whether the server asks for a wait that nobody should sit through: an hour, a day."""
        return (fault.wait or 0.0) > PATIENCE_OF_WAITS * self.patience.longest_wait

    async def _set_aside(self, request: Request) -> Charge | None:
        """Reserve the worst price; while others are under way their change may suffice, so wait for it."""
        while not self.is_stopped():
            worst = self.worst(request)
            with self.ledger.purse() as budget:
                charge = budget.reserve(request.key, worst)
                others = [] if charge else budget.unsettled()
            if charge:
                return charge
            if not any(not c.lost and c.key != request.key and self.ledger.is_under_way(c.key) for c in others):
                self.stop = spent_out(self.ledger, worst)
            await asyncio.sleep(0.05)
        return None

    def worst(self, request: Request, batch: bool = False) -> float:
        """Dollars that the request can cost at most."""
        sort = request.sort  # looked at before the purse is open
        with self.ledger.purse() as budget:
            tokens_in = math.ceil(request.worst.tokens_in * budget.share(sort))
        return price(request.worst._replace(tokens_in=tokens_in), self.ledger.prices, batch)

    def wire(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body in the words of this server."""
        named = {self.renamed.get(name, name): value for name, value in self.fill(body).items()}
        return {name: value for name, value in named.items() if name is not None}

    def adapt(self, fault: Fault, request: Request) -> bool:
        """Learn that the server lacks a field or calls it otherwise; false where there is nothing to learn."""
        if fault.course != "dialect" or fault.param == self.renamed.get("max_tokens"):  # it has no name for the limit
            return False
        if fault.param in self.wire(request.body):  # not learnt meanwhile, from another request
            self.renamed[fault.param] = {"max_tokens": "max_completion_tokens"}.get(fault.param)
        return True

    async def steady(self, call: Callable[[], Awaitable[T | Fault]]) -> T | None:
        """A call that costs nothing, repeated until it works; none once something stopped the whole."""
        message = ""
        for attempt in range(1, self.patience.attempts + 1):
            outcome = await call()
            if not isinstance(outcome, Fault):
                return outcome
            self.faults[outcome.name] += 1
            if outcome.course != "again":
                self.stop = WriterRefused(outcome.message)
                return None
            message = outcome.message
            await asyncio.sleep(self.wait(attempt, outcome))
        self.stop = WriterUnavailable(f"{message} ({self.patience.attempts} attempts). Run again later; every answer so far is kept.")
        return None

    def give_up(self, request: Request, fault: Fault) -> Response | None:
        """What a fault that trying again cannot mend leaves: an empty answer, or the end."""
        if fault.course == "filtered":
            response = Response(request.key, "content_filter", NOTHING, 0.0, fault.message)
            self.ledger.keep(response)
            return response
        if fault.course == "smaller":
            return _error(request, fault)
        self.stop = WriterRefused(fault.message)
        return None

    def wait(self, attempt: int, fault: Fault | None) -> float:
        """Exponential with full jitter above the server's own wish."""
        most = min(self.patience.longest_wait, self.patience.first_wait * 2.0 ** (attempt - 1))
        return ((fault and fault.wait) or 0.0) + most * random.uniform(0.5, 1.0)


def spent_out(ledger: Ledger, worst: float) -> BudgetSpent:
    """What was spent, what is set aside, and how to go on."""
    with ledger.purse() as budget:
        aside = sum(c.usd for c in budget.unsettled() if not c.lost)
        (spent, doubtful), cap = budget.known(), budget.cap
    lost = f", ${doubtful:.4f} is set aside for answers that never arrived and may have been charged" if doubtful > 0 else ""
    lost += f", ${aside:.4f} for requests under way" if aside > 0 else ""
    return BudgetSpent(
        f"generation.budget_usd = {cap:g}: ${spent:.4f} is spent{lost}, and the next request could cost ${worst:.4f}. "
        "Every answer so far is kept; raise generation.budget_usd and run again to go on from here."
    )


def _error(request: Request, fault: Fault) -> Response:
    return Response(request.key, "error", NOTHING, 0.0, fault.message)
