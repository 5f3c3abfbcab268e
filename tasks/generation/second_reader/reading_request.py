"""Which items are read together, before which text and in which order; the request that comes of
it.

The reader sees more of the book than the writer did (a whole chapter, where it fits into one
request), since a second right answer may stand in another section.
"""

import math
import random
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from tasks.generation.book_windows import MAX_REMINDERS, cut_windows
from tasks.generation.budget import TokenUsage
from tasks.generation.openai.request_builder import ChatRequest, count_max_tokens
from tasks.generation.openai.server_identity import ServerIdentity
from tasks.generation.quotas import PairOrQuestion
from tasks.generation.response_cache import key_of
from tasks.generation.second_reader.reader_prompt import (
    ShownItem,
    build_messages,
    build_reading_schema,
)
from tasks.language.text import fold_text, split_words
from tasks.schemas.digest import compute_digest
from tasks.schemas.item_rows import Pair, Passage
from tasks.schemas.plan_sections import GenerationPlan, ReaderPlan
from tasks.schemas.sections.profiles import MEDICINE, tag_language

# Of an answer: the longest of the recorded ones is 271 by our count, and small models cut Persian
# into twice as many.
MAX_TOKENS_AN_ITEM = 600
FRAME_TOKENS = 200  # of an answer, beside its items


class Turn(IntEnum):
    """Why a task is asked; part of its request, so that its answer is another one."""

    FIRST = 0
    AGAIN = 1  # no answer could be read
    SECOND = 2  # in another order, to see how steady the reader is


class ReadingTask(NamedTuple):
    """Items that are read together."""

    passages: tuple[Passage, ...]
    items: tuple[PairOrQuestion, ...]  # in the writer's order
    earlier: tuple[PairOrQuestion, ...]
    turn: Turn = Turn.FIRST


class ReadingLayout(NamedTuple):
    """A task in the order in which the reader sees it."""

    task: ReadingTask
    items: tuple[PairOrQuestion, ...]
    options: dict[str, tuple[int, ...]]  # question's id → its option numbers as shown
    conditions: tuple[tuple[str, ...], ...]  # names of one condition, for the pairs
    names: dict[str, str]  # i1, e1 → item's id


