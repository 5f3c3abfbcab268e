"""The second reader at work: the items that a round kept are read, what could not be read is asked
once more, and a share is asked twice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple, Protocol

from tasks.generation.asking import AskRequests
from tasks.generation.openai.completions import read_completion
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_runner import RequestRunner
from tasks.generation.openai.server_identity import identify_server
from tasks.generation.quotas import PairOrQuestion
from tasks.generation.response_cache import ResponseCache, StoredResponse
from tasks.generation.second_reader.reading_answer import read_answer
from tasks.generation.second_reader.reading_request import (
    ReadingLayout,
    ReadingTask,
    Turn,
    build_reading_request,
    choose_second_readings,
    lay_out_task,
    plan_readings,
)
from tasks.schemas.item_rows import ItemReading, Pair, Passage, ReaderUsage, Rejection
from tasks.schemas.plan_sections import GenerationPlan, ReaderPlan


class JudgedReadings(Protocol):
    """What the gate made of readings."""

    @property
    def readings(self) -> Sequence[ItemReading]: ...  # with their faults

    @property
    def fallen(self) -> Sequence[tuple[PairOrQuestion, Rejection]]: ...


JudgeReadings = Callable[[Sequence[ItemReading]], JudgedReadings]


class ReaderOrder(NamedTuple):
    """Who reads a chapter's items, from whose money, and who judges by it."""

    plan: ReaderPlan
    cache: ResponseCache  # the writer's folder and cap, at the reader's prices
    accept: JudgeReadings


@dataclass
class SecondReader:
    """The reader of one chapter."""

    order: ReaderOrder
    plan: GenerationPlan
    language: str
    passages: Sequence[Passage]
    request_runner: RequestRunner
    ask: AskRequests
    readings: list[ItemReading] = field(default_factory=list)
    answers: dict[str, StoredResponse] = field(default_factory=dict)

    async def judge_items(
        self, items: Sequence[PairOrQuestion], earlier: Sequence[PairOrQuestion]
    ) -> Sequence[tuple[PairOrQuestion, Rejection]]:
        """Read the items and say which of them fall, and why."""
        reader = self.order.plan
        tasks = plan_readings(
            items, earlier, self.passages, reader.per_request, self.plan.shown_characters
        )
        seconds = choose_second_readings(tasks, reader.twice_share, self.plan.seed)
        found = await self._ask_tasks([*tasks, *seconds])
        unread = {one.item for one in found if not one.is_read and not one.is_second}
        if unread and not self.request_runner.stop_error:
            again = [
                task._replace(items=left, turn=Turn.AGAIN)
                for task in tasks
                if (left := tuple(item for item in task.items if item.id in unread))
            ]
            late = {one.item: one for one in await self._ask_tasks(again)}
            found = [
                one if one.is_read or one.is_second else late.get(one.item, one) for one in found
            ]
        judged = self.order.accept(found)
        self.readings += judged.readings
        return judged.fallen

    def judge_recalled(
        self, items: Sequence[PairOrQuestion], earlier: Sequence[ItemReading]
    ) -> Sequence[tuple[PairOrQuestion, Rejection]]:
        """Which of the items fall by `earlier` readings of the study, with nobody asked; what has
        none counts as unread.
        """
        said = {one.item: one for one in earlier}
        readings = [said.get(item.id) or self._build_unread(item) for item in items]
        judged = self.order.accept(readings)
        self.readings += judged.readings
        return judged.fallen

    def _build_unread(self, item: PairOrQuestion) -> ItemReading:
        kind: Literal["pair", "question"] = "pair" if isinstance(item, Pair) else "question"
        model = self.order.plan.model
        return ItemReading(item=item.id, kind=kind, model=model, request="", is_read=False)

    async def _ask_tasks(self, tasks: Sequence[ReadingTask]) -> list[ItemReading]:
        profile = self.plan.profile
        layouts = [lay_out_task(task, self.plan.seed, profile) for task in tasks]
        turn = iter(layouts)
        found: list[ItemReading] = []
        answers = self.ask([partial(self._build_request, layout) for layout in layouts])
        async for response in answers:
            layout = next(turn)
            text, key = "", ""
            if response is not None:
                self.answers[response.key] = response
                envelope = read_completion(response.body)
                text, key = envelope.text if envelope else "", response.key
            found += read_answer(text, layout, self.order.plan.model, key)
        return found

    def _build_request(self, layout: ReadingLayout) -> ChatRequest:
        server = identify_server(self.request_runner.server)
        return build_reading_request(
            layout, self.plan, self.order.plan, self.language, server=server
        )

    def build_usage(self, before: ReaderUsage | None) -> ReaderUsage:
        """The sum of all readings, with those of an earlier call."""
        first = {one.item: one for one in self.readings if not one.is_second}
        twice = [one for one in self.readings if one.is_second and one.is_read]
        twice = [one for one in twice if first[one.item].is_read]
        usage = [response.usage for response in self.answers.values()]
        counts = Counter(
            requests=len(self.answers),
            sent=self.request_runner.sent_count,
            read=sum(one.is_read for one in first.values()),
            refused=sum(one.is_read and one.fault is not None for one in first.values()),
            unread=sum(not one.is_read for one in first.values()),
            twice=len(twice),
            agreed=sum((one.fault is None) == (first[one.item].fault is None) for one in twice),
            tokens_in=sum(one.tokens_in for one in usage),
            tokens_cached=sum(one.tokens_cached for one in usage),
            tokens_out=sum(one.tokens_out for one in usage),
        )
        cost = sum(response.cost_usd for response in self.answers.values())
        if before:
            counts.update(
                {name: getattr(before, name) for name in ReaderUsage.model_fields if name in counts}
            )
            cost += before.cost_usd
        return ReaderUsage(model=self.order.plan.model, cost_usd=cost, **counts)
