"""A training that kills itself with SIGKILL: `python interrupted.py BASE FOLDER UPDATE`, in the update's log or while it is saved."""

import os
import signal
import sys
from pathlib import Path

from support.models import small_llama
from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.training import callbacks
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.plan_sections import BasePlan
from tasks.store.artifact_folders import Checkpoint

PLAN = small_llama.PLAN.model_copy(
    update={"dropout": 0.1, "epochs": 3, "batch_size": 8, "early_stopping": 3}
)  # 4 updates an epoch
PAIRS, HELD_OUT = small_llama.make_pairs(30), small_llama.make_pairs(6, 60)


def run_training(base: Checkpoint, folder: Path, progress=lambda done, total, note="": None):
    return fit_adapter(
        base,
        PAIRS,
        HELD_OUT,
        PLAN,
        language="fa",
        machine=small_llama.CPU,
        folder=folder / "adapter",
        scratch=folder / "scratch",
        progress=progress,
    )


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    base, folder, update = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    callbacks.SAVE_SECONDS = 0.0  # a checkpoint at every update
    if len(sys.argv) > 4:  # in the middle of writing a checkpoint
        import torch

        real = torch.save

        def half(value, file, *args, **kwargs):
            if f"checkpoint-{update}" in str(file):
                Path(file).write_bytes(b"PK half a file")
                kill_self()
            return real(value, file, *args, **kwargs)

        torch.save = half
        run_training(resolve_base_model(BasePlan(model=str(base))), folder)
    run_training(
        resolve_base_model(BasePlan(model=str(base))),
        folder,
        lambda done, total, note="": kill_self() if done == update else None,
    )
