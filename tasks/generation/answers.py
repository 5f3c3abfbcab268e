"""Read the envelope of a chat completion: how it ended, its text, its tokens. What the text is worth, others decide.

Servers differ: content in parts, reasoning before the answer, a stream that nobody asked for, an error under HTTP 200.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tasks.generation.budget import Usage
from tasks.generation.faults import READING_ERRORS
from tasks.generation.ledger import Finish

_FINISH: dict[str, Finish] = {
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "safety", "prohibited_content"), "content_filter"),
    "refusal": "refusal",
}
MOST_TOKENS = 10**9  # of one answer, told; more is no number of tokens
_THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|\A\s*[^\s{\[`].*?</think(?:ing)?>", re.DOTALL)


class Envelope(NamedTuple):
    """A response body, read."""

    finish: Finish
    text: str
    usage: Usage | None  # none where the server does not count
    thought: str = ""  # beside the text, where the server tells it


def read_envelope(body: str) -> Envelope | None:
    """None where the body is no chat completion: cut off, a proxy's page, another protocol, an answer that broke off."""
    try:
        tree = _tree(body)
        choice = tree["choices"][0]
        message, ended = choice["message"], str(choice.get("finish_reason") or "stop").lower()
        refusal, content = message.get("refusal"), message.get("content")
        if ended == "error":
            return None
        finish: Finish = "refusal" if refusal else _FINISH.get(ended, "stop")
        whole = _sound(_text(content))
        text = _sound(str(refusal)) if refusal else spoken(whole)
        thought = "".join(str(message.get(name) or "") for name in ("reasoning_content", "reasoning"))
        return Envelope(finish, text, _usage(tree.get("usage"), bool(content)), thought + whole[: len(whole) - len(text)])
    except READING_ERRORS:
        return None


def usage_in(body: str) -> Usage | None:
    """The tokens that a body tells although no answer can be read from it."""
    try:
        return _usage(json.loads(body).get("usage"), wrote=False)
    except READING_ERRORS:
        return None


def error_in(body: str) -> int | None:
    """The HTTP status that an error object under HTTP 200 stands for (proxies send such); none: the body is no error."""
    try:
        tree = json.loads(body)
        error = tree.get("error") if "choices" not in tree else None
    except READING_ERRORS:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return (code if isinstance(code, int) and 400 <= code < 600 else 502) if error else None


def spoken(text: str) -> str:
    """The answer without the reasoning that some servers leave before it."""
    return _THOUGHT.sub("", text, count=1).strip() if "think" in text else text


def _tree(body: str) -> Any:
    """The completion's tree; a stream of pieces is put together."""
    return _joined(_pieces(body)) if body.lstrip().startswith("data:") else json.loads(body)


def _pieces(body: str) -> Iterator[dict[str, Any]]:
    for line in re.split(r"\r?\n|\r", body):  # not splitlines: a text may hold other separators
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def _joined(pieces: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """A stream that never told its end was cut off: a KeyError."""
    content, usage = "", None
    ended: dict[str, Any] = {}
    for piece in pieces:
        usage = piece.get("usage") or usage
        for choice in piece.get("choices") or []:
            content += (choice.get("delta") or {}).get("content") or ""
            ended = {"finish_reason": choice["finish_reason"]} if choice.get("finish_reason") else ended
    return {"choices": [{"message": {"content": content}, "finish_reason": ended["finish_reason"]}], "usage": usage}


def _text(content: Any) -> str:
    """Content is a string, or (some servers) a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _sound(text: str) -> str:
    """Halves of characters, which no file can hold, become question marks."""
    return text.encode("utf-8", "replace").decode()


def _usage(usage: Any, wrote: bool) -> Usage | None:
    """None where something was not counted, or it would be taken as free."""
    if not isinstance(usage, dict) or not (tokens_in := _count(usage.get("prompt_tokens"))):
        return None
    if wrote and not _count(usage.get("completion_tokens")):
        return None
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Usage(tokens_in, min(cached, tokens_in), _count(usage.get("completion_tokens")))


def _count(value: Any) -> int:
    """A number of tokens; 0 for what is none: a text, a negative or an endless number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(value, MOST_TOKENS)) if value > 0 else 0  # also for NaN, which is not above 0
