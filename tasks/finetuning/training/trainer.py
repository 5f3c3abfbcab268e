"""The training loop: transformers' Trainer, with sorted batches, a loss per target token, and
logits only where they count.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import PrinterCallback, Trainer, TrainingArguments
from transformers.integrations import TensorBoardCallback

from tasks.finetuning import requirements
from tasks.finetuning.examples import BLANK_EXAMPLE, IGNORED_LABEL, Example, build_dataset
from tasks.finetuning.training.batches import SortedBatchSampler, build_collator
from tasks.schemas.errors import PlanError, TuningError
from tasks.schemas.messages import Figure, build_message
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import TrainingStep
from tasks.store.paths import get_runs_dir

SCHEDULER_NAMES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
EAGER_ATTENTION_TOKENS = 256  # tokens up to which plain attention is the faster on a CPU
PLAIN_HEAD_MODELS = frozenset(
    {"llama", "mistral", "qwen2", "qwen3"}
)  # logits = lm_head(hidden), nothing else


def build_training_arguments(
    plan: FinetuningPlan, scratch: Path, device: str, micro: int, held_out: bool
) -> TrainingArguments:
    """The plan in the Trainer's words. Raises PlanError where the log is to go to a program that is
    not installed.
    """
    for lack in requirements.list_unmet_requirements(plan):
        raise PlanError(lack)
    args = TrainingArguments(
        output_dir=str(scratch),
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=plan.batch_size // (micro * count_processes()),
        num_train_epochs=plan.epochs,
        max_steps=plan.updates or -1,
        learning_rate=plan.learning_rate,
        lr_scheduler_type=SCHEDULER_NAMES[plan.schedule],
        warmup_steps=plan.warmup,
        optim="adamw_torch",
        weight_decay=plan.weight_decay,
        max_grad_norm=plan.max_grad_norm,
        logging_steps=1,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to=[name for name in plan.report_to if name != "tensorboard"] or "none",
        eval_strategy="epoch" if held_out else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=plan.early_stopping is not None,
        metric_for_best_model="eval_loss" if plan.early_stopping is not None else None,
        greater_is_better=False if plan.early_stopping is not None else None,
        use_cpu=device == "cpu",
        dataloader_pin_memory=device.startswith("cuda"),
        remove_unused_columns=False,
        seed=plan.seed,
    )
    if device.startswith("cuda") and count_processes() > 1:
        torch.cuda.set_device(args.device)
    args._n_gpu = min(
        args.n_gpu, 1
    )  # several GPUs are torchrun's business; DataParallel would change the batch
    return args


def count_processes() -> int:
    """How many processes train together, as torchrun tells each of them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def choose_attention(model: Any, device: str, longest: int) -> None:
    """Plain attention for short texts on a CPU, where PyTorch's fused one spends 88 ms a layer
    going back through 70 tokens.

    An update of the 1B shape took 13 % less in all (bfloat16, 4 texts of 70 tokens); at 384 tokens
    the two are even.
    """
    if device == "cpu" and longest <= EAGER_ATTENTION_TOKENS:
        model.set_attn_implementation("eager")


class LoraTrainer(Trainer):  # type: ignore[misc]
    """Trainer, with the loss in nats per target token over the whole accumulated batch."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        args: TrainingArguments,
        plan: FinetuningPlan,
        train: Sequence[Example],
        held_out: Sequence[Example] = (),
    ) -> None:
        self.collate = build_collator(plan.packing, tokenizer)
        super().__init__(
            model=model,
            args=args,
            train_dataset=build_dataset([*train, BLANK_EXAMPLE]),
            eval_dataset=build_dataset(held_out),
            data_collator=self.collate,
        )
        self.remove_callback(PrinterCallback)
        if (
            "tensorboard" in plan.report_to and args.should_log
        ):  # a folder of its own, since the checkpoints' is emptied at the end
            from torch.utils.tensorboard import SummaryWriter

            folder = get_runs_dir() / "tensorboard" / Path(str(args.output_dir)).name
            self.add_callback(TensorBoardCallback(SummaryWriter(folder)))
        self.model_accepts_loss_kwargs = True
        self.order = SortedBatchSampler(
            [len(e.input_ids) for e in train],
            plan.batch_size,
            plan.seed,
            filled=args.world_size > 1,
        )
        self.control: Any = self.control
        self.counted = 0  # target tokens of the update under way
        self.held_out = held_out

    def _get_train_sampler(self, train_dataset: Any = None) -> SortedBatchSampler:
        return self.order

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        batches, count = super().get_batch_samples(*args, **kwargs)
        self.counted = int(count)
        return batches, count

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        if return_outputs or self.args.world_size > 1:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        return compute_loss_sum(model, inputs) / num_items_in_batch

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        for name in ("loss", "grad_norm", "eval_loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                raise TuningError(
                    build_message(
                        "loss-not-finite",
                        name=name,
                        value=str(logs[name]),
                        update=self.state.global_step,
                        rate=Figure(logs.get("learning_rate", 0.0)),
                    )
                )
        super().log({**logs, "target_tokens": self.counted} if "loss" in logs else logs, start_time)

    def measure_held_out_loss(self) -> list[TrainingStep]:
        """The held-out loss before the first update, where there is something held out."""
        if not self.held_out:
            return []
        loss, tokens = compute_mean_loss(
            self.model, self.held_out, self.collate, self.args.per_device_train_batch_size
        )
        return [TrainingStep(step=0, epoch=0.0, loss=loss, target_tokens=tokens, split="held_out")]

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """The held-out loss per target token; draws no random number, so that it cannot disturb the
        training.
        """
        loss, tokens = compute_mean_loss(
            self.model, self.held_out, self.collate, self.args.per_device_train_batch_size
        )
        metrics = {"eval_loss": loss, "eval_target_tokens": float(tokens)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


def compute_loss_sum(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """Negative log-likelihood of the labels, summed, in nats. The LM head sees only the positions
    before a label.
    """
    labels = inputs["labels"][:, 1:]  # (B, T-1): the token after each position
    given = {name: tensor for name, tensor in inputs.items() if name != "labels"}
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    chosen = labels != IGNORED_LABEL
    if base.config.model_type in PLAIN_HEAD_MODELS:
        hidden = base.model(**given, use_cache=False).last_hidden_state[:, :-1]
        logits = base.lm_head(hidden[chosen])  # (labels, V)
    else:
        logits = model(**given, use_cache=False).logits[:, :-1][chosen]
    return cross_entropy(logits.float(), labels[chosen], reduction="sum")


@torch.no_grad()
def compute_mean_loss(
    model: Any, examples: Sequence[Example], collate: Any, rows: int
) -> tuple[float, int]:
    """(nats per target token, target tokens) of texts that are only read."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    ordered = sorted(examples, key=lambda e: -len(e.input_ids))
    total, tokens = 0.0, sum(e.target_count for e in examples)
    for start in range(0, len(ordered), rows):
        batch = collate([e._asdict() for e in ordered[start : start + rows]])
        total += float(
            compute_loss_sum(model, {name: tensor.to(device) for name, tensor in batch.items()})
        )
    model.train(was_training)
    return total / max(1, tokens), tokens
