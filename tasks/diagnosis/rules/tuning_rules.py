"""Faults of the tuning itself: nothing attached, nothing moved, too short, too slow, too fast."""

from itertools import pairwise

from tasks.diagnosis.evidence import Evidence, replace_nonfinite
from tasks.diagnosis.finding_text import RuleResult, wrap_measured
from tasks.diagnosis.learning_checks import (
    FALLEN_LOSS_RATIO,
    find_early_signs,
    has_learnt_pairs,
    has_training_loss_fallen,
)
from tasks.diagnosis.remedies import (
    ENOUGH_UPDATES,
    PlanChange,
    change_learning_rate,
    extend_training,
    get_usual_rate,
    stop_early,
)
from tasks.schemas.messages import Figure, Nats, Points

FEW_UPDATES = 50  # with the tiny model 14 updates helped at no learning rate, 50 at the right one
ZERO_TOLERANCE = 1e-9  # a KL or a shift that is zero but for rounding
SMALL_CHANGE = 0.01  # KL in nats, or relative shift of the weights, that changes next to no answer
# last loss over first; on held-out pairs, where there are some: the training's own is noisy
FLAT_LOSS_RATIO = 0.95
DIVERGED_LOSS_RATIO = 1.1  # the same
MASTERED_RATE = (
    0.9  # share of the taught pairs: where they are known, more of the same teaches little
)
WORSE_LOSS_RATIO = 1.05  # best held-out loss over that before training
# Of the whole fall of the held-out loss, in each of the last two epochs. A loss that has levelled
# falls by noise: .6 % of itself in an epoch, which is a hundredth of the fall
UNFINISHED_FALL_SHARE = 0.05
OVERFIT_LOSS_RATIO = 1.1  # last held-out loss over the best


def detect_nothing_trainable(e: Evidence) -> RuleResult | None:
    if e.preflight.trainable_parameters > 0:
        return None
    return RuleResult(
        rule="nothing-trainable",
        evidence={
            "trainable_parameters": 0,
            "target_modules": str(e.plan.finetuning.target_modules),
        },
        priority=1.0,
        remedy={"finetuning.target_modules": "all-linear"},
    )


def detect_masked_labels(e: Evidence) -> RuleResult | None:
    share = e.preflight.target_tokens / max(1, e.preflight.tokens)
    ends_only = e.preflight.target_tokens <= e.preflight.texts  # no more than the end of each text
    if not e.preflight.texts or (share >= 0.01 and not ends_only):
        return None
    return RuleResult(
        rule="labels-masked",
        evidence={"target_tokens": e.preflight.target_tokens, "tokens": e.preflight.tokens},
        priority=0.99,
        remedy={"finetuning.loss_on": "text", "finetuning.template": None},
    )


def detect_unmoved_weights(e: Evidence) -> RuleResult | None:
    if e.probe.weight_shift > ZERO_TOLERANCE:
        return None
    return RuleResult(
        rule="weights-unmoved",
        evidence={
            "weight_shift": Figure(e.probe.weight_shift),
            "updates": e.updates,
            "learning_rate": Figure(e.plan.finetuning.learning_rate),
        },
        priority=0.985,
        remedy=change_learning_rate(e.plan, get_usual_rate(e.plan))
        | {"finetuning.target_modules": "all-linear"},
    )


def detect_detached_adapter(e: Evidence) -> RuleResult | None:
    """Moved weights that move no output are not in the model that answered."""
    least = (
        SMALL_CHANGE if e.updates < FEW_UPDATES else 1e-4
    )  # a hardly moved adapter may vanish in bfloat16
    moved = (
        e.probe.kl_mean > ZERO_TOLERANCE
        or e.primary.changed
        or e.primary.extra.get("score_shift", 0) > 0
    )
    if e.probe.weight_shift < least or moved:
        return None
    return RuleResult(
        rule="adapter-not-attached",
        evidence={
            "weight_shift": Figure(e.probe.weight_shift),
            "kl_mean": Nats(e.probe.kl_mean),
            "changed": 0,
            "n": e.primary.n,
        },
        priority=0.98,
    )


