"""The slow way: one forward pass for each sequence. The reference for the fast way, and the way for
models that cannot branch.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from tasks.evaluation.scorer.encoding import Continuation


class DecodingLimits(NamedTuple):
    """How a reply is drawn: greedily, up to so many tokens, up to the window, until an end
    token.
    """

    max_new_tokens: int
    window: int
    end_tokens: frozenset[int]


def compute_log_likelihood(model: Any, asked: Continuation) -> float:
    """Sum of log P(token | all before it) over the continuation, in nats."""
    tokens = torch.tensor([[*asked.context, *asked.tokens]], device=model.device)
    with torch.inference_mode():
        logits = (
            model(input_ids=tokens[:, :-1], use_cache=False)
            .logits[0, len(asked.context) - 1 :]
            .float()
        )  # (continuation, V)
    targets = tokens[0, len(asked.context) :, None]
    return float(logits.log_softmax(-1).gather(1, targets).sum())


def generate_reply(model: Any, prompt: Sequence[int], voice: DecodingLimits) -> list[int]:
    """Greedy continuation, without the token that ends it."""
    said: list[int] = []
    with torch.inference_mode():
        while len(said) < voice.max_new_tokens and len(prompt) + len(said) < voice.window:
            tokens = torch.tensor([[*prompt, *said]], device=model.device)
            best = int(model(input_ids=tokens, use_cache=False).logits[0, -1].argmax())
            if best in voice.end_tokens:
                break
            said.append(best)
    return said


def get_end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every token that ends a text for this model."""
    ends = {tokenizer.eos_token_id}
    for config in (getattr(model, "generation_config", None), model.config):
        said = getattr(config, "eos_token_id", None)
        ends |= set(said) if isinstance(said, list | tuple) else {said}
    return frozenset(int(end) for end in ends if end is not None)
