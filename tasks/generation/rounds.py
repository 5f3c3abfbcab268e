"""A chapter's rounds: ask everywhere for what is missing, judge the answers in order, ask again where items fell."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tasks.errors import BudgetSpent
from tasks.generation import accounts, places
from tasks.generation.answers import read_envelope
from tasks.generation.exchange import Exchange
from tasks.generation.instructions import ItemKind
from tasks.generation.ledger import Response
from tasks.generation.pages import Pages
from tasks.generation.places import KINDS, Asking, Place
from tasks.generation.requests import Request, word
from tasks.generation.server import identify_server
from tasks.generation.writer import Accept, Item, Quota, Written
from tasks.plan import GenerationPlan
from tasks.progress import Progress
from tasks.records import Account, Draft, Pair, Passage

AHEAD = 512  # requests that may be worded and under way before the oldest of them is judged
PATIENT = 3  # times the plan's rounds, where answers come back refused, cut off or unreadable
SYNC = 1.0  # seconds of answers that a power cut may take; a kill takes none
NO_ITEMS = ("refusal", "content_filter", "error")

Words = Callable[[], Request]
Ask = Callable[[Sequence[Words]], AsyncIterator[Response | None]]


def live(exchange: Exchange, concurrency: int) -> Ask:
    """Ask many at once and give the answers in the order of the requests."""
    slots = asyncio.Semaphore(concurrency)

    async def one(words: Words) -> Response | None:
        async with slots:
            return await exchange.answer(words())

    async def on_disk(answer: asyncio.Task[Response | None]) -> Response | None:
        response = await answer
        await exchange.ledger.sync(every=SYNC)  # here, where no request waits for the disk
        return response

    async def ask(all_words: Sequence[Words]) -> AsyncIterator[Response | None]:
        under_way: deque[asyncio.Task[Response | None]] = deque()
        try:
            for words in all_words:
                under_way.append(asyncio.create_task(one(words)))
                if len(under_way) >= AHEAD:
                    yield await on_disk(under_way.popleft())
            while under_way:
                yield await on_disk(under_way.popleft())
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            await exchange.ledger.sync()  # before anything that was made of them is kept

    return ask


def is_json(text: str) -> bool:
    """Whether an answer could be read; an empty one that can be read says that there is no more to write."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@dataclass
