"""From text to tokens exactly as lm-evaluation-harness does it, so that our log-likelihoods can be
checked against its own.
"""

import contextlib
import functools
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from jinja2 import TemplateError

from tasks.models.model_config import find_context_window
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import Message, build_message
from tasks.store.foreign.trial import find_excess

TRIAL = "A question? " * 200  # about as long as a question with four options
FAILURES = (TypeError, ArithmeticError, ValueError, RecursionError)  # of a template's own words
NO_LIMIT = 10**12  # tokenizers say "no limit" with a number beyond this


class Continuation(NamedTuple):
    """A context and one way to go on; its log-likelihood is wanted."""

    context: tuple[int, ...]
    tokens: tuple[int, ...]


def encode_texts(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The tokens of texts with the tokenizer's own special tokens; never a second
    beginning-of-text. All begin alike.
    """
    first = get_prefix_token(tokenizer)
    doubled = first is not None and texts[0].startswith(tokenizer.decode(first))
    return [
        list(tokens)
        for tokens in tokenizer(list(texts), **({"add_special_tokens": False} if doubled else {}))[
            "input_ids"
        ]
    ]


def get_prefix_token(tokenizer: Any) -> int | None:
    """What an empty context is replaced by: beginning of text, else end of text."""
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    return None if first is None else int(first)


def encode_continuations(
    tokenizer: Any, context: str, continuations: Sequence[str]
) -> list[Continuation]:
    """Context and continuation are encoded together and split at the context's length; blanks go to
    the continuation.

    A tokenizer may join letters over the seam; splitting afterwards keeps the sum over the whole
    text honest.
    """
    bare = context.rstrip()
    if not bare:
        return [
            _encode_without_context(tokenizer, context + continuation)
            for continuation in continuations
        ]
    before, *whole = encode_texts(
        tokenizer, [bare, *(context + continuation for continuation in continuations)]
    )
    return [Continuation(tuple(before), tuple(tokens[len(before) :])) for tokens in whole]


def _encode_without_context(tokenizer: Any, continuation: str) -> Continuation:
    """With no context, the beginning-of-text token stands for one."""
    tokens = list(tokenizer.encode(continuation, add_special_tokens=False))
    first = get_prefix_token(tokenizer)
    if first is None or tokens[:1] == [first]:
        return Continuation(tuple(tokens[:1]), tuple(tokens[1:]))
    return Continuation((first,), tuple(tokens))


def get_context_window(model: Any, tokenizer: Any) -> int:
    """The most tokens the model can look at."""
    if (window := find_context_window(model.config)) is not None:
        return window
    said = getattr(tokenizer, "model_max_length", None)
    return int(said) if said is not None and said < NO_LIMIT else 2048


def has_chat_template(tokenizer: Any) -> bool:
    """Whether the tokenizer brings a chat template."""
    return bool(getattr(tokenizer, "chat_template", None))


def format_chat_prompt(
    tokenizer: Any, prompt: str, options: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """The prompt as a person's message, up to where the model's reply begins; `options` are the
    template's own.

    Templates of models that also see read a message as a list of parts; one of them is then the
    text.
    Raises PlanError where the template fails on it, takes much time or memory, or leaves the prompt
    out: all questions would be one and the same.
    """
    asked = json.dumps([tokenizer.chat_template, dict(options)], default=str)
    if excess := _try_template(tokenizer, asked):
        raise PlanError(build_message("template-takes-no-exam", why=excess, choose=""))
    why: Message | str = build_message("template-drops-text")
    for content in (prompt, [{"type": "text", "text": prompt}]):
        try:
            message = [{"role": "user", "content": content}]
            made = str(
                tokenizer.apply_chat_template(
                    message, **{**options, "tokenize": False, "add_generation_prompt": True}
                )
            )
        except (
            TemplateError,
            *FAILURES,
        ) as error:  # ValueError: several templates and no default
            why = str(error)
            continue
        if prompt.strip() in made:
            return made
    raise PlanError(
        build_message("template-takes-no-exam", why=why, choose=_explain_choice(tokenizer))
    )


@functools.lru_cache(maxsize=4)
def _try_template(tokenizer: Any, asked: str) -> Message | None:
    """Which budget a template with its options breaks; asked once, since every question has the
    same form.
    """
    _, options = json.loads(asked)

    def render() -> None:
        for content in (TRIAL, [{"type": "text", "text": TRIAL}]):
            with contextlib.suppress(TemplateError, *FAILURES):
                tokenizer.apply_chat_template(
                    [{"role": "user", "content": content}],
                    **{**options, "tokenize": False, "add_generation_prompt": True},
                )

    return find_excess(render)


def _explain_choice(tokenizer: Any) -> Message | str:
    """How to choose among several templates, where there are several."""
    templates = tokenizer.chat_template
    if not isinstance(templates, dict) or "default" in templates:
        return ""
    names = tuple(str(name)[:40] for name in sorted(templates)[:9])
    return build_message("choose-template", setting="{chat_template: NAME}", names=names)
