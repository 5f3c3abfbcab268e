"""Read the envelope of a chat completion: how it ended, its text, its tokens. What the text is worth, others decide."""

import json
from typing import Any, NamedTuple

from tasks.generation.budget import Usage
from tasks.generation.ledger import Finish

_FINISH: dict[str, Finish] = {"length": "length", "max_tokens": "length", "content_filter": "content_filter"}


class Envelope(NamedTuple):
    """A response body, read."""

    finish: Finish
    text: str
    usage: Usage | None  # none where the server does not count


def read_envelope(body: str) -> Envelope | None:
    """None where the body is no chat completion: cut off, a proxy's page, another protocol."""
    try:
        tree = json.loads(body)
        choice = tree["choices"][0]
        message = choice["message"]
        refusal, content = message.get("refusal"), message.get("content")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    finish: Finish = "refusal" if refusal else _FINISH.get(choice.get("finish_reason") or "stop", "stop")
    return Envelope(finish, refusal or _text(content), _usage(tree.get("usage")))


def _text(content: Any) -> str:
    """Content is a string, or (some servers) a list of parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict) or not usage.get("prompt_tokens"):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    tokens_in = int(usage["prompt_tokens"])
    return Usage(tokens_in, min(int(cached or 0), tokens_in), int(usage.get("completion_tokens") or 0))
