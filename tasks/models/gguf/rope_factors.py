"""How Llama 3.1 and later stretch the slow positions: GGUF keeps the factors, transformers the
numbers that they come from.
"""

from typing import Any

import torch

ROPE_FACTORS = "rope_freqs.weight"
# of every Llama 3.1, 3.2 and 3.3 (config.json of meta-llama): only the factor differs, 8 or 32
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def compute_rope_factors(config: Any) -> torch.Tensor:
    """By how much each frequency is slowed down, (half a head,)."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    plain = 1.0 / config.rope_parameters["rope_theta"] ** (torch.arange(0, head, 2) / head)
    factors: torch.Tensor = plain / ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")[0]
    return factors


def set_rope_factors(config: Any, factors: torch.Tensor) -> bool:
    """Put the numbers that the factors come from into the configuration; whether they are these."""
    theta = config.rope_parameters["rope_theta"]
    config.rope_parameters = {**LLAMA3_ROPE, "rope_theta": theta, "factor": float(factors.max())}
    found = compute_rope_factors(config)
    return found.shape == factors.shape and torch.allclose(found, factors, rtol=1e-4)