def detect_same_model(e: Evidence) -> RuleResult | None:
    """The probe sees two models where the answers show one."""
    still = not any(row.changed or row.extra.get("score_shift", 0.0) > 0 for row in e.comparisons)
    mute = all(
        row.illegible_base == row.illegible_tuned == row.n for row in e.comparisons
    )  # two models that name no option look alike
    if not still or mute or e.probe.kl_mean < SMALL_CHANGE:
        return None
    return RuleResult(
        rule="same-model-twice",
        evidence={
            "changed": 0,
            "n": e.primary.n,
            "kl_mean": Nats(e.probe.kl_mean),
            "weight_shift": Figure(e.probe.weight_shift),
        },
        priority=0.975,
    )


def detect_diverged_loss(e: Evidence) -> RuleResult | None:
    """Infinite, higher than at the beginning, or thrown about: held-out pairs are at no time better
    off than untaught.
    """
    rose = _has_loss_risen(e)
    if not (e.loss_broken or rose or _is_loss_erratic(e)):
        return None
    return RuleResult(
        rule="loss-diverged",
        evidence={
            "loss_first": wrap_measured(Nats, e.loss_first),
            "loss_last": wrap_measured(Nats, e.loss_last),
            "learning_rate": Figure(e.plan.finetuning.learning_rate),
            "held_out_before": wrap_measured(Nats, e.held_out[0] if e.held_out else None),
            "held_out_best": wrap_measured(Nats, min(e.held_out[1:], default=None)),
        },
        priority=0.965,
        said=("broken",) if e.loss_broken else ("claim",) if rose else ("thrown",),
        remedy=change_learning_rate(e.plan, e.plan.finetuning.learning_rate / 10),
    )


def detect_too_few_updates(e: Evidence) -> RuleResult | None:
    if e.updates >= FEW_UPDATES or has_learnt_pairs(e) or has_training_loss_fallen(e):
        return None
    return RuleResult(
        rule="too-few-updates",
        evidence={
            "updates": e.updates,
            "texts": e.preflight.texts,
            "epochs": Figure(e.preflight.epochs),
            "batch_size": e.preflight.batch_size,
            "learning_rate": Figure(e.plan.finetuning.learning_rate),
            "loss_before": wrap_measured(Nats, e.loss_first),
            "loss_after": wrap_measured(Nats, e.loss_last),
            "kl_mean": Nats(e.probe.kl_mean),
            "weight_shift": Figure(e.probe.weight_shift),
            "changed": Figure(e.primary.changed),
        },
        priority=0.95,
        remedy=extend_training(e.plan, e.preflight.texts, e.has_more_pairs),
        said=("claim", "loss")
        if replace_nonfinite(e.loss_first) and replace_nonfinite(e.loss_last)
        else ("claim",),
        beside={"enough": ENOUGH_UPDATES},
    )


def detect_unfinished_training(e: Evidence) -> RuleResult | None:
    """Signs of learning, and a held-out loss that was still falling when the training ended."""
    known, train = has_learnt_pairs(e), find_early_signs(e)
    if (
        e.updates < FEW_UPDATES
        or not train
        or not _is_held_out_loss_falling(e)
        or train.tuned.rate > MASTERED_RATE
        or e.plan.finetuning.shuffle_diagnoses
    ):
        return None
    return RuleResult(
        rule="stopped-early",
        evidence={
            "updates": e.updates,
            "epochs": Figure(e.preflight.epochs),
            "train_difference": Points(train.difference.value),
            "held_out_before": Nats(e.held_out[-2]),
            "held_out_last": Nats(e.held_out[-1]),
        },
        # above too few questions: the training is finished before more questions are paid for
        priority=0.878 if known else 0.905,
        remedy=extend_training(e.plan, e.preflight.texts, e.has_more_pairs),
    )


