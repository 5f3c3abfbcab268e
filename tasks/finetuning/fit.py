"""Tune a LoRA adapter on the pairs; killed at any moment, the same call goes on where it was and ends with the same adapter."""

import gc
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from tasks.errors import TuningError
from tasks.finetuning import lora, together
from tasks.finetuning.attempt import Job, attempt
from tasks.finetuning.batches import largest_divisor
from tasks.finetuning.book import reading, windows
from tasks.finetuning.card import card
from tasks.finetuning.examples import encode, refuse_beyond, refuse_long, shuffle_diagnoses
from tasks.finetuning.preflight import preflight, updates_in, window_of
from tasks.folders import Checkpoint
from tasks.llama import dtype_in, tokenizer_of
from tasks.plan import FinetuningPlan, Machine
from tasks.progress import Progress, silent
from tasks.records import Pair
from tasks.results import Preflight, Step


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
    together.check(plan, machine)
    taught = shuffle_diagnoses(pairs, plan.seed) if plan.shuffle_diagnoses else list(pairs)
    tokenizer = tokenizer_of(checkpoint)
    encoded = encode(taught, tokenizer, plan, language)
    told = preflight(taught, held_out, checkpoint, plan, language, machine, encoded)
    refuse_long(encoded, plan)
    unseen = encode(held_out, tokenizer, plan.model_copy(update={"exam_share": 0.0}), language)  # one loss for all plans
    window = window_of(checkpoint)
    refuse_beyond(window, encoded, unseen)
    passages = windows(book, tokenizer, plan.model_copy(update={"max_tokens": min(plan.max_tokens, window)}))
    told = told.model_copy(
        update={"book_texts": len(passages), "book_updates": updates_in(len(passages), reading(plan)) if passages else 0}
    )
    numbers = str(dtype_in(checkpoint, machine))  # checkpoints made with others are not gone on with
    _same_work(
        scratch,
        [checkpoint.digest, plan.model_dump(mode="json", exclude=set(plan.excluded_from_key)), numbers, encoded.examples, unseen.examples, passages],
    )
    job = Job(checkpoint, encoded.examples, unseen.examples, plan, machine, scratch, passages)
    model, steps = _trained(job, progress)
    lora.save(model, folder, checkpoint.name, card(checkpoint.name, plan, told, steps))
    shutil.rmtree(scratch)
    return Fit(steps, told)


def _trained(job: Job, progress: Progress) -> tuple[Any, list[Step]]:
    """Train with the machine's micro-batch, halved as often as memory runs out; the effective batch stays."""
    share = job.plan.batch_size // job.machine.processes  # texts of an update that one process computes
    micro = largest_divisor(share, job.machine.micro_batch)
    while True:
        try:
            if job.machine.processes > 1:
                together.train(job, micro, progress)
            return attempt(job, micro, progress)
        except RuntimeError as error:  # what torch raises, on any device, when memory runs out; all else goes on up
            if not should_reduce_batch_size(error):
                raise
            if micro == 1:
                raise TuningError(_too_small(job)) from error
        gc.collect()
        clear_device_cache()
        micro = largest_divisor(share, micro // 2)
        progress(0, 1, f"out of memory: micro-batches of {micro}")


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
