"""Whether a loaded model can read branches: tried on a dozen tokens, since no list of architectures stays true.

Recurrent models, sliding windows in use, ALiBi and attention kernels without free masks cannot; they are read the slow way.
"""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from tasks.evaluation.branches import ROOT, Tree
from tasks.evaluation.forward import NOTHING, Columns, Spot, copied, lay, sight, step

_known: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
# What libraries raise when a mask of four dimensions, positions or a cache do not fit a model.
REFUSALS = (ValueError, TypeError, RuntimeError, IndexError, KeyError, AttributeError, NotImplementedError)
EXACT, LOOSE = 1e-3, 0.25  # error against the effect of the other branch: in float32; in 16 bits, whose rounding is coarse


def can_branch(model: Any, longest: int) -> bool:
    """Whether texts of up to `longest` tokens may be read as branches; found out once for each model."""
    config = model.config.get_text_config()
    if getattr(config, "_attn_implementation", None) not in ("sdpa", "eager") or _slides(config, longest):
        return False
    if model not in _known:
        _known[model] = _tried(model)
    return _known[model]


def _slides(config: Any, longest: int) -> bool:
    """Whether a layer would look only at a part of such a text."""
    spans = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return any(isinstance(span, int) and span < longest for span in spans)


def _tried(model: Any) -> bool:
    try:
        error, effect = _measure(model)
    except torch.OutOfMemoryError:
        raise
    except REFUSALS:
        return False
    return error <= effect * (EXACT if model.dtype == torch.float32 else LOOSE)


def _measure(model: Any) -> tuple[float, float]:
    """(how far branch B is from being read alone, how far it would be with branch A before it)."""
    spread = np.random.default_rng(0).integers(0, model.config.get_text_config().vocab_size, 11).tolist()
    trunk, a, b = spread[:4], spread[4:8], spread[8:]
    tree = Tree()
    stem = tree.insert_tokens(ROOT, trunk)
    branches = [*tree.insert_tokens(stem[-1], a), *tree.insert_tokens(stem[-1], b)]
    with torch.inference_mode():
        cache = copied(None)
        step(model, lay(tree, [stem], NOTHING), cache, [Spot(0, 0)])
        below = Columns({node: at for at, node in enumerate(stem)}, sight(tree, stem, NOTHING), cache)
        rows = [branches[:4], branches]  # the second row is longer, and holds both branches
        branched = step(model, lay(tree, rows, below), copied(cache, 2), [Spot(1, len(branches) - 1)])
        alone, after = (model(input_ids=torch.tensor([text], device=model.device)).logits[0, -1] for text in (trunk + b, trunk + a + b))
    return float((branched[0] - alone).abs().max()), float((after - alone).abs().max())
