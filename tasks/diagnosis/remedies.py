"""Changes of a plan, as dotted keys, that several rules ask for."""

import math
from typing import Any

from tasks.plan import StudyPlan
from tasks.records import Mode

Change = dict[str, Any]
ENOUGH_UPDATES = 180  # what the laptop's plan makes, which is known to be enough for the tiny model
READ_AGAIN = 8  # epochs of the laptop's plan; past that, other texts teach more than the same ones again
MOST_EPOCHS = 40


def usual_rate(plan: StudyPlan) -> float:
    """A learning rate that moves a LoRA adapter: measured for the tiny model; for others about ten times full tuning's."""
    return 5e-3 if plan.base.model == "tiny" else 5e-4


def rate(plan: StudyPlan, value: float) -> Change:
    """Another learning rate, if it is another."""
    value = float(f"{value:.2g}")
    return {} if value == plan.finetuning.learning_rate else {"finetuning.learning_rate": value}


def longer(plan: StudyPlan, texts: int) -> Change:
    """Enough updates, twice as many at least, at a rate, on matrices and with a loss that use them.

    Where new pairs cost nothing, few texts become more texts; where they are paid for, or the book gave far fewer than it was
    asked for, they are read more often.
    """
    tuning, asked = plan.finetuning, plan.generation.pairs
    change: Change = {"finetuning.epochs": _epochs(plan, texts)}
    if tuning.updates is not None:
        change = {"finetuning.updates": max(ENOUGH_UPDATES, 2 * tuning.updates)}
    elif plan.generation.writer == "rules" and isinstance(asked, int) and asked / 2 <= texts < _texts(plan):
        pairs = math.ceil(asked * _texts(plan) / max(1, texts))
        change = {"finetuning.epochs": max(READ_AGAIN, math.ceil(tuning.epochs)), "generation.pairs": pairs}
    if tuning.learning_rate < usual_rate(plan):
        change |= rate(plan, usual_rate(plan))
    return change | {"finetuning.target_modules": "all-linear", "finetuning.loss_on": "diagnosis"}


def _texts(plan: StudyPlan) -> int:
    """How many texts make enough updates when each is read READ_AGAIN times."""
    return math.ceil(ENOUGH_UPDATES * plan.finetuning.batch_size / READ_AGAIN)


def _epochs(plan: StudyPlan, texts: int) -> int:
    tuning = plan.finetuning
    epochs = max(math.ceil(ENOUGH_UPDATES * tuning.batch_size / max(1, texts)), math.ceil(2 * tuning.epochs))
    return max(min(epochs, MOST_EPOCHS), math.ceil(tuning.epochs))


def primary(plan: StudyPlan, mode: Mode) -> Change:
    """Another mode as the primary one of a new study, scored if it was not."""
    modes = plan.evaluation.modes
    asked = {} if mode in modes else {"evaluation.modes": [*modes, mode]}
    return asked | {"comparison.primary_mode": mode}


def more_pairs(plan: StudyPlan, factor: float = 2) -> Change:
    """More training pairs; none where a person brought them."""
    pairs = plan.generation.pairs
    return {"generation.pairs": math.ceil(pairs * factor)} if isinstance(pairs, int) else {}


def more_questions(plan: StudyPlan, factor: float) -> Change:
    """More questions; none where a person brought them."""
    questions = plan.generation.questions
    return {"generation.questions": math.ceil(questions * factor / 10) * 10} if isinstance(questions, int) else {}


def more_wordings(plan: StudyPlan) -> Change:
    """More wordings of each fact; none where a person brought the pairs."""
    known = plan.generation.paraphrases
    return {"generation.paraphrases": known + 2} | more_pairs(plan, (known + 2) / known) if isinstance(plan.generation.pairs, int) else {}


def harder_questions(plan: StudyPlan) -> Change:
    """Questions that tell neighbours apart; none where a person brought them."""
    return {"generation.kinds": {"telling_apart": 0.7, "diagnosis": 0.3}} if isinstance(plan.generation.questions, int) else {}