def plan_readings(
    items: Sequence[PairOrQuestion],
    earlier: Sequence[PairOrQuestion],
    passages: Sequence[Passage],
    per_request: int,
    shown_characters: int,
) -> list[ReadingTask]:
    """The items by the stretch of text that their quotes stand in, so many at a time."""
    stretches = cut_into_stretches(passages, shown_characters)
    place = {p.id: i for i, stretch in enumerate(stretches) for p in stretch}
    found: dict[int, list[PairOrQuestion]] = {}
    for item in items:
        found.setdefault(place.get(_get_passage_id(item), 0), []).append(item)
    tasks = []
    for i, here in sorted(found.items()):
        before = [item for item in earlier if place.get(_get_passage_id(item), 0) == i]
        groups = -(-len(here) // per_request)
        for start, end in _cut_evenly(len(here), groups):
            group = tuple(here[start:end])
            known = tuple([*before, *here[:start]][-MAX_REMINDERS:])
            tasks.append(ReadingTask(tuple(stretches[i]), group, known))
    return tasks


def cut_into_stretches(passages: Sequence[Passage], shown_characters: int) -> list[list[Passage]]:
    """A chapter in as few parts as one request can show."""
    size = sum(len(p.text) for p in passages)
    return cut_windows(passages, max(1, math.ceil(size / shown_characters)))


def _get_passage_id(item: PairOrQuestion) -> str:
    return item.quote.passage_id if item.quote else ""


def _cut_evenly(number: int, groups: int) -> list[tuple[int, int]]:
    return [(number * g // groups, number * (g + 1) // groups) for g in range(groups)]


def choose_second_readings(
    tasks: Sequence[ReadingTask], share: float, seed: int
) -> list[ReadingTask]:
    """About that share of the requests, to be asked once more; the same ones for the same items."""
    if not tasks:
        return []
    start = _open_draw(seed, tasks[0].items, "share").random()
    return [
        task._replace(turn=Turn.SECOND)
        for i, task in enumerate(tasks)
        if math.floor(start + (i + 1) * share) > math.floor(start + i * share)
    ]


def lay_out_task(task: ReadingTask, seed: int, profile: str = MEDICINE) -> ReadingLayout:
    """Items, options and conditions in a seeded order of their own."""
    draw = _open_draw(seed, task.items, task.turn.name.lower())
    items, earlier = list(task.items), list(task.earlier)
    draw.shuffle(items)
    options = {
        item.id: tuple(draw.sample(range(1, 5), 4)) for item in items if not isinstance(item, Pair)
    }
    conditions = list_conditions(task) if profile == MEDICINE else list_conclusions(task)
    draw.shuffle(conditions)
    names = {f"i{n}": item.id for n, item in enumerate(items, 1)}
    names |= {f"e{n}": item.id for n, item in enumerate(earlier, 1)}
    return ReadingLayout(task, tuple(items), options, tuple(conditions), names)


def _open_draw(seed: int, items: Sequence[PairOrQuestion], turn: str) -> random.Random:
    return random.Random(compute_digest(f"{seed} {turn} {[i.id for i in items]}".encode()))


def list_conditions(task: ReadingTask) -> list[tuple[str, ...]]:
    """The sections' titles and the pairs' diagnoses; a diagnosis that says one title's words and
    more, or some of them, is a name of that condition.
    """
    pairs = [item for item in task.items if isinstance(item, Pair)]
    if not pairs:
        return []
    known: dict[frozenset[str], list[str]] = {}
    for title in (p.section for p in task.passages):
        if words := _fold_name(title):
            known.setdefault(words, [title])
    titles = list(known)
    for name in (pair.diagnosis for pair in pairs):
        words = _fold_name(name)
        near = [title for title in titles if words and (words <= title or title <= words)]
        place = known.setdefault(near[0] if len(near) == 1 else words, [])
        if not any(fold_text(name) == fold_text(one) for one in place):
            place.append(name)
    return [tuple(names) for names in known.values()]


def list_conclusions(task: ReadingTask) -> list[tuple[str, ...]]:
    """The pairs' conclusions, where a book's sections are no conditions; those that rest on one
    line of the book are names of one.
    """
    groups: list[list[Pair]] = []
    for pair in (item for item in task.items if isinstance(item, Pair)):
        near = next((g for g in groups if any(_is_same_conclusion(pair, o) for o in g)), None)
        if near is None:
            groups.append([pair])
        else:
            near.append(pair)
    return [tuple(dict.fromkeys(pair.diagnosis for pair in group)) for group in groups]


def _is_same_conclusion(one: Pair, other: Pair) -> bool:
    a, b = one.quote, other.quote
    if _fold_name(one.diagnosis) == _fold_name(other.diagnosis):
        return True
    if a is None or b is None or a.passage_id != b.passage_id:
        return False
    return max(a.start, b.start) < min(a.end, b.end)


def _fold_name(name: str) -> frozenset[str]:
    return frozenset(fold_text(word) for word in split_words(name))


def build_reading_request(
    layout: ReadingLayout,
    plan: GenerationPlan,
    reader: ReaderPlan,
    language: str,
    *,
    server: ServerIdentity,
) -> ChatRequest:
    """The request for one layout at one server."""
    by_id = {item.id: item for item in (*layout.task.earlier, *layout.task.items)}
    earlier = {
        name: _get_text(by_id[item]) for name, item in layout.names.items() if name[0] == "e"
    }
    messages = build_messages(
        tag_language(language, plan.profile),
        layout.task.passages,
        [" = ".join(names) for names in layout.conditions],
        earlier,
        [_show_item(f"i{n}", item, layout) for n, item in enumerate(layout.items, 1)],
    )
    most = FRAME_TOKENS + MAX_TOKENS_AN_ITEM * len(layout.items)
    body: dict[str, Any] = {
        "model": reader.model,
        "messages": messages,
        "max_tokens": most,
        "temperature": reader.temperature,
        "seed": plan.seed + layout.task.turn,
        **plan.extra,
    }
    if plan.structure == "schema":
        schema = {
            "name": "readings",
            "strict": True,
            "schema": build_reading_schema(len(layout.items)),
        }
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif plan.structure == "json":
        body["response_format"] = {"type": "json_object"}
    return ChatRequest(
        body, key_of(body, server), TokenUsage(count_max_tokens(body, None), 0, most)
    )


def _show_item(name: str, item: PairOrQuestion, layout: ReadingLayout) -> ShownItem:
    if isinstance(item, Pair):
        return ShownItem(name, item.symptom)
    shown = tuple(item.options[number - 1] for number in layout.options[item.id])
    return ShownItem(name, item.question, shown)


def _get_text(item: PairOrQuestion) -> str:
    return item.symptom if isinstance(item, Pair) else item.question
