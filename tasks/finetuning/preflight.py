"""What a training will do, told before it starts, and what looks wrong about it."""

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import AutoModelForCausalLM

from tasks.finetuning.examples import EncodedTexts, encode_pairs
from tasks.finetuning.lora import attach_fresh_adapter
from tasks.language.text import split_words
from tasks.models.loading import choose_checkpoint_dtype, load_tokenizer
from tasks.models.model_config import find_context_window, read_config
from tasks.schemas.item_rows import Pair
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Figure, Message, build_message
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import Preflight
from tasks.store.artifact_folders import Checkpoint

# with 14 updates no learning rate from 5e-5 to 2e-2 taught the tiny model anything; 50 began to
FEW_UPDATES = 50
# LoRA wants about ten times the rate of full tuning: 1e-4 to 5e-4 and more for small models
LOW_RATE = 1e-4
# tokens a word; 1.8 to 2.2 for Persian in Llama 3, 7.2 where presentation forms were left in
MANY_TOKENS = 4.0


class ModelSizes(NamedTuple):
    """Numbers in the model."""

    trainable: int
    base_parameters: int
    window: int  # tokens that the model can read at once
    activations: int  # numbers that one token leaves in memory until the backward pass
    vocabulary: int


def build_preflight(
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    checkpoint: Checkpoint,
    plan: FinetuningPlan,
    *,
    language: str,
    machine: Machine | None = None,
    encoded: EncodedTexts | None = None,
) -> Preflight:
    """Count everything; no weight is read, nothing is trained."""
    encoded = encoded or encode_pairs(pairs, load_tokenizer(checkpoint), plan, language)
    sizes = measure_model_sizes(checkpoint, plan)
    texts, place = len(encoded.examples), machine or Machine()
    return Preflight(
        texts=texts,
        updates=count_updates(texts, plan),
        epochs=(
            plan.updates / max(1, count_updates_per_epoch(texts, plan))
            if plan.updates
            else plan.epochs
        ),
        batch_size=plan.batch_size,
        trainable_parameters=sizes.trainable,
        parameters=sizes.base_parameters,
        target_tokens=sum(example.target_count for example in encoded.examples),
        tokens=sum(len(example.input_ids) for example in encoded.examples),
        longest=encoded.longest,
        too_long=encoded.too_long,
        memory_gb=estimate_peak_memory(
            sizes,
            min(encoded.longest, plan.max_tokens) * min(place.micro_batch, plan.batch_size),
            choose_checkpoint_dtype(checkpoint, place),
        ),
        warnings=tuple(list_warnings(encoded, pairs, held_out, sizes, plan)),
    )


def count_updates_per_epoch(texts: int, plan: FinetuningPlan) -> int:
    """Updates in one pass over the texts; the last may see fewer texts than the batch size."""
    return math.ceil(texts / plan.batch_size)


def count_updates(texts: int, plan: FinetuningPlan) -> int:
    """Optimizer updates in all. 100 texts · 2 epochs in batches of 16 are 2 · ⌈6.25⌉ = 14."""
    return plan.updates or math.ceil(plan.epochs * count_updates_per_epoch(texts, plan))


def measure_model_sizes(checkpoint: Checkpoint, plan: FinetuningPlan) -> ModelSizes:
    """Counted on a model that is only drawn up: the meta device holds shapes, no numbers."""
    whole = read_config(checkpoint.path)
    with torch.device("meta"):
        model = attach_fresh_adapter(
            AutoModelForCausalLM.from_config(whole, trust_remote_code=False), plan
        )
    trainable, every = model.get_nb_trainable_parameters()
    config: Any = whole.get_text_config()
    layers, hidden, inner = (
        config.num_hidden_layers,
        config.hidden_size,
        getattr(config, "intermediate_size", 4 * config.hidden_size),
    )
    kept = layers * (
        10 * hidden + 4 * inner
    )  # norms, q, k, v, o and residuals; gate, up, their product and its input
    return ModelSizes(
        trainable,
        every - trainable,
        find_context_window(whole) or 0,
        kept,
        config.vocab_size,
    )


def read_context_window(checkpoint: Checkpoint) -> int:
    """The most tokens the model reads at once; beyond any text where it says nothing of it."""
    return find_context_window(read_config(checkpoint.path)) or sys.maxsize


def estimate_peak_memory(sizes: ModelSizes, tokens: int, dtype: torch.dtype) -> float:
    """GB at the peak, within about a third: what to expect, not a promise."""
    width = dtype.itemsize  # bytes of a number
    optimizer = 16 * sizes.trainable  # weight, gradient and Adam's two moments in float32
    logits = sizes.vocabulary * (
        width + 3 * 4
    )  # with their float32 copy, its softmax and its gradient
    return round(
        (sizes.base_parameters * width + optimizer + tokens * (sizes.activations * width + logits))
        / 1e9,
        2,
    )


def list_warnings(
    encoded: EncodedTexts,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    sizes: ModelSizes,
    plan: FinetuningPlan,
) -> list[Message]:
    """One for each thing that makes a gain unlikely."""
    updates, texts = count_updates(len(encoded.examples), plan), len(encoded.examples)
    counted = sum(len(split_words(pair.symptom + " " + pair.diagnosis)) for pair in pairs)
    tokens = sum(len(example.input_ids) for example in encoded.examples)
    distinct = len({(pair.symptom, pair.diagnosis) for pair in pairs})
    tests = {
        build_message(
            "few-updates",
            updates=updates,
            texts=texts,
            batch=plan.batch_size,
            enough=FEW_UPDATES,
        ): updates < FEW_UPDATES,
        build_message("low-learning-rate", rate=Figure(plan.learning_rate)): (
            plan.learning_rate < LOW_RATE
        ),
        build_message("texts-left-out", n=encoded.too_long, most=plan.max_tokens): (
            encoded.too_long > 0
        ),
        build_message("text-over-window", longest=encoded.longest, window=sizes.window): (
            0 < sizes.window < encoded.longest
        ),
        build_message("pairs-repeated", n=len(pairs) - distinct, pairs=len(pairs)): (
            distinct < len(pairs)
        ),
        build_message("many-tokens-a-word", tokens=Figure(tokens / max(1, counted), 1)): (
            tokens > MANY_TOKENS * max(1, counted)
        ),
        build_message("no-held-out-pairs"): plan.early_stopping is not None and not held_out,
    }
    return [warning for warning, holds in tests.items() if holds]
