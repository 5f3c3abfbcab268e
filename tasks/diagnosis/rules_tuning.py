"""Faults of the tuning itself: nothing attached, nothing moved, too short, too slow, too fast."""

import math

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.learning import learnt, signs
from tasks.diagnosis.remedies import Change, longer, rate, usual_rate
from tasks.records import Finding

FEW_UPDATES = 50  # with the tiny model 14 updates helped at no learning rate, 50 at the right one
NOTHING = 1e-9  # a KL or a shift that is zero but for rounding
HARDLY = 0.01  # KL in nats, or relative shift of the weights, that changes next to no answer
FLAT = 0.97  # last loss over first
DIVERGED = 1.1  # the same
OVERFIT = 1.1  # last held-out loss over the best


def nothing_trainable(e: Evidence) -> Finding | None:
    if e.preflight.trainable_parameters > 0:
        return None
    return Finding(
        rule="nothing-trainable",
        claim="No weight was free to change: 0 trainable parameters.",
        evidence={"trainable_parameters": 0, "target_modules": str(e.plan.finetuning.target_modules)},
        weight=1.0,
        remedy={"finetuning.target_modules": "all-linear"},
        advice="Name modules that the base model has, or take all linear layers.",
    )


def labels_masked(e: Evidence) -> Finding | None:
    share = e.preflight.target_tokens / max(1, e.preflight.tokens)
    if share >= 0.01 or not e.preflight.texts:
        return None
    return Finding(
        rule="labels-masked",
        claim=f"The loss was taken over {e.preflight.target_tokens} of {e.preflight.tokens} tokens: the labels are masked.",
        evidence={"target_tokens": e.preflight.target_tokens, "tokens": e.preflight.tokens},
        weight=0.99,
        remedy={"finetuning.loss_on": "text", "finetuning.template": None},
        advice="Take the loss over the whole text, and let the template end with the diagnosis.",
    )


def weights_unmoved(e: Evidence) -> Finding | None:
    if e.probe.weight_shift > NOTHING:
        return None
    return Finding(
        rule="weights-unmoved",
        claim=f"The adapter's weights did not move in {e.updates} updates.",
        evidence={"weight_shift": e.probe.weight_shift, "updates": e.updates, "learning_rate": e.plan.finetuning.learning_rate},
        weight=0.985,
        remedy=rate(e.plan, usual_rate(e.plan)) | {"finetuning.target_modules": "all-linear"},
        advice="Check that the adapter was trained and saved; raise the learning rate.",
    )


def adapter_not_attached(e: Evidence) -> Finding | None:
    """Moved weights that move no output are not in the model that answered."""
    least = HARDLY if e.updates < FEW_UPDATES else 1e-4  # a hardly moved adapter may vanish in bfloat16
    moved = e.probe.kl_mean > NOTHING or e.primary.changed or e.primary.extra.get("score_shift", 0) > 0
    if e.probe.weight_shift < least or moved:
        return None
    return Finding(
        rule="adapter-not-attached",
        claim="The adapter's weights moved, but the model answers exactly as without it: it is not attached.",
        evidence={"weight_shift": e.probe.weight_shift, "kl_mean": e.probe.kl_mean, "changed": 0, "n": e.primary.n},
        weight=0.98,
        advice="Load the adapter into the very model that answers; run the evaluation again: --redo evaluate_model.",
    )


def same_model_twice(e: Evidence) -> Finding | None:
    """The probe sees two models where the answers show one."""
    still = not e.primary.changed and e.primary.extra.get("score_shift", 0.0) == 0
    if not still or e.probe.kl_mean < HARDLY:
        return None
    return Finding(
        rule="same-model-twice",
        claim="Base and tuned answers come from one and the same model, though the two models differ.",
        evidence={"changed": 0, "n": e.primary.n, "kl_mean": e.probe.kl_mean, "weight_shift": e.probe.weight_shift},
        weight=0.975,
        advice="The adapter was left on, or off, for both; run the evaluation again: --redo evaluate_model.",
    )


def loss_diverged(e: Evidence) -> Finding | None:
    rose = e.loss_first is not None and e.loss_last is not None and e.loss_last > DIVERGED * e.loss_first + 0.05
    if not rose and not e.loss_broken:
        return None
    return Finding(
        rule="loss-diverged",
        claim="The loss became infinite." if e.loss_broken else f"The loss rose from {e.loss_first:.2f} to {e.loss_last:.2f} nats a token.",
        evidence={"loss_first": _plain(e.loss_first), "loss_last": _plain(e.loss_last), "learning_rate": e.plan.finetuning.learning_rate},
        weight=0.965,
        remedy=rate(e.plan, e.plan.finetuning.learning_rate / 10),
        advice="A tenth of the learning rate.",
    )


