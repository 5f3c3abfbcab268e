"""A training's losses as plain numbers: its two ends, how noisy they are, the held-out ones."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tasks.schemas.result_rows import Preflight, TrainingStep


def summarize_training(steps: Sequence[TrainingStep], preflight: Preflight) -> dict[str, Any]:
    """How the loss went: its two ends are means, since one batch is noisy."""
    losses = [step.loss for step in steps if step.split == "train"]
    few = max(1, min(10, len(losses) // 5))
    return {
        "updates": max(
            (step.step for step in steps if step.split == "train"), default=preflight.updates
        ),
        "loss_first": sum(losses[:few]) / few if losses else None,
        "loss_last": sum(losses[-few:]) / few if losses else None,
        "loss_error": estimate_loss_error(losses, few),
        "loss_broken": any(loss != loss or abs(loss) == float("inf") for loss in losses),
        "held_out": tuple(step.loss for step in steps if step.split == "held_out"),
    }


def estimate_loss_error(losses: Sequence[float], few: int) -> float:
    """Of the difference of two means of `few` losses each. The variance of one loss is half the
    mean square of the jumps from each to the next (von Neumann), so that a falling curve counts for
    little.
    """
    jumps = [(after - before) ** 2 for before, after in pairwise(losses)]
    noise = sum(jumps) / (2 * len(jumps)) if jumps else 0.0
    return math.sqrt(2 * noise / few) if math.isfinite(noise) else 0.0
