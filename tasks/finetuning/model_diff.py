"""What the tuning changed inside the model, beside its answers: distributions, weights,
likelihoods, perplexities.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch

from tasks.finetuning.examples import Example, encode_text
from tasks.finetuning.lora import compute_weight_shift
from tasks.finetuning.training.batches import pad_rows
from tasks.finetuning.training.trainer import compute_mean_loss
from tasks.language.language_pack import load_text
from tasks.models.loading import LoadedModel, base_of, load_model
from tasks.prompts import split_training_text
from tasks.schemas.item_rows import Pair
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import ModelDiff
from tasks.store.artifact_folders import Checkpoint
from tasks.store.progress import ProgressCallback, ignore_progress

T = TypeVar("T")
MAX_PAIRS, MAX_TEXTS, MAX_TEXT_TOKENS = (
    200,
    24,
    256,
)  # what is looked at; standard errors are then well below any effect that matters
ROWS_PER_PASS = 8  # texts in a forward pass
MEASUREMENT_COUNT = 6  # measurements that the progress counts


class BeforeAfter(NamedTuple):
    """One figure of the two models."""

    before: float | None
    after: float | None


def measure_model_changes(
    checkpoint: Checkpoint,
    adapter: Path,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    *,
    book_texts: Sequence[str],
    plan: FinetuningPlan,
    language: str,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
) -> ModelDiff:
    """Look at base and tuned model on evenly spaced samples; `pairs` are the true ones, also where
    the training had them shuffled.
    """
    loaded = load_model(checkpoint, machine, adapter, quantize=plan.quantize)
    taught, unseen = (
        _build_answer_examples(pairs, loaded, plan, language),
        _build_answer_examples(held_out, loaded, plan, language),
    )
    general = load_general_text(language)

    def advance_progress(done: int, value: T) -> T:
        progress(done, MEASUREMENT_COUNT)
        return value

    kl = advance_progress(1, compute_answer_divergence(loaded, taught))
    shift = advance_progress(2, compute_weight_shift(loaded.model))
    known = advance_progress(3, _measure_likelihood(loaded, taught))
    new = advance_progress(4, _measure_likelihood(loaded, unseen))
    book = advance_progress(
        5, _measure_perplexity(loaded, _build_text_examples(book_texts, loaded))
    )
    common = advance_progress(
        6, _measure_perplexity(loaded, _build_text_examples([general] if general else [], loaded))
    )
    return ModelDiff(
        kl_mean=kl,
        weight_shift=shift,
        taught_before=known.before or 0.0,
        taught_after=known.after or 0.0,
        unseen_before=new.before,
        unseen_after=new.after,
        book_before=book.before,
        book_after=book.after,
        general_before=common.before,
        general_after=common.after,
    )


@torch.no_grad()
def compute_answer_divergence(loaded: LoadedModel, examples: Sequence[Example]) -> float:
    """Mean KL(tuned ‖ base) in nats of the distribution over the first token of the answer."""
    total, below = 0.0, base_of(loaded)
    for start in range(0, len(examples), ROWS_PER_PASS):
        rows = examples[start : start + ROWS_PER_PASS]
        tuned = _compute_first_token_log_probs(loaded, rows)
        base = _compute_first_token_log_probs(below, rows)
        total += float((tuned.exp() * (tuned - base)).sum())
    return max(0.0, total / max(1, len(examples)))


def _compute_first_token_log_probs(loaded: LoadedModel, rows: Sequence[Example]) -> torch.Tensor:
    """Log-probabilities of the token after the prompt, (rows, V)."""
    prompts = [
        {"input_ids": ids, "labels": ids}
        for ids in (row.input_ids[: _count_prompt_tokens(row)] for row in rows)
    ]
    batch = pad_rows(prompts, loaded.tokenizer.eos_token_id)
    device = next(loaded.model.parameters()).device
    logits = loaded.model(
        input_ids=batch["input_ids"].to(device), attention_mask=batch["attention_mask"].to(device)
    ).logits
    last = batch["attention_mask"].sum(1) - 1
    chosen: torch.Tensor = logits[torch.arange(len(rows)), last]
    return chosen.float().log_softmax(-1)


def _count_prompt_tokens(row: Example) -> int:
    """Tokens before the answer; at least one, or nothing could be asked."""
    return max(1, next(i for i, label in enumerate(row.labels) if label >= 0))


def _build_answer_examples(
    pairs: Sequence[Pair], loaded: LoadedModel, plan: FinetuningPlan, language: str
) -> list[Example]:
    """Vignettes with their diagnoses as the only targets, without the end of the text; those that
    fit.
    """
    texts = [
        split_training_text(pair, language, plan.template)
        for pair in sample_evenly(pairs, MAX_PAIRS)
    ]
    examples = [
        encode_text(prompt, target, loaded.tokenizer, "diagnosis") for prompt, target in texts
    ]
    return [
        Example(e.input_ids[:-1], e.labels[:-1])
        for e in examples
        if len(e.input_ids) <= plan.max_tokens
    ]


def _build_text_examples(texts: Sequence[str], loaded: LoadedModel) -> list[Example]:
    rows = [
        loaded.tokenizer(text)["input_ids"][:MAX_TEXT_TOKENS]
        for text in sample_evenly(texts, MAX_TEXTS)
    ]
    return [Example(ids, ids) for ids in rows if len(ids) > 1]


def _measure_likelihood(loaded: LoadedModel, examples: Sequence[Example]) -> BeforeAfter:
    """Nats per target token; 0 would be certainty."""
    return (
        _measure_both(
            loaded,
            lambda one: (
                -compute_mean_loss(
                    one.model, examples, _build_padding_collator(one), ROWS_PER_PASS
                )[0]
            ),
        )
        if examples
        else BeforeAfter(None, None)
    )


def _measure_perplexity(loaded: LoadedModel, examples: Sequence[Example]) -> BeforeAfter:
    """e to the mean loss: between how many equally likely tokens the model wavers."""

    def measure(one: LoadedModel) -> float:
        collate = _build_padding_collator(one)
        return math.exp(
            min(50.0, compute_mean_loss(one.model, examples, collate, ROWS_PER_PASS)[0])
        )

    return _measure_both(loaded, measure) if examples else BeforeAfter(None, None)


def _measure_both(loaded: LoadedModel, measure: Callable[[LoadedModel], float]) -> BeforeAfter:
    return BeforeAfter(measure(base_of(loaded)), measure(loaded))


def _build_padding_collator(loaded: LoadedModel) -> Any:
    return lambda rows: pad_rows(rows, loaded.tokenizer.eos_token_id)


def sample_evenly(rows: Sequence[T], most: int) -> list[T]:
    """At most so many rows, evenly spaced, so that a sample covers the whole."""
    return list(rows) if len(rows) <= most else [rows[i * len(rows) // most] for i in range(most)]


def load_general_text(language: str) -> str | None:
    """The general text of a language, where there is one."""
    return load_text("packs/general.txt", language)
