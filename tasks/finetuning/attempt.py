"""One training from its last checkpoint to its end, in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tasks.finetuning import lora
from tasks.finetuning.book import read_book
from tasks.finetuning.carrying_on import carry_on
from tasks.finetuning.examples import Example
from tasks.finetuning.loop import LoraTrainer, arguments, suit_attention
from tasks.finetuning.watch import Keeper, Stopper, Teller, to_steps
from tasks.folders import Checkpoint
from tasks.llama import device_of, load
from tasks.plan import FinetuningPlan, Machine
from tasks.progress import Progress
from tasks.results import Step


class Job(NamedTuple):
    """What one training needs to know."""

    checkpoint: Checkpoint
    train: Sequence[Example]
    held_out: Sequence[Example]
    plan: FinetuningPlan
    machine: Machine
    scratch: Path
    book: Sequence[Example] = ()  # read before the pairs


def attempt(job: Job, micro: int, progress: Progress) -> tuple[Any, list[Step]]:
    """The tuned model and its log; what a checkpoint holds already is not computed again."""
    device = device_of(job.machine)
    args = arguments(job.plan, job.scratch, device, micro, bool(job.held_out))  # also says which GPU is this process's own
    loaded = load(job.checkpoint, job.machine, quantize=job.plan.quantize)
    suit_attention(loaded.model, device, max(len(example.input_ids) for example in [*job.train, *job.book]))
    model = lora.attach(loaded.model, job.plan)
    read = read_book(model, loaded.tokenizer, job.book, job.plan, job.scratch, device, micro, progress) if job.book else []
    trainer = LoraTrainer(model, loaded.tokenizer, args, job.plan, job.train, job.held_out)
    for callback in (Teller(progress), Keeper(), *([Stopper(job.plan.early_stopping)] if job.plan.early_stopping else [])):
        trainer.add_callback(callback)
    before = trainer.measure_held_out_loss()
    state = carry_on(trainer, model, job.plan)
    return model, [*read, *before, *to_steps(state.log_history)]
