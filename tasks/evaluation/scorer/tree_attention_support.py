"""Whether a loaded model can read branches: tried on a dozen tokens, since no list of architectures
stays true.

Recurrent models, sliding windows in use, ALiBi and attention kernels without free masks cannot;
they are read the slow way.
"""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from tasks.evaluation.scorer.prefix_tree import ROOT, TokenTree
from tasks.evaluation.scorer.tree_attention import (
    EMPTY_CACHE,
    CacheColumns,
    Position,
    build_batch,
    build_visibility_mask,
    copy_cache,
    run_forward_pass,
)

_support_by_model: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
# What libraries raise when a mask of four dimensions, positions or a cache do not fit a model.
MODEL_ERRORS = (
    ValueError,
    TypeError,
    RuntimeError,
    IndexError,
    KeyError,
    AttributeError,
    NotImplementedError,
)
FLOAT32_TOLERANCE, LOW_PRECISION_TOLERANCE = (
    1e-3,
    0.25,
)  # error against the effect of the other branch: in float32; in 16 bits, whose rounding is coarse


def can_use_tree_attention(model: Any, longest: int) -> bool:
    """Whether texts of up to `longest` tokens may be read as branches; found out once for each
    model.
    """
    config = model.config.get_text_config()
    if getattr(config, "_attn_implementation", None) not in ("sdpa", "eager") or _has_short_window(
        config, longest
    ):
        return False
    if model not in _support_by_model:
        _support_by_model[model] = _passes_trial(model)
    return _support_by_model[model]


def _has_short_window(config: Any, longest: int) -> bool:
    """Whether a layer would look only at a part of such a text."""
    spans = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return any(isinstance(span, int) and span < longest for span in spans)


def _passes_trial(model: Any) -> bool:
    try:
        error, effect = _measure_error(model)
    except torch.OutOfMemoryError:
        raise
    except MODEL_ERRORS:
        return False
    return error <= effect * (
        FLOAT32_TOLERANCE if model.dtype == torch.float32 else LOW_PRECISION_TOLERANCE
    )


def _measure_error(model: Any) -> tuple[float, float]:
    """(how far branch B is from being read alone, how far it would be with branch A before it)."""
    spread = (
        np.random.default_rng(0).integers(0, model.config.get_text_config().vocab_size, 11).tolist()
    )
    trunk, a, b = spread[:4], spread[4:8], spread[8:]
    tree = TokenTree()
    stem = tree.insert_tokens(ROOT, trunk)
    branches = [*tree.insert_tokens(stem[-1], a), *tree.insert_tokens(stem[-1], b)]
    with torch.inference_mode():
        cache = copy_cache(None)
        run_forward_pass(model, build_batch(tree, [stem], EMPTY_CACHE), cache, [Position(0, 0)])
        below = CacheColumns(
            {node: at for at, node in enumerate(stem)},
            build_visibility_mask(tree, stem, EMPTY_CACHE),
            cache,
        )
        rows = [branches[:4], branches]  # the second row is longer, and holds both branches
        branched = run_forward_pass(
            model,
            build_batch(tree, rows, below),
            copy_cache(cache, 2),
            [Position(1, len(branches) - 1)],
        )
        alone, after = (
            model(input_ids=torch.tensor([text], device=model.device)).logits[0, -1]
            for text in (trunk + b, trunk + a + b)
        )
    return float((branched[0] - alone).abs().max()), float((after - alone).abs().max())
