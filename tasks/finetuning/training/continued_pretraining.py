"""Continued pre-training: the adapter reads the book's own text before it is taught the pairs
(arXiv 2405.14654).

The book answers the questions on untaught facts, too: after such a reading `new_fact` asks what the
book says, not what
follows from the pairs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.finetuning.examples import Example
from tasks.finetuning.training.callbacks import (
    ReportProgressCallback,
    TimedCheckpointCallback,
    convert_log_history,
)
from tasks.finetuning.training.resume import resume_training
from tasks.finetuning.training.trainer import LoraTrainer, build_training_arguments
from tasks.language.catalogue import tell_reader
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import TrainingStep
from tasks.store.progress import ProgressCallback


def cut_book_windows(texts: Sequence[str], tokenizer: Any, plan: FinetuningPlan) -> list[Example]:
    """Every passage as texts of at most plan.max_tokens tokens, each token a target; none where the
    plan reads no book.
    """
    if not plan.book_epochs:
        return []
    whole = [[*tokenizer(text)["input_ids"], tokenizer.eos_token_id] for text in texts]
    cut = [
        ids[start : start + plan.max_tokens]
        for ids in whole
        for start in range(0, len(ids), plan.max_tokens)
    ]
    return [Example(ids, ids) for ids in cut if len(ids) > 1]


def build_book_plan(plan: FinetuningPlan) -> FinetuningPlan:
    """The plan of the reading: its own number of epochs, to the end."""
    return plan.model_copy(
        update={"epochs": plan.book_epochs, "updates": None, "early_stopping": None}
    )


def train_on_book(
    model: Any,
    tokenizer: Any,
    texts: Sequence[Example],
    plan: FinetuningPlan,
    *,
    scratch: Path,
    device: str,
    micro: int,
    progress: ProgressCallback,
) -> list[TrainingStep]:
    """Train the adapter on the book's text; killed, it goes on where it was."""

    def report_book_progress(done: float, total: float, note: str = "") -> None:
        progress(done, total, tell_reader("note-book", note=note))

    args = build_training_arguments(
        build_book_plan(plan), scratch / "book", device, micro, held_out=False
    )
    trainer = LoraTrainer(model, tokenizer, args, build_book_plan(plan), texts)
    for callback in (ReportProgressCallback(report_book_progress), TimedCheckpointCallback()):
        trainer.add_callback(callback)
    state = resume_training(trainer, model, build_book_plan(plan))
    return [
        step.model_copy(update={"split": "book"}) for step in convert_log_history(state.log_history)
    ]
