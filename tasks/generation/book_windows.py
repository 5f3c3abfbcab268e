"""Where in a chapter to ask, and for how much: windows of passages, each with its share of the
chapter's quota.

Pure and deterministic: what a round asks depends on the passages, the plan, and what was kept
before the round.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tasks.generation.prompts.instructions import ItemKind
from tasks.generation.quotas import PairOrQuestion, Quota, count_letters
from tasks.schemas.item_rows import Pair, Passage, QuestionType
from tasks.schemas.messages import Message
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.sections.apportionment import apportion_total

MIN_WINDOW_CHARACTERS = (
    2500  # characters; a window below it holds too little to tell like things apart
)
MAX_EMPTY_ROUNDS = 2  # rounds without anything new after which a place counts as exhausted
SAMPLES_PER_ROUND = 10_000  # more than one place is asked in one round
MAX_REMINDERS = 30  # items of a place that the next request is told not to repeat

ITEM_KINDS: tuple[ItemKind, ItemKind] = ("pair", "question")


class FallenItem(NamedTuple):
    """A refused item that goes back to its writer."""

    raw: str  # as it came
    reason: Message
    passages: tuple[Passage, ...]  # the one that it rests on, or all that were shown


@dataclass
class Window:
    """A window of passages that is asked again until its share is met or it has no more to give."""

    passages: tuple[Passage, ...]
    need: dict[ItemKind, int]
    max_items: int  # items a request may ask for; halved when answers come back cut off
    empty_rounds: dict[ItemKind, int] = field(default_factory=lambda: {"pair": 0, "question": 0})
    answered_rounds: dict[ItemKind, int] = field(
        default_factory=lambda: {"pair": 0, "question": 0}
    )  # rounds it answered in
    closed_reasons: dict[ItemKind, str] = field(
        default_factory=dict
    )  # kind → why nothing more is asked: exhausted, unfit, cut, refused, rounds
    kept: list[PairOrQuestion] = field(default_factory=list)
    fallen: dict[ItemKind, list[FallenItem]] = field(
        default_factory=lambda: {"pair": [], "question": []}
    )  # not yet sent back
    written: dict[ItemKind, list[str]] = field(
        default_factory=lambda: {"pair": [], "question": []}
    )  # reminders of all that came from here, the refused ones too

    def is_open(self, kind: ItemKind) -> bool:
        """Whether it may still be asked."""
        return kind not in self.closed_reasons


class PlannedRequest(NamedTuple):
    """One request before it is worded."""

    window: Window
    kind: ItemKind
    asked: int
    kinds: dict[QuestionType, int]
    focus: str  # id of the passage to begin with, where a place is asked several times at once
    avoid: tuple[str, ...]
    sample: int  # so that asking the same again is another request with another answer
    repairs: tuple[FallenItem, ...] = ()  # refused items that are to be repaired or replaced
    places: tuple[Window, ...] = ()  # of the repairs

    @property
    def passages(self) -> tuple[Passage, ...]:
        """What is shown: the window, or what the refused items rest on."""
        rest_on = (passage for item in self.repairs for passage in item.passages)
        return tuple({p.id: p for p in rest_on}.values()) or self.window.passages

    def list_places(self) -> tuple[Window, ...]:
        """The windows that are asked."""
        return self.places or (self.window,)


def plan_windows(passages: Sequence[Passage], quota: Quota, plan: GenerationPlan) -> list[Window]:
    """Cut a chapter into windows of like substance and share the quota over them."""
    items = max(quota.pairs, quota.questions)
    size = sum(len(p.text) for p in passages)
    windows = cut_windows(
        passages,
        max(
            -(-size // plan.shown_characters),
            min(-(-items // plan.per_request), size // MIN_WINDOW_CHARACTERS),
            1,
        ),
    )
    weights = {str(i): count_letters(window) for i, window in enumerate(windows)}
    pairs, questions = (
        apportion_total(weights, quota.pairs),
        apportion_total(weights, quota.questions),
    )
    most = plan.per_request
    return [
        Window(tuple(w), {"pair": pairs[str(i)], "question": questions[str(i)]}, most)
        for i, w in enumerate(windows)
    ]


def cut_windows(passages: Sequence[Passage], number: int) -> list[list[Passage]]:
    """At most `number` runs of passages of about equal length; a new section is a welcome end."""
    whole = sum(len(p.text) for p in passages)
    windows: list[list[Passage]] = [[]]
    before = 0
    for passage in passages:
        goal = whole * len(windows) / number
        new_section = bool(windows[-1]) and passage.section != windows[-1][-1].section
        near = before + len(passage.text) / 2 > goal or (
            new_section and before > goal - whole / number / 4
        )
        if windows[-1] and len(windows) < number and near:
            windows.append([])
        windows[-1].append(passage)
        before += len(passage.text)
    return windows


def plan_round(
    all_places: Sequence[Window],
    quota: Quota,
    plan: GenerationPlan,
    kept: Sequence[PairOrQuestion],
    turn: int = 0,
) -> list[PlannedRequest]:
    """Every request of the next round, fixed before any of them is sent: refused items go back,
    what never came is asked for anew.
    """
    pairs = sum(isinstance(item, Pair) for item in kept)
    rebalance_needs(all_places, "pair", max(0, quota.pairs - pairs))
    rebalance_needs(all_places, "question", max(0, quota.questions - (len(kept) - pairs)))
    have: Counter[QuestionType] = Counter(item.kind for item in kept if not isinstance(item, Pair))
    round_: list[PlannedRequest] = []
    fallen: dict[ItemKind, list[tuple[Window, FallenItem]]] = {"pair": [], "question": []}
    for place in all_places:
        for kind in ITEM_KINDS:
            back = place.fallen[kind][: max(0, place.need[kind])] if place.is_open(kind) else []
            place.fallen[kind] = []
            fallen[kind] += [(place, item) for item in back]
            if place.need[kind] > len(back) and place.is_open(kind):
                anew = place.need[kind] - len(back)
                round_ += _plan_window_requests(place, kind, anew, plan, have, turn)
    for kind in ITEM_KINDS:
        round_ += _plan_repair_requests(fallen[kind], kind, plan.per_request, turn)
    return round_


def _plan_repair_requests(
    fallen: Sequence[tuple[Window, FallenItem]], kind: ItemKind, most: int, turn: int
) -> list[PlannedRequest]:
    """The refused items of all windows together, so many in a request."""
    asks = []
    for start in range(0, len(fallen), most):
        group = fallen[start : start + most]
        places = tuple({id(place): place for place, _ in group}.values())
        items = tuple(item for _, item in group)
        sample = turn * SAMPLES_PER_ROUND + start
        asks.append(PlannedRequest(places[0], kind, len(items), {}, "", (), sample, items, places))
    return asks


def _plan_window_requests(
    place: Window,
    kind: ItemKind,
    number: int,
    plan: GenerationPlan,
    have: Counter[QuestionType],
    turn: int,
) -> list[PlannedRequest]:
    """A place's requests of one round; each of several begins at another passage."""
    most = round_to_whole_facts(place.max_items, plan.paraphrases if kind == "pair" else 1)
    known = [
        build_reminder(item) for item in place.kept if isinstance(item, Pair) == (kind == "pair")
    ]
    avoid = tuple(dict.fromkeys([*place.written[kind], *known]))[-MAX_REMINDERS:]
    sizes = [most] * (number // most) + [number % most] * (number % most > 0)
    asks = []
    for i, size in enumerate(sizes):
        kinds = allocate_question_types(plan.kinds, have, size) if kind == "question" else {}
        focus = place.passages[len(place.passages) * i // len(sizes)].id if len(sizes) > 1 else ""
        asks.append(
            PlannedRequest(place, kind, size, kinds, focus, avoid, turn * SAMPLES_PER_ROUND + i)
        )
    return asks


def round_to_whole_facts(most: int, paraphrases: int) -> int:
    """Items of one request such that all wordings of a fact come together."""
    return max(1, most // paraphrases) * paraphrases


def allocate_question_types(
    shares: dict[QuestionType, float], have: Counter[QuestionType], number: int
) -> dict[QuestionType, int]:
    """The types of the next `number` questions: each time the type that is furthest behind its
    share; counts in `have`.
    """
    dealt: Counter[QuestionType] = Counter()
    whole = sum(shares.values()) or 1.0
    for _ in range(number if shares else 0):
        total = have.total() + 1
        name = max(shares, key=lambda kind: shares[kind] / whole * total - have[kind])
        dealt[name] += 1
        have[name] += 1
    return {name: dealt[name] for name in shares if dealt[name]}


def build_reminder(item: PairOrQuestion) -> str:
    """A kept item in few words."""
    text = item.symptom if isinstance(item, Pair) else item.question
    return f"{item.fact}: {' '.join(text.split()[:12])}"


def build_fallen_reminder(raw: str) -> str:
    """A refused item in few words; empty where it cannot be read."""
    try:
        item = json.loads(raw)
        text = str(item.get("symptom") or item.get("question") or "")
        return f"{item.get('fact') or ''}: {' '.join(text.split()[:12])}"[:300] if text else ""
    except (ValueError, AttributeError, RecursionError):
        return ""


Spot = tuple[int, ItemKind]  # a window, by its identity, and a kind


@dataclass
class RoundOutcome:
    """What a round's answers came to, by window and kind."""

    brought: Counter[Spot] = field(default_factory=Counter)  # items that were kept
    broken: set[Spot] = field(default_factory=set)  # refused, filtered or failed: says nothing
    cut: set[Spot] = field(default_factory=set)  # cut off before an item was whole
    faulted: set[Spot] = field(default_factory=set)  # items fell for more than repeating others


def close_round(asked: Sequence[PlannedRequest], outcome: RoundOutcome, most: int) -> None:
    """A place that gave nothing new in two rounds, though it answered, has no more, or its writer
    nothing that passes the checks; one that answered often enough is left, cut off or not. Items
    that could not be repaired do not say that it has no more.
    """
    places = {(id(w), a.kind): (w, a.kind) for a in asked for w in a.list_places()}
    anew = {(id(a.window), a.kind) for a in asked if not a.repairs}
    for spot, (place, kind) in places.items():
        found = outcome.brought[spot]
        if not found and spot in outcome.broken:
            continue
        place.answered_rounds[kind] += 1
        if found:
            place.empty_rounds[kind] = 0
        elif spot in anew and spot not in outcome.cut:
            place.empty_rounds[kind] += 1
        if not place.is_open(kind):
            continue
        if place.empty_rounds[kind] >= MAX_EMPTY_ROUNDS:
            place.closed_reasons[kind] = "unfit" if spot in outcome.faulted else "exhausted"
        elif place.answered_rounds[kind] > most:
            place.closed_reasons[kind] = "cut" if spot in outcome.cut and not found else "rounds"


def rebalance_needs(all_places: Sequence[Window], kind: ItemKind, missing: int) -> None:
    """Make the open places' needs sum up to what the chapter misses: surplus here pays
    debts there.
    """
    wants = {
        str(i): max(0, p.need[kind]) if p.is_open(kind) else 0 for i, p in enumerate(all_places)
    }
    open_ = {str(i): count_letters(p.passages) for i, p in enumerate(all_places) if p.is_open(kind)}
    over = sum(wants.values()) - missing
    if over > 0:
        wants = apportion_total(wants, missing)
    elif over < 0:
        wants = {
            name: wants[name] + share
            for name, share in {**dict.fromkeys(wants, 0), **apportion_total(open_, -over)}.items()
        }
    for name, need in wants.items():
        all_places[int(name)].need[kind] = need


def split_window(place: Window, kind: ItemKind) -> list[Window]:
    """Two places for one that was refused or too long; an only passage is given up."""
    if len(place.passages) < 2:
        place.closed_reasons[kind] = "refused"
        return [place]
    middle = len(place.passages) // 2
    first, second = place.passages[:middle], place.passages[middle:]
    shares = {
        k: apportion_total({"0": count_letters(first), "1": count_letters(second)}, place.need[k])
        for k in ITEM_KINDS
    }
    fallen: list[dict[ItemKind, list[FallenItem]]] = [{k: [] for k in ITEM_KINDS} for _ in "01"]
    for k in ITEM_KINDS:
        for item in place.fallen[k]:
            fallen[item.passages[0] in second][k].append(item)
    return [
        Window(
            part,
            {k: shares[k][str(i)] for k in ITEM_KINDS},
            place.max_items,
            dict(place.empty_rounds),
            dict(place.answered_rounds),
            dict(place.closed_reasons),
            kept=list(place.kept),
            fallen=fallen[i],
            written={k: list(place.written[k]) for k in ITEM_KINDS},
        )
        for i, part in enumerate((first, second))
    ]
