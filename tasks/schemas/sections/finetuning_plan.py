"""The tuning's section of a plan."""

import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from tasks.schemas.sections.plan_base import PlanSection


class FinetuningPlan(PlanSection):
    """LoRA: which matrices, how strong, how long."""

    excluded_from_key: ClassVar[frozenset[str]] = frozenset(
        {"report_to"}
    )  # where the log is sent, not what comes out: in no cache key

    rank: int = Field(
        default=16, ge=1, description="r: rank of each update matrix (LoRA, arXiv 2106.09685)"
    )
    alpha: float = Field(default=32, description="the update is scaled by alpha / r")
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the adapter's inputs that is dropped in training",
    )
    target_modules: str | tuple[str, ...] = Field(
        default="all-linear", description='"all-linear" or names such as q_proj, v_proj'
    )
    rslora: bool = Field(
        default=False, description="scale by alpha / √r instead (rsLoRA, arXiv 2312.03732)"
    )
    dora: bool = Field(
        default=False, description="learn magnitude and direction apart (DoRA, arXiv 2402.09353)"
    )
    learning_rate: float = Field(default=5e-3, gt=0, description="of AdamW, at its highest")
    schedule: Literal["linear", "cosine", "constant"] = Field(
        default="linear", description="how the learning rate falls after the warm-up"
    )
    warmup: float = Field(
        default=0.03, ge=0, lt=1, description="share of the updates over which the rate rises"
    )
    weight_decay: float = Field(default=0.0, description="of AdamW")
    max_grad_norm: float = Field(default=1.0, description="longer gradients are cut to this norm")
    epochs: float = Field(
        default=8, gt=0, description="passes over the training texts; parts of one are allowed"
    )
    updates: int | None = Field(
        default=None, ge=1, description="optimizer updates; none: as many as the epochs hold"
    )
    book_epochs: float = Field(
        default=0.0,
        ge=0,
        description=(
            "epochs on the book's own text before the pairs; it answers the questions on untaught"
            " facts, too"
        ),
    )
    batch_size: int = Field(
        default=16, ge=1, description="texts per optimizer update, reached by accumulation"
    )
    max_tokens: int = Field(default=384, ge=8, description="a longer text is not cut silently")
    too_long: Literal["refuse", "drop"] = Field(
        default="refuse",
        description=(
            "texts over max_tokens: stop with their count, or leave them out and count them"
        ),
    )
    loss_on: Literal["text", "diagnosis"] = Field(
        default="diagnosis",
        description="target tokens: the whole text (the exercise) or the diagnosis only",
    )
    template: str | None = Field(
        default=None,
        pattern=r"(?s)\{symptom\}.*\{diagnosis\}",
        description="the training text; none: that of the study's language, the exercise's",
    )
    exam_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description=(
            "share of the pairs that are trained on in the form of the test, too: four options and"
            " the number"
        ),
    )
    packing: bool = Field(
        default=False,
        description=(
            "the texts of a micro-batch in one row without padding, each blind to the others"
        ),
    )
    early_stopping: int | None = Field(
        default=None,
        description=(
            "stop after so many epochs without a better held-out loss; the best epoch is kept"
        ),
    )
    shuffle_diagnoses: bool = Field(
        default=False, description="a control: the diagnoses are dealt out anew among the pairs"
    )
    quantize: Literal["none", "4bit"] = Field(
        default="none",
        description="4bit: the frozen base in NF4 (QLoRA, arXiv 2305.14314); needs an NVIDIA GPU",
    )
    report_to: tuple[Literal["tensorboard", "mlflow", "wandb"], ...] = Field(
        default=(),
        description=(
            "programs that follow the training live; one that is finished is not done again for"
            " them"
        ),
    )
    seed: int = Field(
        default=0, description="of the adapter's first weights and the order of the texts"
    )

    @field_validator("target_modules", mode="before")
    @classmethod
    def split_names(cls, value: Any) -> Any:
        """Names without brackets, `q_proj, v_proj`, are names; PEFT would take the text for one
        pattern.
        """
        is_names = isinstance(value, str) and re.fullmatch(r"[\w.]+(?:\s*,\s*[\w.]+)*,?", value)
        return tuple(re.findall(r"[\w.]+", value)) if is_names else value
