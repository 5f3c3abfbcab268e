"""Read the envelope of a chat completion: how it ended, its text, its tokens. What the text is
worth, others decide.

Servers differ: content in parts, reasoning before the answer, a stream that nobody asked for, an
error under HTTP 200.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tasks.generation.budget import TokenUsage
from tasks.generation.openai.request_errors import READING_ERRORS
from tasks.generation.response_cache import FinishReason

_FINISH_REASONS: dict[str, FinishReason] = {
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "safety", "prohibited_content"), "content_filter"),
    "refusal": "refusal",
}
MOST_TOKENS = 10**9  # of one answer, told; more is no number of tokens
_REASONING = re.compile(
    r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|\A\s*[^\s{\[`].*?</think(?:ing)?>", re.DOTALL
)


class Completion(NamedTuple):
    """A response body, read."""

    finish: FinishReason
    text: str
    usage: TokenUsage | None  # none where the server does not count
    thought: str = ""  # beside the text, where the server tells it

    def count_written(self) -> int:
        """Tokens that were written, or letters where the server counts none; at least one."""
        return max(1, self.usage.tokens_out if self.usage else len(self.text + self.thought))


def read_completion(body: str) -> Completion | None:
    """None where the body is no chat completion: cut off, a proxy's page, another protocol, an
    answer that broke off.
    """
    try:
        tree = parse_body(body)
        choice = tree["choices"][0]
        message, ended = choice["message"], str(choice.get("finish_reason") or "stop").lower()
        refusal, content = message.get("refusal"), message.get("content")
        if ended == "error":
            return None
        finish: FinishReason = "refusal" if refusal else _FINISH_REASONS.get(ended, "stop")
        whole = _replace_lone_surrogates(_get_content_text(content))
        text = _replace_lone_surrogates(str(refusal)) if refusal else strip_reasoning(whole)
        thought = "".join(
            str(message.get(name) or "") for name in ("reasoning_content", "reasoning")
        )
        return Completion(
            finish,
            text,
            _read_usage(tree.get("usage"), bool(content)),
            thought + whole[: len(whole) - len(text)],
        )
    except READING_ERRORS:
        return None


def usage_in(body: str) -> TokenUsage | None:
    """The tokens that a body tells although no answer can be read from it."""
    try:
        return _read_usage(parse_body(body).get("usage"), wrote=False)
    except READING_ERRORS:
        return None


def find_error_status(body: str) -> int | None:
    """The HTTP status that an error object under HTTP 200 stands for (proxies send such); none: the
    body is no error.
    """
    try:
        tree = parse_body(body)
        error = tree.get("error") if not tree.get("choices") else None
    except READING_ERRORS:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return (code if isinstance(code, int) and 400 <= code < 600 else 502) if error else None


def strip_reasoning(text: str) -> str:
    """The answer without the reasoning that some servers leave before it."""
    return _REASONING.sub("", text, count=1).strip() if "think" in text else text


def parse_body(body: str) -> Any:
    """The completion's tree; a stream of pieces is put together."""
    return (
        _join_pieces(_read_stream_pieces(body))
        if body.lstrip().startswith("data:")
        else json.loads(body)
    )


def _read_stream_pieces(body: str) -> Iterator[dict[str, Any]]:
    for line in re.split(r"\r?\n|\r", body):  # not splitlines: a text may hold other separators
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def _join_pieces(pieces: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """A stream that never told its end was cut off: its choice has the reason `error`."""
    message: dict[str, Any] = {}
    whole: dict[str, Any] = {"usage": None, "choices": []}
    ended = "error"
    for piece in pieces:
        whole |= {name: piece[name] for name in ("usage", "error") if piece.get(name)}
        for choice in piece.get("choices") or []:
            for name, part in (choice.get("delta") or {}).items():
                told = message.get(name)
                joins = name != "role" and type(told) is type(part) and isinstance(part, str | list)
                message[name] = told + part if joins else part or told
            ended = choice.get("finish_reason") or ended
            whole["choices"] = [{"message": message, "finish_reason": ended}]
    return whole


def _get_content_text(content: Any) -> str:
    """Content is a string, or (some servers) a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _replace_lone_surrogates(text: str) -> str:
    """Halves of characters, which no file can hold, become question marks."""
    return text.encode("utf-8", "replace").decode()


def _read_usage(usage: Any, wrote: bool) -> TokenUsage | None:
    """None where something was not counted, or it would be taken as free."""
    if not isinstance(usage, dict) or not (tokens_in := _read_count(usage.get("prompt_tokens"))):
        return None
    if wrote and not _read_count(usage.get("completion_tokens")):
        return None
    details = usage.get("prompt_tokens_details")
    cached = _read_count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    possible = cached if cached <= tokens_in else 0  # else the dearer price
    return TokenUsage(tokens_in, possible, _read_count(usage.get("completion_tokens")))


def _read_count(value: Any) -> int:
    """A number of tokens; 0 for what is none: a text, a negative or an endless number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(value, MOST_TOKENS)) if value > 0 else 0  # also for NaN, which is not above 0
