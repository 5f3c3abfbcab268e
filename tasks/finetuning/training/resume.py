"""Train, going on where an earlier call with the same work was cut off."""

import shutil
from pathlib import Path
from typing import Any

from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import TrainerState

from tasks.finetuning.training.callbacks import COMPLETE_MARKER, is_patience_over
from tasks.finetuning.training.trainer import LoraTrainer
from tasks.schemas.plan_sections import FinetuningPlan


def resume_training(trainer: LoraTrainer, model: Any, plan: FinetuningPlan) -> TrainerState:
    """Train to the end, or take the weights of a training that is already there."""
    scratch = Path(str(trainer.args.output_dir))
    done = find_last_checkpoint(scratch)
    if done is not None and _is_finished(done, plan):
        state = _load_state(done)
        set_peft_model_state_dict(
            model,
            load_file(Path(state.best_model_checkpoint or done) / "adapter_model.safetensors"),
        )
        return state
    trainer.train(resume_from_checkpoint=str(done) if done else None)
    return trainer.state


def find_last_checkpoint(scratch: Path) -> Path | None:
    """The newest checkpoint that is whole; those that were cut off are removed."""
    found = sorted(scratch.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for path in found:
        if not (path / COMPLETE_MARKER).is_file():
            shutil.rmtree(path)
    return next((path for path in reversed(found) if path.is_dir()), None)


def _load_state(done: Path) -> TrainerState:
    return TrainerState.load_from_json(str(done / "trainer_state.json"))


def _is_finished(done: Path, plan: FinetuningPlan) -> bool:
    """Whether nothing but saving the adapter was left to do."""
    state = _load_state(done)
    return state.global_step >= state.max_steps or bool(
        plan.early_stopping and is_patience_over(state.log_history, plan.early_stopping)
    )