class Chapter:
    """One chapter on its way from passages to drafts."""

    passages: list[Passage]
    quota: Quota
    plan: GenerationPlan
    language: str
    accept: Accept
    pages: Pages | None
    progress: Progress
    exchange: Exchange
    before: Written | None = None  # of an earlier call, which is asked for more
    places: list[Place] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    kept: list[Item] = field(default_factory=list)
    rejected: Counter[ItemKind] = field(default_factory=Counter)
    refused: Counter[ItemKind] = field(default_factory=Counter)
    rounds: int = 0

    async def write(self, ask: Ask) -> Written:
        """All rounds; raises what stopped them, once everything under way and the account are in the ledger.

        A budget that ends while a chapter is asked for more stops nothing: there is enough for a study.
        """
        self.places = places.places(self.passages, self.quota, self.plan) if self.passages else []
        self._recall()
        first = len(self.drafts)  # beyond every turn of an earlier call, so that nothing is asked in the same words
        while self.rounds < PATIENT * (self.plan.rounds + 1):
            askings = places.plan_round(self.places, self.quota, self.plan, self.kept, first + self.rounds)
            if not askings:
                break
            await self._round(askings, ask)
            if self.exchange.stop:
                break
            self.rounds += 1
        account = self.report()
        accounts.keep(self.exchange.ledger.folder, self.passages, account)
        if self.exchange.stop and not (self.before and isinstance(self.exchange.stop, BudgetSpent)):
            raise self.exchange.stop
        return Written(self.drafts, account)

    def _recall(self) -> None:
        """What an earlier call brought is judged again, and asked for no more."""
        for draft in self.before.drafts if self.before else ():
            self._judge(draft, [p for p in self.passages if p.id in draft.passages])
        for place in self.places:
            here = {p.id for p in place.passages}
            place.kept += [item for item in self.kept if item.quote and item.quote.passage_id in here]

    async def _round(self, askings: list[Asking], ask: Ask) -> None:
        brought: Counter[tuple[int, ItemKind]] = Counter()
        broken: set[tuple[int, ItemKind]] = set()
        server = identify_server(self.exchange.server)
        answers = ask([partial(word, asking, self.plan, self.language, self.pages, server=server) for asking in askings])
        turn = iter(askings)
        async for response in answers:
            asking = next(turn)
            if response is not None:
                found = self._take(asking, response)
                brought[id(asking.place), asking.kind] += max(found, 0)
                if found < 0:
                    broken.add((id(asking.place), asking.kind))
                self._tell()
        places.close_round(askings, brought, broken, self.plan.rounds)
        self._shrink(askings)

    def _take(self, asking: Asking, response: Response) -> int:
        """Judge one answer: the items it brought, or -1 where it was no fair answer."""
        shown = self._shown(asking.place)
        draft = self._draft(asking, response, shown)
        kept = self._judge(draft, shown)
        if draft.finish in NO_ITEMS:
            return -1
        asking.place.need[asking.kind] -= len(kept)
        asking.place.kept += kept
        return len(kept) or -(draft.finish == "length" or not is_json(draft.raw))

    def _judge(self, draft: Draft, shown: list[Passage]) -> Sequence[Item]:
        """Add a draft and what the gate makes of it; the items that it keeps."""
        self.drafts.append(draft)
        if draft.finish in NO_ITEMS:
            self.refused[draft.kind] += draft.asked
            return ()
        verdict = self.accept(draft, shown, self.kept)
        self.kept += verdict.kept
        self.rejected[draft.kind] += sum(rejection.items for rejection in verdict.rejected)
        return verdict.kept

    def _shrink(self, askings: Sequence[Asking]) -> None:
        """Where answers were cut off ask for fewer, where they were refused show less."""
        finishes = {
            (id(a.place), a.kind): d.finish for a, d in zip(askings, self.drafts[-len(askings) :], strict=False) if d.finish != "stop"
        }
        for asking in askings:
            if finishes.get((id(asking.place), asking.kind)) == "length":
                asking.place.most = max(1, min(asking.place.most, asking.asked // 2))
        cut: list[Place] = []
        for place in self.places:
            bad = [kind for kind in KINDS if finishes.get((id(place), kind)) in NO_ITEMS]
            cut += places.halve(place, bad[0]) if bad else [place]
        self.places = cut

    def _shown(self, place: Place) -> list[Passage]:
        """What the model saw: the place's passages, or all that stand on the pages."""
        if not self.pages:
            return list(place.passages)
        seen = [p.page for p in place.passages]
        return [p for p in self.passages if min(seen) - 1 <= p.page <= max(seen) + 1]

    def _draft(self, asking: Asking, response: Response, shown: list[Passage]) -> Draft:
        envelope = read_envelope(response.body)
        return Draft(
            id=response.key,
            kind=asking.kind,
            passages=tuple(p.id for p in shown),
            asked=asking.asked,
            writer=self.plan.model,
            raw=envelope.text if envelope else response.body,
            finish=response.finish,
            cost_usd=response.cost_usd,
            **response.usage._asdict(),
        )

    def _tell(self) -> None:
        whole = self.quota.pairs + self.quota.questions
        with self.exchange.ledger.purse() as budget:
            spent, doubtful = budget.known()
        aside = f", ${doubtful:.2f} may have been charged" if doubtful else ""
        self.progress(min(len(self.kept), whole), whole, f"{len(self.kept)} of {whole} items kept, ${spent:.2f} spent{aside}")

    def report(self) -> Account:
        """What was asked, what came of it, and why it ended."""
        pairs = sum(isinstance(item, Pair) for item in self.kept)
        with self.exchange.ledger.purse() as budget:
            lost = budget.lost({draft.id for draft in self.drafts} | self.exchange.asked)
        kept: dict[str, int] = {"pair": pairs, "question": len(self.kept) - pairs}
        before = self.before.report if self.before else None
        wanted = {kind: max(number, before.wanted[kind] if before else 0) for kind, number in zip(KINDS, self.quota, strict=True)}
        return Account(
            chapter=self.passages[0].chapter if self.passages else "",
            wanted=wanted,
            kept=kept,
            rejected={kind: self.rejected[kind] for kind in KINDS},
            refused={kind: self.refused[kind] for kind in KINDS},
            ended={kind: self._end(kind, wanted[kind] - kept[kind]) for kind in KINDS},
            rounds=self.rounds + (before.rounds if before else 0),
            requests=len(self.drafts),
            sent=self.exchange.sent + (before.sent if before else 0),
            finishes=dict(Counter(draft.finish for draft in self.drafts)),
            faults=dict(Counter(self.exchange.faults) + Counter(before.faults if before else {})),
            tokens_in=sum(d.tokens_in for d in self.drafts),
            tokens_cached=sum(d.tokens_cached for d in self.drafts),
            tokens_out=sum(d.tokens_out for d in self.drafts),
            cost_usd=sum(d.cost_usd for d in self.drafts),
            lost=len(lost),
            lost_usd=sum(lost),
            server=identify_server(self.exchange.server).address,
        )

    def _end(self, kind: ItemKind, missing: int) -> str:
        if missing <= 0:
            return "met"
        if self.before and self.before.report.ended[kind] != "met":
            return self.before.report.ended[kind]  # it was asked for no more of this kind
        if self.exchange.stop:
            return "budget" if isinstance(self.exchange.stop, BudgetSpent) else "stopped"
        reasons = {place.closed.get(kind, "rounds") for place in self.places}
        return next((reason for reason in ("rounds", "exhausted") if reason in reasons), "refused")
