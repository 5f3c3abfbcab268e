"""Tune a LoRA adapter on the pairs; killed at any moment, the same call goes on where it was and
ends with the same adapter.
"""

import gc
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from tasks.finetuning import lora
from tasks.finetuning.examples import (
    encode_pairs,
    refuse_beyond_window,
    require_usable_texts,
    shuffle_diagnoses,
)
from tasks.finetuning.model_card import build_model_card
from tasks.finetuning.preflight import build_preflight, count_updates, read_context_window
from tasks.finetuning.training import distributed
from tasks.finetuning.training.batches import find_largest_divisor
from tasks.finetuning.training.continued_pretraining import build_book_plan, cut_book_windows
from tasks.finetuning.training.train_once import TrainingJob, train_once
from tasks.language.catalogue import tell_reader
from tasks.models.loading import choose_checkpoint_dtype, load_tokenizer
from tasks.schemas.errors import TuningError
from tasks.schemas.item_rows import Pair
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import Preflight, TrainingStep
from tasks.store.artifact_folders import Checkpoint
from tasks.store.progress import ProgressCallback, ignore_progress


class FitResult(NamedTuple):
    """How the training went; the adapter itself lies in its folder."""

    steps: list[TrainingStep]
    preflight: Preflight


def fit_adapter(
    checkpoint: Checkpoint,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    plan: FinetuningPlan,
    *,
    language: str,
    machine: Machine,
    folder: Path,
    scratch: Path,
    progress: ProgressCallback = ignore_progress,
    book: Sequence[str] = (),
) -> FitResult:
    """Train on `pairs`, after plan.book_epochs on the passages of the `book`; save the adapter in
    `folder` (PEFT's format); `scratch` holds checkpoints until then.

    Raises TuningError where a text is over the limit, the loss is no number, or the memory is too
    small.
    """
    distributed.check_requirements(plan, machine)
    taught = shuffle_diagnoses(pairs, plan.seed) if plan.shuffle_diagnoses else list(pairs)
    tokenizer = load_tokenizer(checkpoint)
    encoded = encode_pairs(taught, tokenizer, plan, language)
    told = build_preflight(
        taught, held_out, checkpoint, plan, language=language, machine=machine, encoded=encoded
    )
    require_usable_texts(encoded, plan)
    unseen = encode_pairs(
        held_out, tokenizer, plan.model_copy(update={"exam_share": 0.0}), language
    )  # one loss for all plans
    window = read_context_window(checkpoint)
    refuse_beyond_window(window, encoded, unseen)
    passages = cut_book_windows(
        book, tokenizer, plan.model_copy(update={"max_tokens": min(plan.max_tokens, window)})
    )
    told = told.model_copy(
        update={
            "book_texts": len(passages),
            "book_updates": count_updates(len(passages), build_book_plan(plan)) if passages else 0,
        }
    )
    numbers = str(
        choose_checkpoint_dtype(checkpoint, machine)
    )  # checkpoints made with others are not gone on with
    _clear_stale_scratch(
        scratch,
        [
            checkpoint.digest,
            plan.model_dump(mode="json", exclude=set(plan.excluded_from_key)),
            numbers,
            encoded.examples,
            unseen.examples,
            passages,
        ],
    )
    job = TrainingJob(
        checkpoint, encoded.examples, unseen.examples, plan, machine, scratch, passages
    )
    model, steps = _train_within_memory(job, progress)
    lora.save_adapter(
        model, folder, checkpoint.name, build_model_card(checkpoint.name, plan, told, steps)
    )
    shutil.rmtree(scratch)
    return FitResult(steps, told)


def _train_within_memory(
    job: TrainingJob, progress: ProgressCallback
) -> tuple[Any, list[TrainingStep]]:
    """Train with the machine's micro-batch, halved as often as memory runs out; the effective batch
    stays.
    """
    share = (
        job.plan.batch_size // job.machine.processes
    )  # texts of an update that one process computes
    micro = find_largest_divisor(share, job.machine.micro_batch)
    while True:
        try:
            if job.machine.processes > 1:
                distributed.train_distributed(job, micro, progress)
            return train_once(job, micro, progress)
        except (
            RuntimeError
        ) as error:  # what torch raises, on any device, when memory runs out; all else goes on up
            if not should_reduce_batch_size(error):
                raise
            if micro == 1:
                raise TuningError(_describe_memory_shortage(job)) from error
        gc.collect()
        clear_device_cache()
        micro = find_largest_divisor(share, micro // 2)
        progress(0, 1, tell_reader("note-memory", micro=micro))


def _clear_stale_scratch(scratch: Path, work: list[Any]) -> None:
    """Empty the scratch folder where it holds another training's checkpoints."""
    told = hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()
    name = scratch / "work.sha256"
    if not name.is_file() or name.read_text() != told:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        name.write_text(told)


def _describe_memory_shortage(job: TrainingJob) -> Message:
    longest = max(len(example.input_ids) for example in job.train)
    return build_message("memory-ran-out", longest=longest)
