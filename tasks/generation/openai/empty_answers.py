"""Answers that hold nothing: what came instead of a text, and when to stop asking for more of it.

A server that answers HTTP 200 without a text costs money with every answer. Before its first text
two answers that may
cost their worst price, or three of any kind, are enough to know; after it, a gateway may stumble a
few times.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple

from tasks.generation.openai.completions import parse_body
from tasks.generation.openai.prompt_counts import PromptCounts
from tasks.generation.openai.request_errors import READING_ERRORS, redact_keys
from tasks.schemas.messages import Figure, Message, build_message

FIRST, FIRST_UNPROVEN, LATER = 3, 2, 4  # answers in a row
# answers in a row without an item that can be read, before the first that has one: 66 were paid
# for of a server that wrote prose; eight of GPT-4o cost about 0.20 dollars
FIRST_UNREAD = 8
SHOWN = 120  # characters of a body that are told

REMEDIES = {
    "thought": build_message("remedy-for-thoughts"),
    "tool": build_message("remedy-for-tool-calls"),
    "page": build_message("remedy-for-a-web-page"),
    "cut": build_message("remedy-for-cut-answers"),
    "none": build_message("remedy-for-no-answers"),
}


class Emptiness(NamedTuple):
    """What a body holds instead of a text."""

    kind: str  # of REMEDIES
    seen: Message | str  # without keys


class EmptyAnswer(NamedTuple):
    """One such answer and what it costs."""

    what: Emptiness
    usd: float
    is_proven: bool  # the server told its price; else the worst is set aside


@dataclass
class AnswerBreaker:
    """Counts answers without text in a row, and prompts that were cut, over all chapters that ask
    one server; safe for several threads.
    """

    row: list[EmptyAnswer] = field(default_factory=list)
    stopped: str | Message = ""  # why nothing more is asked
    prompts: PromptCounts = field(default_factory=PromptCounts)
    unread: int | None = 0  # answers that hold no item; none once an item was read
    _has_written: bool = False
    _counted_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note_text(self) -> None:
        """An answer held a text."""
        with self._lock:
            self._has_written = True
            self.row = []

    def note_items(self, are_read: bool, text: str, server: str, model: str) -> None:
        """Whether an answer's text held items."""
        with self._lock:
            self.unread = None if are_read or self.unread is None else self.unread + 1
            if self.unread == FIRST_UNREAD and not self.stopped:
                start = redact_keys(" ".join(text[: 4 * SHOWN].split()))[:SHOWN]
                self.stopped = build_message(
                    "answers-unread", n=self.unread, model=model, server=server, start=start
                )

    def note_prompt(self, key: str, told: int, sent: int, server: str, model: str) -> None:
        """The server counted so many tokens of a prompt of about so many."""
        with self._lock:
            if self.prompts.note_count(key, told, sent) and not self.stopped:
                most = self.prompts.most_told
                self.stopped = build_message(
                    "prompts-cut", model=model, server=server, told=most, sent=sent
                )

    def note_empty(self, answer: EmptyAnswer, entered: float, server: str, model: str) -> None:
        """An answer held none; those that were under way together when the last one was counted are
        one sight.
        """
        with self._lock:
            if self._has_written and entered <= self._counted_at:
                return
            self._counted_at = monotonic()
            self.row.append(answer)
            unproven = sum(not one.is_proven for one in self.row)
            enough = (
                len(self.row) >= LATER
                if self._has_written
                else len(self.row) >= FIRST or unproven >= FIRST_UNPROVEN
            )
            if enough and not self.stopped:
                self.stopped = explain_stop(self.row, server, model)


def explain_stop(row: list[EmptyAnswer], server: str, model: str) -> Message:
    """What was seen and where, what it cost, what to do."""
    paid = sum(one.usd for one in row if one.is_proven)
    doubtful = sum(one.usd for one in row if not one.is_proven)
    cost = build_message("spent", dollars=Figure(paid, 4))
    more = build_message("note-spent-doubtful", dollars=Figure(doubtful, 4))
    return build_message(
        "answers-without-text",
        n=len(row),
        model=model,
        server=server,
        seen=tuple(dict.fromkeys(one.what.seen for one in row)),
        cost=(cost, more) if doubtful else (cost,),
        remedy=REMEDIES[row[-1].what.kind],
    )


def describe_empty(body: str) -> Emptiness:
    """What is in a body that no text could be read from."""
    start = redact_keys(" ".join(body[: 4 * SHOWN].split()))[:SHOWN]
    if not body.strip():
        return Emptiness("none", build_message("seen-empty-body"))
    if body.lstrip()[:1] == "<":
        return Emptiness("page", build_message("seen-web-page", start=start))
    try:
        tree = parse_body(body)
    except READING_ERRORS:
        return Emptiness("cut", build_message("seen-no-whole-json", start=start))
    choices = tree.get("choices", "is missing") if isinstance(tree, dict) else "is missing"
    if not choices or not isinstance(choices, list):
        told = json.dumps(choices)[:SHOWN]
        return Emptiness("none", build_message("seen-no-choices", choices=told, start=start))
    return _describe_choice(choices[0])


def _describe_choice(choice: Any) -> Emptiness:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return Emptiness("none", build_message("seen-no-message"))
    ended = redact_keys(str(choice.get("finish_reason")))[:40]
    if calls := message.get("tool_calls") or message.get("function_call"):
        names = re.findall(r'"name": "([\w.-]{1,40})"', json.dumps(calls)[:2000])
        tools = tuple(names[:3]) or ("—",)
        return Emptiness("tool", build_message("seen-tool-call", tools=tools, ended=ended))
    for name in ("reasoning_content", "reasoning", "thinking"):
        if thought := message.get(name):
            told = build_message("seen-thought", n=len(str(thought)), field=name, ended=ended)
            return Emptiness("thought", told)
    kind = "thought" if choice.get("finish_reason") == "length" else "none"
    return Emptiness(kind, build_message("seen-empty-content", ended=ended))


_breakers: dict[str, tuple[AnswerBreaker, int]] = {}
_all = threading.Lock()


@contextmanager
def shared_breaker(name: str) -> Iterator[AnswerBreaker]:
    """The one breaker of all that ask under a name at the same time; who comes after all have gone
    begins anew.
    """
    with _all:
        breaker, users = _breakers.get(name, (AnswerBreaker(), 0))
        _breakers[name] = (breaker, users + 1)
    try:
        yield breaker
    finally:
        with _all:
            breaker, users = _breakers.pop(name)
            if users > 1:
                _breakers[name] = (breaker, users - 1)
