"""What a server wants otherwise than it was asked, learnt from its refusals: fields that it lacks
or names in another way, a system message, an answer in one piece.
"""

from dataclasses import dataclass, field
from typing import Any

from tasks.generation.openai.request_errors import (
    ARRAY_BOUNDS,
    STREAM,
    STREAM_OPTIONS,
    SYSTEM_ROLE,
    RequestFailure,
)
from tasks.generation.prompts.instructions import drop_array_bounds

OTHER_NAMES = {"max_tokens": "max_completion_tokens"}


@dataclass
class ServerDialect:
    """How one server takes requests; shared by all that ask it in one chapter."""

    parameter_names: dict[str, str | None] = field(
        default_factory=dict
    )  # request fields that this server calls otherwise, or lacks
    learnt: set[str] = field(default_factory=set)  # ways of REWORDINGS

    def translate_body(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body in the words of this server."""
        named = {self.parameter_names.get(name, name): value for name, value in body.items()}
        told = {name: value for name, value in named.items() if name is not None}
        for name, reword in REWORDINGS.items():
            told = reword(told) if name in self.learnt else told
        return told

    def learn(self, fault: RequestFailure, body: dict[str, Any]) -> bool:
        """Learn from the refusal of a body; false where there is nothing to learn."""
        if fault.action != "dialect" or fault.param == self.parameter_names.get(
            "max_tokens"
        ):  # it has no name for the limit
            return False
        if reword := REWORDINGS.get(fault.param):
            told = self.translate_body(body)
            if fault.param not in self.learnt and reword(told) == told:
                return False
            self.learnt.add(fault.param)
        elif fault.param in self.translate_body(body):  # not learnt meanwhile, from another request
            self.parameter_names[fault.param] = OTHER_NAMES.get(fault.param)
        return True


def move_system_text(body: dict[str, Any]) -> dict[str, Any]:
    """The system message's text before the user's own, for templates that know no system role."""
    messages = [m for m in body["messages"] if m["role"] != "system"]
    said = "\n\n".join(m["content"] for m in body["messages"] if m["role"] == "system")
    if not said or not messages:
        return body
    first = messages[0]["content"]
    told = (
        [{"type": "text", "text": said}, *first]
        if isinstance(first, list)
        else f"{said}\n\n{first}"
    )
    return {**body, "messages": [{**messages[0], "content": told}, *messages[1:]]}


def ask_for_stream(body: dict[str, Any]) -> dict[str, Any]:
    """The answer in pieces, with a count of tokens at its end."""
    return {**body, "stream": True, STREAM_OPTIONS: {"include_usage": True}}


def drop_stream_options(body: dict[str, Any]) -> dict[str, Any]:
    """A stream without a count of tokens."""
    return {name: value for name, value in body.items() if name != STREAM_OPTIONS}


REWORDINGS = {
    ARRAY_BOUNDS: drop_array_bounds,
    SYSTEM_ROLE: move_system_text,
    STREAM: ask_for_stream,
    STREAM_OPTIONS: drop_stream_options,
}