def detect_low_learning_rate(e: Evidence) -> RuleResult | None:
    """The answers hardly moved. Weights may have, a little; where they moved and the answers not at
    all, the adapter is not attached.
    """
    apart = e.probe.weight_shift >= SMALL_CHANGE and e.probe.kl_mean <= ZERO_TOLERANCE
    if e.updates < FEW_UPDATES or has_learnt_pairs(e) or e.probe.kl_mean >= SMALL_CHANGE or apart:
        return None
    return RuleResult(
        rule="rate-too-low",
        evidence={
            "updates": e.updates,
            "learning_rate": Figure(e.plan.finetuning.learning_rate),
            "kl_mean": Nats(e.probe.kl_mean),
            "weight_shift": Figure(e.probe.weight_shift),
        },
        priority=0.94,
        remedy=change_learning_rate(
            e.plan, max(get_usual_rate(e.plan), 10 * e.plan.finetuning.learning_rate)
        ),
    )


def detect_flat_loss(e: Evidence) -> RuleResult | None:
    if (
        e.loss_first is None
        or e.loss_last is None
        or e.updates < FEW_UPDATES
        or has_learnt_pairs(e)
        or has_training_loss_fallen(e)
    ):
        return None
    first, last = (
        (e.held_out[0], e.held_out[-1]) if len(e.held_out) > 1 else (e.loss_first, e.loss_last)
    )
    if not FLAT_LOSS_RATIO * first <= last or _has_loss_risen(e):
        return None
    wanted = get_usual_rate(e.plan)
    change: PlanChange = change_learning_rate(
        e.plan,
        wanted if e.plan.finetuning.learning_rate < wanted else e.plan.finetuning.learning_rate / 3,
    )
    return RuleResult(
        rule="loss-flat",
        evidence={
            "loss_first": Nats(first),
            "loss_last": Nats(last),
            "updates": e.updates,
            "learning_rate": Figure(e.plan.finetuning.learning_rate),
        },
        priority=0.93,
        remedy=change | {"finetuning.target_modules": "all-linear"},
    )


def detect_overfitting(e: Evidence) -> RuleResult | None:
    """A plan's own early stopping keeps the best epoch, so that what came after it is no fault."""
    if e.plan.finetuning.early_stopping is not None:
        return None
    if len(e.held_out) < 2 or e.held_out[-1] <= OVERFIT_LOSS_RATIO * min(e.held_out):
        return None
    return RuleResult(
        rule="overfit",
        evidence={
            "held_out_best": Nats(min(e.held_out)),
            "held_out_last": Nats(e.held_out[-1]),
            "epochs": Figure(e.preflight.epochs),
        },
        # above too few questions: the training is mended before more questions are paid for
        priority=0.876,
        remedy=stop_early(e.plan),
    )


def _is_held_out_loss_falling(e: Evidence) -> bool:
    """In both of the last two epochs by a share of the whole fall: one epoch's may be noise."""
    losses = e.held_out[-3:]
    least = UNFINISHED_FALL_SHARE * (e.held_out[0] - min(e.held_out)) if e.held_out else 0.0
    falls = [before - after for before, after in pairwise(losses)]
    return len(losses) == 3 and losses[-1] == min(e.held_out) and all(f >= least for f in falls)


def _has_loss_risen(e: Evidence) -> bool:
    """By more than the jumps between updates explain; not where held-out pairs became likelier."""
    if e.loss_first is None or e.loss_last is None:
        return False
    if len(e.held_out) > 1 and e.held_out[-1] < e.held_out[0]:
        return False
    return e.loss_last - 2 * e.loss_error > DIVERGED_LOSS_RATIO * e.loss_first + 0.05


def _is_loss_erratic(e: Evidence) -> bool:
    if e.loss_last is None or len(e.held_out) < 2:
        return False
    return (
        e.loss_last > FALLEN_LOSS_RATIO * e.held_out[0]
        and min(e.held_out[1:]) > WORSE_LOSS_RATIO * e.held_out[0]
    )
