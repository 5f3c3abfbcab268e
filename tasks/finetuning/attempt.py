"""One training from its last checkpoint to its end, in this process."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import TrainerState

from tasks.artifacts import Checkpoint
from tasks.finetuning import lora
from tasks.finetuning.examples import Example
from tasks.finetuning.loop import LoraTrainer, arguments, suit_attention
from tasks.finetuning.watch import COMPLETE, Keeper, Stopper, Teller, is_patience_over, to_steps
from tasks.llama import device_of, load
from tasks.plan import FinetuningPlan, Machine
from tasks.progress import Progress
from tasks.records import Step


class Job(NamedTuple):
    """What one training needs to know."""

    checkpoint: Checkpoint
    train: Sequence[Example]
    held_out: Sequence[Example]
    plan: FinetuningPlan
    machine: Machine
    scratch: Path


def attempt(job: Job, micro: int, progress: Progress) -> tuple[Any, list[Step]]:
    """The tuned model and its log; what a checkpoint holds already is not computed again."""
    device = device_of(job.machine)
    args = arguments(job.plan, job.scratch, device, micro, bool(job.held_out))  # also says which GPU is this process's own
    loaded = load(job.checkpoint, job.machine, quantize=job.plan.quantize)
    suit_attention(loaded.model, device, max(len(example.input_ids) for example in job.train))
    model = lora.attach(loaded.model, job.plan)
    trainer = LoraTrainer(model, loaded.tokenizer, args, job.plan, job.train, job.held_out)
    for callback in (Teller(progress), Keeper(), *([Stopper(job.plan.early_stopping)] if job.plan.early_stopping else [])):
        trainer.add_callback(callback)
    before = trainer.held_out_step()
    done = last_checkpoint(job.scratch)
    if done is not None and _is_finished(done, job.plan):
        state = _state(done)
        set_peft_model_state_dict(model, load_file(Path(state.best_model_checkpoint or done) / "adapter_model.safetensors"))
    else:
        trainer.train(resume_from_checkpoint=str(done) if done else None)
        state = trainer.state
    return model, [*before, *to_steps(state.log_history)]


def last_checkpoint(scratch: Path) -> Path | None:
    """The newest checkpoint that is whole; those that were cut off are removed."""
    found = sorted(scratch.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for path in found:
        if not (path / COMPLETE).is_file():
            shutil.rmtree(path)
    return next((path for path in reversed(found) if path.is_dir()), None)


def _state(done: Path) -> TrainerState:
    return TrainerState.load_from_json(str(done / "trainer_state.json"))


def _is_finished(done: Path, plan: FinetuningPlan) -> bool:
    """Whether nothing but saving the adapter was left to do."""
    state = _state(done)
    return state.global_step >= state.max_steps or bool(plan.early_stopping and is_patience_over(state.log_history, plan.early_stopping))
