"""What the tuning changed inside the model, beside its answers: distributions, weights, likelihoods, perplexities."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
import yaml

from tasks.exam import training_text
from tasks.finetuning.batches import pad
from tasks.finetuning.examples import Example, encode_text
from tasks.finetuning.loop import mean_loss
from tasks.finetuning.lora import weight_shift
from tasks.folders import Checkpoint
from tasks.llama import Loaded, base_of, load
from tasks.plan import FinetuningPlan, Machine
from tasks.progress import Progress, silent
from tasks.records import Pair
from tasks.results import Probe

T = TypeVar("T")
MOST_PAIRS, MOST_TEXTS, TEXT_TOKENS = 200, 24, 256  # what is looked at; standard errors are then well below any effect that matters
ROWS = 8  # texts in a forward pass
STEPS = 6  # measurements that the progress counts


class Both(NamedTuple):
    """One figure of the two models."""

    before: float | None
    after: float | None


def probe(
    checkpoint: Checkpoint,
    adapter: Path,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    book_texts: Sequence[str],
    plan: FinetuningPlan,
    language: str,
    machine: Machine,
    progress: Progress = silent,
) -> Probe:
    """Look at base and tuned model on evenly spaced samples; `pairs` are the true ones, also where the training had them shuffled."""
    loaded = load(checkpoint, machine, adapter, quantize=plan.quantize)
    taught, unseen = _answers(pairs, loaded, plan, language), _answers(held_out, loaded, plan, language)
    general = general_text(language)

    def advance_progress(done: int, value: T) -> T:
        progress(done, STEPS)
        return value

    kl = advance_progress(1, answer_divergence(loaded, taught))
    shift = advance_progress(2, weight_shift(loaded.model))
    known = advance_progress(3, _likelihood(loaded, taught))
    new = advance_progress(4, _likelihood(loaded, unseen))
    book = advance_progress(5, _perplexity(loaded, _texts(book_texts, loaded)))
    common = advance_progress(6, _perplexity(loaded, _texts([general] if general else [], loaded)))
    return Probe(
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
def answer_divergence(loaded: Loaded, examples: Sequence[Example]) -> float:
    """Mean KL(tuned ‖ base) in nats of the distribution over the first token of the answer."""
    total, below = 0.0, base_of(loaded)
    for start in range(0, len(examples), ROWS):
        rows = examples[start : start + ROWS]
        tuned = _first_answer_token(loaded, rows)
        base = _first_answer_token(below, rows)
        total += float((tuned.exp() * (tuned - base)).sum())
    return max(0.0, total / max(1, len(examples)))


def _first_answer_token(loaded: Loaded, rows: Sequence[Example]) -> torch.Tensor:
    """Log-probabilities of the token after the prompt, (rows, V)."""
    prompts = [{"input_ids": ids, "labels": ids} for ids in (row.input_ids[: _given(row)] for row in rows)]
    batch = pad(prompts, loaded.tokenizer.eos_token_id)
    device = next(loaded.model.parameters()).device
    logits = loaded.model(input_ids=batch["input_ids"].to(device), attention_mask=batch["attention_mask"].to(device)).logits
    last = batch["attention_mask"].sum(1) - 1
    chosen: torch.Tensor = logits[torch.arange(len(rows)), last]
    return chosen.float().log_softmax(-1)


def _given(row: Example) -> int:
    """Tokens before the answer; at least one, or nothing could be asked."""
    return max(1, next(i for i, label in enumerate(row.labels) if label >= 0))


def _answers(pairs: Sequence[Pair], loaded: Loaded, plan: FinetuningPlan, language: str) -> list[Example]:
    """Vignettes with their diagnoses as the only targets, without the end of the text; those that fit."""
    texts = [training_text(pair, language, plan.template) for pair in evenly(pairs, MOST_PAIRS)]
    examples = [encode_text(prompt, target, loaded.tokenizer, "diagnosis") for prompt, target in texts]
    return [Example(e.input_ids[:-1], e.labels[:-1]) for e in examples if len(e.input_ids) <= plan.max_tokens]


def _texts(texts: Sequence[str], loaded: Loaded) -> list[Example]:
    rows = [loaded.tokenizer(text)["input_ids"][:TEXT_TOKENS] for text in evenly(texts, MOST_TEXTS)]
    return [Example(ids, ids) for ids in rows if len(ids) > 1]


def _likelihood(loaded: Loaded, examples: Sequence[Example]) -> Both:
    """Nats per target token; 0 would be certainty."""
    return _both(loaded, lambda one: -mean_loss(one.model, examples, _filled(one), ROWS)[0]) if examples else Both(None, None)


def _perplexity(loaded: Loaded, examples: Sequence[Example]) -> Both:
    """e to the mean loss: between how many equally likely tokens the model wavers."""
    measure = lambda one: math.exp(min(50.0, mean_loss(one.model, examples, _filled(one), ROWS)[0]))  # noqa: E731
    return _both(loaded, measure) if examples else Both(None, None)


def _both(loaded: Loaded, measure: Callable[[Loaded], float]) -> Both:
    return Both(measure(base_of(loaded)), measure(loaded))


def _filled(loaded: Loaded) -> Any:
    return lambda rows: pad(rows, loaded.tokenizer.eos_token_id)


def evenly(rows: Sequence[T], most: int) -> list[T]:
    """At most so many rows, evenly spaced, so that a sample covers the whole."""
    return list(rows) if len(rows) <= most else [rows[i * len(rows) // most] for i in range(most)]


def general_text(language: str) -> str | None:
    """The general text of a language, where there is one."""
    texts: dict[str, str] = yaml.safe_load(Path(__file__).with_name("general.yaml").read_text("utf-8"))
    return texts.get(language)