def too_few_updates(e: Evidence) -> Finding | None:
    if e.updates >= FEW_UPDATES or learnt(e):
        return None
    how = f" (the loss went from {e.loss_first:.2f} to {e.loss_last:.2f} nats a token)" if e.loss_first and e.loss_last else ""
    return Finding(
        rule="too-few-updates",
        claim=f"{e.updates} updates are too few{how}; the models differ by {e.probe.kl_mean:.2g} nats (mean KL at the answer).",
        evidence={
            "updates": e.updates,
            "texts": e.preflight.texts,
            "epochs": e.preflight.epochs,
            "batch_size": e.preflight.batch_size,
            "learning_rate": e.plan.finetuning.learning_rate,
            "loss_before": _plain(e.loss_first),
            "loss_after": _plain(e.loss_last),
            "kl_mean": e.probe.kl_mean,
            "weight_shift": e.probe.weight_shift,
            "changed": e.primary.changed,
        },
        weight=0.95,
        remedy=longer(e.plan, e.preflight.texts),
        advice="More epochs, or smaller batches: at least 180 updates, at a learning rate that moves a LoRA adapter.",
    )


def stopped_early(e: Evidence) -> Finding | None:
    """Signs of learning, and a held-out loss that was still falling when the training ended."""
    falling = len(e.held_out) >= 3 and e.held_out[-1] < 0.995 * e.held_out[-2] and e.held_out[-1] == min(e.held_out)
    train = signs(e)
    if e.updates < FEW_UPDATES or learnt(e) or not train or not falling or e.plan.finetuning.shuffle_diagnoses:
        return None
    return Finding(
        rule="stopped-early",
        claim=f"The training ended while it was still learning: {100 * train.difference.value:+.0f} points on the taught pairs, "
        f"held-out loss {e.held_out[-2]:.2f} to {e.held_out[-1]:.2f} nats a token in the last epoch.",
        evidence={"updates": e.updates, "epochs": e.preflight.epochs, "held_out_before": e.held_out[-2], "held_out_last": e.held_out[-1]},
        weight=0.905,
        remedy=longer(e.plan, e.preflight.texts),
        advice="Twice as many updates.",
    )


def rate_too_low(e: Evidence) -> Finding | None:
    if e.updates < FEW_UPDATES or learnt(e) or e.probe.kl_mean >= HARDLY or e.probe.weight_shift >= HARDLY:
        return None
    return Finding(
        rule="rate-too-low",
        claim=f"{e.updates} updates hardly moved the model (weights by {e.probe.weight_shift:.2g} of their size): the learning rate is too low.",
        evidence={
            "updates": e.updates,
            "learning_rate": e.plan.finetuning.learning_rate,
            "kl_mean": e.probe.kl_mean,
            "weight_shift": e.probe.weight_shift,
        },
        weight=0.94,
        remedy=rate(e.plan, max(usual_rate(e.plan), 10 * e.plan.finetuning.learning_rate)),
        advice="LoRA wants about ten times the rate of full tuning.",
    )


def loss_flat(e: Evidence) -> Finding | None:
    if e.loss_first is None or e.loss_last is None or e.updates < FEW_UPDATES or learnt(e):
        return None
    if not FLAT * e.loss_first <= e.loss_last <= DIVERGED * e.loss_first + 0.05:
        return None
    wanted = usual_rate(e.plan)
    change: Change = rate(e.plan, wanted if e.plan.finetuning.learning_rate < wanted else e.plan.finetuning.learning_rate / 3)
    return Finding(
        rule="loss-flat",
        claim=f"The loss did not fall: {e.loss_first:.2f} at the beginning, {e.loss_last:.2f} nats a token after {e.updates} updates.",
        evidence={
            "loss_first": e.loss_first,
            "loss_last": e.loss_last,
            "updates": e.updates,
            "learning_rate": e.plan.finetuning.learning_rate,
        },
        weight=0.93,
        remedy=change | {"finetuning.target_modules": "all-linear"},
        advice="Adapt all linear layers, and try learning rates three times higher and lower.",
    )


def overfit(e: Evidence) -> Finding | None:
    if len(e.held_out) < 2 or e.held_out[-1] <= OVERFIT * min(e.held_out):
        return None
    return Finding(
        rule="overfit",
        claim=f"The loss on held-out pairs rose again, from {min(e.held_out):.2f} to {e.held_out[-1]:.2f} nats a token: learnt by heart.",
        evidence={"held_out_best": min(e.held_out), "held_out_last": e.held_out[-1], "epochs": e.preflight.epochs},
        weight=0.86,
        remedy={"finetuning.early_stopping": 1},
        advice="Stop after the epoch with the best held-out loss; add wordings of each fact.",
    )


def _plain(loss: float | None) -> float | None:
    """JSON knows no NaN."""
    return loss if loss is not None and math.isfinite(loss) else None
