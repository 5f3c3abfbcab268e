"""How other servers than OpenAI word a completion, each seen at one of them: vLLM, Ollama, llama.cpp, LM Studio, proxies."""

import copy
import json
from collections.abc import Callable, Collection
from typing import Any

Tree = dict[str, Any]


def _change_message(**changes: Any) -> Callable[[Tree], None]:
    return lambda tree: tree["choices"][0]["message"].update(changes)


def _message_of(message: Any) -> Callable[[Tree], None]:
    return lambda tree: tree["choices"][0].update(message=message)


def _change_content(change: Callable[[str], Any]) -> Callable[[Tree], None]:
    def apply_change(tree: Tree) -> None:
        message = tree["choices"][0]["message"]
        message["content"] = change(message["content"])

    return apply_change


def _split_parts(text: str) -> list[Tree]:
    half = len(text) // 2
    return [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]


THOUGHT = 'The user wants {"items": [{"fact": "thought", "symptom": "thought"}]}. I write ten.\n'

BODIES = {  # instead of a completion; None: the first half of one
    "empty": "",
    "page": "<html>Sign in to Example Proxy</html>",
    "half": None,
    "deep": "[" * 200_000,
    "list": "[1, 2]",
}

WORDINGS: dict[str, Callable[[Tree], None]] = {
    "usage_null": lambda tree: tree.update(usage=None),
    "usage_words": lambda tree: tree.update(
        usage={"prompt_tokens": "many", "completion_tokens": float("nan"), "total_tokens": None}
    ),
    "usage_negative": lambda tree: tree.update(
        usage={"prompt_tokens": -5, "completion_tokens": -1, "total_tokens": -6}
    ),
    "usage_huge": lambda tree: tree.update(
        usage={"prompt_tokens": 10**400, "completion_tokens": 10**30, "total_tokens": 1}
    ),
    "usage_tiny": lambda tree: tree.update(
        usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    ),
    "usage_digits": lambda tree: tree.update(
        usage={"prompt_tokens": "12", "completion_tokens": True, "total_tokens": "13"}
    ),
    "usage_list": lambda tree: tree.update(usage=[1, 2]),
    "finish_null": lambda tree: tree["choices"][0].update(finish_reason=None),
    "finish_eos": lambda tree: tree["choices"][0].update(finish_reason="eos_token"),
    "extras": _change_message(
        reasoning_content="hm …",
        tool_calls=[],
        annotations=[],
        refusal="",
        provider_specific_fields={"x": 1},
    ),
    "reasoning_only": _change_message(content=None, reasoning_content="hm …"),
    "tool_calls": _change_message(
        content=None,
        tool_calls=[
            {"id": "1", "type": "function", "function": {"name": "emit_items", "arguments": "{}"}}
        ],
    ),
    "blank": _change_message(content=" \n"),
    "message_null": _message_of(None),
    "choices_null": lambda tree: tree.update(choices=None),
    "choices_empty": lambda tree: tree.update(choices=[]),
    "no_choices": lambda tree: tree.pop("choices"),
    "reasoned_away": lambda tree: tree["choices"][0].update(
        finish_reason="length", message={"role": "assistant", "content": ""}
    ),
    "parts": _change_content(_split_parts),
    "think": _change_content(lambda text: f"<think>\n{THOUGHT}</think>\n\n{text}"),
    "think_unopened": _change_content(lambda text: f"{THOUGHT}</think>{text}"),
    "fence": _change_content(lambda text: f"```json\n{text}\n```"),
    "half_character": _change_content(lambda text: text.replace("سال", "سال\ud83e")),
    "error_200": lambda tree: (
        tree.clear(),
        tree.update(error={"code": 429, "message": "Provider is rate-limited."}),
    )[0],  # OpenRouter
    "error_null": lambda tree: tree.update(choices=None, error={"message": "upstream failed"}),
    "error_choice": lambda tree: tree["choices"][0].update(
        finish_reason="error", error={"code": 502, "message": "lost"}
    ),
}


def render_completion(completion: Tree, dialects: Collection[str]) -> str:
    """The body of an answer as such a server sends it; in `stream` pieces although nobody asked for a stream."""
    tree = copy.deepcopy(completion)
    for name in dialects:
        WORDINGS.get(name, lambda _: None)(tree)
    for name, body in BODIES.items():
        if name in dialects:
            return body if body is not None else json.dumps(tree)[: len(json.dumps(tree)) // 2]
    return (
        _render_stream(tree)
        if "stream" in dialects
        else json.dumps(tree, ensure_ascii="half_character" in dialects)
    )


def _render_stream(tree: Tree) -> str:
    choice = tree["choices"][0]
    text, step = choice["message"]["content"], 400
    pieces = [
        {"delta": {"content": text[at : at + step]}, "finish_reason": None}
        for at in range(0, len(text), step)
    ]
    pieces.append({"delta": {}, "finish_reason": choice["finish_reason"]})
    told = [{"object": "chat.completion.chunk", "choices": [piece]} for piece in pieces]
    told.append({"object": "chat.completion.chunk", "choices": [], "usage": tree.get("usage")})
    return "".join(f"data: {json.dumps(one)}\n\n" for one in told) + "data: [DONE]\n\n"
