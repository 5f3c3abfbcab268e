"""How other servers than OpenAI word a completion, each seen at one of them: vLLM, Ollama, llama.cpp, LM Studio, proxies."""

import copy
import json
from collections.abc import Callable, Collection
from typing import Any

Tree = dict[str, Any]


def _message(**changes: Any) -> Callable[[Tree], None]:
    return lambda tree: tree["choices"][0]["message"].update(changes)


def _said(change: Callable[[str], Any]) -> Callable[[Tree], None]:
    def apply(tree: Tree) -> None:
        message = tree["choices"][0]["message"]
        message["content"] = change(message["content"])

    return apply


def _parts(text: str) -> list[Tree]:
    half = len(text) // 2
    return [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]


THOUGHT = 'The user wants {"items": [{"fact": "thought", "symptom": "thought"}]}. I write ten.\n'

WORDINGS: dict[str, Callable[[Tree], None]] = {
    "usage_null": lambda tree: tree.update(usage=None),
    "usage_words": lambda tree: tree.update(usage={"prompt_tokens": "many", "completion_tokens": float("nan"), "total_tokens": None}),
    "finish_null": lambda tree: tree["choices"][0].update(finish_reason=None),
    "finish_eos": lambda tree: tree["choices"][0].update(finish_reason="eos_token"),
    "extras": _message(reasoning_content="hm …", tool_calls=[], annotations=[], refusal="", provider_specific_fields={"x": 1}),
    "reasoning_only": _message(content=None, reasoning_content="hm …"),
    "reasoned_away": lambda tree: tree["choices"][0].update(finish_reason="length", message={"role": "assistant", "content": ""}),
    "parts": _said(_parts),
    "think": _said(lambda text: f"<think>\n{THOUGHT}</think>\n\n{text}"),
    "think_unopened": _said(lambda text: f"{THOUGHT}</think>{text}"),
    "fence": _said(lambda text: f"```json\n{text}\n```"),
    "half_character": _said(lambda text: text.replace("سال", "سال\ud83e")),
    "error_200": lambda tree: (tree.clear(), tree.update(error={"code": 429, "message": "Provider is rate-limited."}))[0],  # OpenRouter
    "error_choice": lambda tree: tree["choices"][0].update(finish_reason="error", error={"code": 502, "message": "lost"}),
}


def worded(completion: Tree, dialects: Collection[str]) -> str:
    """The body of an answer as such a server sends it; in `stream` pieces although nobody asked for a stream."""
    tree = copy.deepcopy(completion)
    for name in dialects:
        WORDINGS.get(name, lambda _: None)(tree)
    if "empty" in dialects:
        return ""
    return _streamed(tree) if "stream" in dialects else json.dumps(tree, ensure_ascii="half_character" in dialects)


def _streamed(tree: Tree) -> str:
    choice = tree["choices"][0]
    text, step = choice["message"]["content"], 400
    pieces = [{"delta": {"content": text[at : at + step]}, "finish_reason": None} for at in range(0, len(text), step)]
    pieces.append({"delta": {}, "finish_reason": choice["finish_reason"]})
    told = [{"object": "chat.completion.chunk", "choices": [piece]} for piece in pieces]
    told.append({"object": "chat.completion.chunk", "choices": [], "usage": tree.get("usage")})
    return "".join(f"data: {json.dumps(one)}\n\n" for one in told) + "data: [DONE]\n\n"
