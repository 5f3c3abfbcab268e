"""One training from its last checkpoint to its end, in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tasks.finetuning import lora
from tasks.finetuning.examples import Example
from tasks.finetuning.training.callbacks import (
    PatienceCallback,
    ReportProgressCallback,
    TimedCheckpointCallback,
    convert_log_history,
)
from tasks.finetuning.training.continued_pretraining import train_on_book
from tasks.finetuning.training.resume import resume_training
from tasks.finetuning.training.trainer import (
    LoraTrainer,
    build_training_arguments,
    choose_attention,
)
from tasks.models.device import choose_device
from tasks.models.loading import load_model
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import TrainingStep
from tasks.store.artifact_folders import Checkpoint
from tasks.store.progress import ProgressCallback


class TrainingJob(NamedTuple):
    """What one training needs to know."""

    checkpoint: Checkpoint
    train: Sequence[Example]
    held_out: Sequence[Example]
    plan: FinetuningPlan
    machine: Machine
    scratch: Path
    book: Sequence[Example] = ()  # read before the pairs


def train_once(
    job: TrainingJob, micro: int, progress: ProgressCallback
) -> tuple[Any, list[TrainingStep]]:
    """The tuned model and its log; what a checkpoint holds already is not computed again."""
    device = choose_device(job.machine)
    args = build_training_arguments(
        job.plan, job.scratch, device, micro, bool(job.held_out)
    )  # also says which GPU is this process's own
    loaded = load_model(job.checkpoint, job.machine, quantize=job.plan.quantize)
    choose_attention(
        loaded.model, device, max(len(example.input_ids) for example in [*job.train, *job.book])
    )
    model = lora.attach_fresh_adapter(loaded.model, job.plan)
    read = (
        train_on_book(
            model,
            loaded.tokenizer,
            job.book,
            job.plan,
            scratch=job.scratch,
            device=device,
            micro=micro,
            progress=progress,
        )
        if job.book
        else []
    )
    trainer = LoraTrainer(model, loaded.tokenizer, args, job.plan, job.train, job.held_out)
    for callback in (
        ReportProgressCallback(progress),
        TimedCheckpointCallback(),
        *([PatienceCallback(job.plan.early_stopping)] if job.plan.early_stopping else []),
    ):
        trainer.add_callback(callback)
    before = trainer.measure_held_out_loss()
    state = resume_training(trainer, model, job.plan)
    return model, [*read, *before, *convert_log_history(state.log_history)]
