"""Continued pre-training: the adapter reads the book's own text before it is taught the pairs (arXiv 2405.14654).

The book answers the questions on untaught facts, too: after such a reading `new_fact` asks what the book says, not what
follows from the pairs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.finetuning.carrying_on import carry_on
from tasks.finetuning.examples import Example
from tasks.finetuning.loop import LoraTrainer, arguments
from tasks.finetuning.watch import Keeper, Teller, to_steps
from tasks.plan import FinetuningPlan
from tasks.progress import Progress
from tasks.results import Step


def windows(texts: Sequence[str], tokenizer: Any, plan: FinetuningPlan) -> list[Example]:
    """Every passage as texts of at most plan.max_tokens tokens, each token a target; none where the plan reads no book."""
    if not plan.book_epochs:
        return []
    whole = [[*tokenizer(text)["input_ids"], tokenizer.eos_token_id] for text in texts]
    cut = [ids[start : start + plan.max_tokens] for ids in whole for start in range(0, len(ids), plan.max_tokens)]
    return [Example(ids, ids) for ids in cut if len(ids) > 1]


def reading(plan: FinetuningPlan) -> FinetuningPlan:
    """The plan of the reading: its own number of epochs, to the end."""
    return plan.model_copy(update={"epochs": plan.book_epochs, "updates": None, "early_stopping": None})


def read_book(
    model: Any, tokenizer: Any, texts: Sequence[Example], plan: FinetuningPlan, scratch: Path, device: str, micro: int, progress: Progress
) -> list[Step]:
    """Train the adapter on the book's text; killed, it goes on where it was."""

    def report_book_progress(done: float, total: float, note: str = "") -> None:
        progress(done, total, f"book · {note}")

    args = arguments(reading(plan), scratch / "book", device, micro, held_out=False)
    trainer = LoraTrainer(model, tokenizer, args, reading(plan), texts)
    for callback in (Teller(report_book_progress), Keeper()):
        trainer.add_callback(callback)
    state = carry_on(trainer, model, reading(plan))
    return [step.model_copy(update={"split": "book"}) for step in to_steps(state.log_history)]
