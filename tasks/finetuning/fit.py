"""Tune a LoRA adapter on the pairs; killed at any moment, the same call goes on where it was and ends with the same adapter."""

import gc
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from tasks.artifacts import Checkpoint
from tasks.errors import TuningError
from tasks.finetuning import lora
from tasks.finetuning.batches import largest_divisor
from tasks.finetuning.book import read_book, reading, windows
from tasks.finetuning.card import card
from tasks.finetuning.carrying_on import carry_on
from tasks.finetuning.examples import Example, encode, refuse_long, shuffle_diagnoses
from tasks.finetuning.loop import LoraTrainer, arguments, suit_attention
from tasks.finetuning.preflight import preflight, updates_in
from tasks.finetuning.watch import Keeper, Stopper, Teller, to_steps
from tasks.llama import device_of, load, tokenizer_of
from tasks.plan import FinetuningPlan, Machine
from tasks.progress import Progress, silent
from tasks.records import Pair, Preflight, Step


class Fit(NamedTuple):
    """How the training went; the adapter itself lies in its folder."""

    steps: list[Step]
    preflight: Preflight


def fit(
    checkpoint: Checkpoint,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    plan: FinetuningPlan,
    language: str,
    machine: Machine,
    folder: Path,
    scratch: Path,
    progress: Progress = silent,
    book: Sequence[str] = (),
) -> Fit:
    """Train on `pairs`, after plan.book_epochs on the passages of the `book`; save the adapter in `folder` (PEFT's format); `scratch` holds checkpoints until then.

    Raises TuningError where a text is over the limit, the loss is no number, or the memory is too small.
    """
    taught = shuffle_diagnoses(pairs, plan.seed) if plan.shuffle_diagnoses else list(pairs)
    tokenizer = tokenizer_of(checkpoint)
    encoded = encode(taught, tokenizer, plan, language)
    told = preflight(taught, held_out, checkpoint, plan, language, machine, encoded)
    refuse_long(encoded, plan)
    unseen = encode(held_out, tokenizer, plan.model_copy(update={"exam_share": 0.0}), language).examples  # one loss for all plans
    passages = windows(book, tokenizer, plan)
    told = told.model_copy(
        update={"book_texts": len(passages), "book_updates": updates_in(len(passages), reading(plan)) if passages else 0}
    )
    _same_work(scratch, [checkpoint.digest, plan.model_dump(), encoded.examples, unseen, passages])
    job = Job(checkpoint, encoded.examples, unseen, plan, machine, scratch, passages)
    model, steps = _trained(job, progress)
    lora.save(model, folder, checkpoint.name, card(checkpoint.name, plan, told, steps))
    shutil.rmtree(scratch)
    return Fit(steps, told)


class Job(NamedTuple):
    """What one training needs to know."""

    checkpoint: Checkpoint
    train: Sequence[Example]
    held_out: Sequence[Example]
    plan: FinetuningPlan
    machine: Machine
    scratch: Path
    book: Sequence[Example] = ()  # read before the pairs


def _trained(job: Job, progress: Progress) -> tuple[Any, list[Step]]:
    """Train with the machine's micro-batch, halved as often as memory runs out; the effective batch stays."""
    micro = largest_divisor(job.plan.batch_size, job.machine.micro_batch)
    while True:
        try:
            return _attempt(job, micro, progress)
        except RuntimeError as error:  # what torch raises, on any device, when memory runs out; all else goes on up
            if not should_reduce_batch_size(error):
                raise
            if micro == 1:
                raise TuningError(_too_small(job)) from error
        gc.collect()
        clear_device_cache()
        micro = largest_divisor(job.plan.batch_size, micro // 2)
        progress(0, 1, f"out of memory: micro-batches of {micro}")


def _attempt(job: Job, micro: int, progress: Progress) -> tuple[Any, list[Step]]:
    device = device_of(job.machine)
    loaded = load(job.checkpoint, job.machine, quantize=job.plan.quantize)
    suit_attention(loaded.model, device, max(len(example.input_ids) for example in [*job.train, *job.book]))
    model = lora.attach(loaded.model, job.plan)
    read = read_book(model, loaded.tokenizer, job.book, job.plan, job.scratch, device, micro, progress) if job.book else []
    args = arguments(job.plan, job.scratch, device, micro, bool(job.held_out))
    trainer = LoraTrainer(model, loaded.tokenizer, args, job.plan, job.train, job.held_out)
    for callback in (Teller(progress), Keeper(), *([Stopper(job.plan.early_stopping)] if job.plan.early_stopping else [])):
        trainer.add_callback(callback)
    before = trainer.held_out_step()
    state = carry_on(trainer, model, job.plan)
    return model, [*read, *before, *to_steps(state.log_history)]


def _same_work(scratch: Path, work: list[Any]) -> None:
    """Empty the scratch folder where it holds another training's checkpoints."""
    told = hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()
    name = scratch / "work.sha256"
    if not name.is_file() or name.read_text() != told:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        name.write_text(told)


def _too_small(job: Job) -> str:
    longest = max(len(example.input_ids) for example in job.train)
    return (
        f"memory ran out with one text of {longest} tokens at a time; lower finetuning.max_tokens, take a smaller base.model, "
        "or a machine with more memory."
    )
