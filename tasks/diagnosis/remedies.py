"""Changes of a plan, as dotted keys, that several rules ask for."""

import math
from typing import Any

from tasks.schemas.item_rows import AnswerMode
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import ValidationPlan
from tasks.schemas.sections.profiles import MEDICINE

PlanChange = dict[str, Any]
ENOUGH_UPDATES = 180  # what the laptop's plan makes, which is known to be enough for the tiny model
USUAL_EPOCHS = (
    8  # epochs of the laptop's plan; past that, other texts teach more than the same ones again
)
MAX_EPOCHS = 40


def get_usual_rate(plan: StudyPlan) -> float:
    """A learning rate that moves a LoRA adapter: measured for the tiny model; for others about ten
    times full tuning's.
    """
    return 5e-3 if plan.base.model == "tiny" else 5e-4


def change_learning_rate(plan: StudyPlan, value: float) -> PlanChange:
    """Another learning rate, if it is another."""
    value = float(f"{value:.2g}")
    return {} if value == plan.finetuning.learning_rate else {"finetuning.learning_rate": value}


def soften_training(plan: StudyPlan) -> PlanChange:
    """Half the rate, and an end at the best held-out loss: less is overwritten."""
    return change_learning_rate(plan, plan.finetuning.learning_rate / 2) | stop_early(plan)


def is_paid_for(plan: StudyPlan, change: PlanChange) -> bool:
    """Whether it has a paid writer write items anew."""
    return plan.generation.writer == "gpt" and any(key.startswith("generation.") for key in change)


def extend_training(plan: StudyPlan, texts: int, has_more_pairs: bool) -> PlanChange:
    """Enough updates, twice as many at least, at a rate, on matrices and with a loss that use them.

    Where new pairs cost nothing, few texts become more texts; where they are paid for, or the book
    has no more of them, or few of those asked for were let through, they are read more often.
    """
    tuning, asked = plan.finetuning, plan.generation.pairs
    change: PlanChange = {"finetuning.epochs": _count_needed_epochs(plan, texts)}
    if tuning.updates is not None:
        change = {"finetuning.updates": max(ENOUGH_UPDATES, 2 * tuning.updates)}
    elif (
        plan.generation.writer == "rules"
        and has_more_pairs
        and isinstance(asked, int)
        and asked / 2 <= texts < _count_needed_texts(plan)
    ):
        pairs = math.ceil(asked * _count_needed_texts(plan) / max(1, texts))
        change = {
            "finetuning.epochs": max(USUAL_EPOCHS, math.ceil(tuning.epochs)),
            "generation.pairs": pairs,
        }
    if tuning.learning_rate < get_usual_rate(plan):
        change |= change_learning_rate(plan, get_usual_rate(plan))
    return change | {"finetuning.target_modules": "all-linear", "finetuning.loss_on": "diagnosis"}


def _count_needed_texts(plan: StudyPlan) -> int:
    """How many texts make enough updates when each is read READ_AGAIN times."""
    return math.ceil(ENOUGH_UPDATES * plan.finetuning.batch_size / USUAL_EPOCHS)


def _count_needed_epochs(plan: StudyPlan, texts: int) -> int:
    tuning = plan.finetuning
    epochs = max(
        math.ceil(ENOUGH_UPDATES * tuning.batch_size / max(1, texts)), math.ceil(2 * tuning.epochs)
    )
    return max(min(epochs, MAX_EPOCHS), math.ceil(tuning.epochs))


def stop_early(plan: StudyPlan) -> PlanChange:
    """Training that ends where the held-out loss was best; pairs are held out for it where none
    were, since a run without them is refused.
    """
    usual = ValidationPlan().held_out_share
    held_out = {} if plan.validation.held_out_share else {"validation.held_out_share": usual}
    return {"finetuning.early_stopping": 1} | held_out


def change_primary_mode(plan: StudyPlan, mode: AnswerMode) -> PlanChange:
    """Another mode as the primary one of a new study, scored if it was not."""
    modes = plan.evaluation.modes
    asked = {} if mode in modes else {"evaluation.modes": [*modes, mode]}
    return asked | {"comparison.primary_mode": mode}


def increase_pairs(plan: StudyPlan, has_more: bool, factor: float = 2) -> PlanChange:
    """More training pairs; none where a person brought them, or the book has no more."""
    pairs = plan.generation.pairs
    return (
        {"generation.pairs": math.ceil(pairs * factor)}
        if isinstance(pairs, int) and has_more
        else {}
    )


def increase_questions(plan: StudyPlan, has_more: bool, factor: float) -> PlanChange:
    """More questions; none where a person brought them, or the book has no more."""
    questions = plan.generation.questions
    return (
        {"generation.questions": math.ceil(questions * factor / 10) * 10}
        if isinstance(questions, int) and has_more
        else {}
    )


def increase_wordings(plan: StudyPlan, has_more: bool) -> PlanChange:
    """More wordings of each fact; none where a person brought the pairs."""
    known = plan.generation.paraphrases
    return (
        {"generation.paraphrases": known + 2} | increase_pairs(plan, has_more, (known + 2) / known)
        if isinstance(plan.generation.pairs, int)
        else {}
    )


def _get_case_type(plan: StudyPlan) -> str:
    """The type of a question on a case, which each profile has."""
    return "diagnosis" if plan.generation.profile == MEDICINE else "application"


def require_harder_questions(plan: StudyPlan) -> PlanChange:
    """Questions that tell neighbours apart; none where a person brought them."""
    return (
        {"generation.kinds": {"telling_apart": 0.7, _get_case_type(plan): 0.3}}
        if isinstance(plan.generation.questions, int)
        else {}
    )
