"""What looks on while the loop runs: progress, checkpoints by the clock, early stopping; and the
log it leaves.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from tasks.language.catalogue import tell_reader
from tasks.schemas.messages import Figure
from tasks.schemas.result_rows import TrainingStep
from tasks.store.progress import ProgressCallback, append_event

SAVE_SECONDS = 20.0  # between checkpoints inside an epoch; each epoch ends with one
COMPLETE_MARKER = "complete"  # an empty file, written last: a checkpoint without it was cut off


class ReportProgressCallback(TrainerCallback):  # type: ignore[misc]
    """Tells the progress after each update."""

    def __init__(self, progress: ProgressCallback) -> None:
        self.progress = progress

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if logs and "loss" in logs:
            append_event(step=state.global_step, epoch=state.epoch, loss=logs["loss"])
            self.progress(
                state.global_step,
                state.max_steps,
                tell_reader("note-loss", loss=Figure(logs["loss"], 3)),
            )


class TimedCheckpointCallback(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint every so often inside an epoch, and marks each that is whole."""

    def __init__(self) -> None:
        self.last_saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        ends_epoch = math.isclose(
            state.epoch, round(state.epoch), abs_tol=1e-6
        )  # the epoch's own save comes after its held-out loss
        alone = args.world_size == 1  # several processes would have to agree on the time
        if (
            alone
            and time.monotonic() - self.last_saved > SAVE_SECONDS
            and not ends_epoch
            and not control.should_training_stop
        ):
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if args.should_save:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE_MARKER).touch()
        self.last_saved = time.monotonic()


class PatienceCallback(TrainerCallback):  # type: ignore[misc]
    """Stops when the held-out loss has not been better for so many epochs; looks at the log alone,
    so a resumed run stops too.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if is_patience_over(state.log_history, self.patience):
            control.should_training_stop = True


def is_patience_over(history: Sequence[dict[str, Any]], patience: int) -> bool:
    """Whether the best held-out loss lies that many epochs back."""
    losses = [row["eval_loss"] for row in history if "eval_loss" in row]
    return bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def convert_log_history(history: Sequence[dict[str, Any]]) -> list[TrainingStep]:
    """The Trainer's log as rows."""
    return [
        _build_held_out_step(row) if "eval_loss" in row else _build_train_step(row)
        for row in history
        if "eval_loss" in row or "loss" in row
    ]


def _build_train_step(row: dict[str, Any]) -> TrainingStep:
    return TrainingStep(
        step=row["step"],
        epoch=row["epoch"],
        loss=row["loss"],
        learning_rate=row["learning_rate"],
        grad_norm=row.get("grad_norm"),
        target_tokens=row["target_tokens"],
    )


def _build_held_out_step(row: dict[str, Any]) -> TrainingStep:
    return TrainingStep(
        step=row["step"],
        epoch=row["epoch"],
        loss=row["eval_loss"],
        target_tokens=int(row["eval_target_tokens"]),
        split="held_out",
    )
