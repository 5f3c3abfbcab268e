"""An adapter's folder: read and refused before anything is loaded into a model."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftConfig, PeftType

from tasks.models.model_config import UNREADABLE
from tasks.models.weight_files import TensorHeader, read_headers, refuse_non_finite
from tasks.schemas.errors import MissingArtifact, PlanError, quote_exception
from tasks.schemas.messages import build_message
from tasks.store.paths import get_cached_folder_digest

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# These need more than a folder: other adapters, or a task's number beside every question.
NEEDS_MORE = (PeftType.XLORA, PeftType.POLY)
# LoRA begins at W - BA where its init takes BA out of W. As long as the config names such an init,
# the adapter was not
# converted, and what W was in training is known only where loading computes the same BA again.
REDRAWN = ("_niter_", "corda")  # drawn at random, or from texts that are not in the folder
LEFT_OUT = ("lora_ga",)  # PEFT does not take BA out of W again when it loads


def read_adapter_config(adapter: Path) -> Any:
    """PEFT's configuration of an adapter that can be loaded and compared. Raises MissingArtifact or
    PlanError.
    """
    for name in (WEIGHTS, CONFIG):
        if not (adapter / name).is_file():
            pickled = (
                build_message("adapter-pickled")
                if (adapter / "adapter_model.bin").is_file()
                else ""
            )
            raise MissingArtifact(
                build_message("adapter-lacks", adapter=str(adapter), name=name, pickled=pickled)
            )
    try:
        config = PeftConfig.from_pretrained(str(adapter))
    except UNREADABLE as error:
        raise PlanError(
            build_message("file-unusable", path=str(adapter / CONFIG), why=quote_exception(error))
        ) from error
    _refuse_kind(adapter, config)
    read_headers([adapter / WEIGHTS])
    refuse_non_finite([adapter / WEIGHTS])
    return config


def _refuse_kind(adapter: Path, config: Any) -> None:
    kind = str(getattr(config.peft_type, "value", config.peft_type))
    if kind not in PEFT_TYPE_TO_CONFIG_MAPPING:
        raise PlanError(
            build_message(
                "adapter-of-unknown-kind", path=str(adapter / CONFIG), kind=repr(kind[:40])
            )
        )
    if config.is_prompt_learning or config.peft_type in NEEDS_MORE:
        raise PlanError(build_message("adapter-beside-weights", adapter=str(adapter), kind=kind))
    if config.task_type not in (None, "CAUSAL_LM"):
        raise PlanError(
            build_message(
                "adapter-for-another-task", adapter=str(adapter), task=str(config.task_type)[:40]
            )
        )
    if any(part in _init(config) for part in REDRAWN):
        raise PlanError(
            build_message("adapter-not-converted", adapter=str(adapter), init=repr(_init(config)))
        )
    if _init(config) == "loftq" and find_spec("bitsandbytes") is None:
        raise PlanError(
            build_message(
                "loftq-without-bitsandbytes",
                adapter=str(adapter),
                command="pip install bitsandbytes",
            )
        )


def _init(config: Any) -> str:
    """How LoRA's matrices began; empty for the plain ways and for other kinds."""
    told = getattr(config, "init_lora_weights", True)
    return told if isinstance(told, str) else ""


LEAVES_BASE = (
    "",
    "gaussian",
    "orthogonal",
    "mica",
    "eva",
    "lora_ga",
)  # tests/models/test_adapters.py tries all that PEFT has


def writes_into_base(config: Any, headers: dict[str, TensorHeader]) -> bool:
    """Whether loading may change the base's own weights: unless it is LoRA alone, begun in a way
    that was seen to leave them.

    `bias`, new embeddings and other kinds of adapters put weights of the base's own names beside
    LoRA's.
    """
    is_plain = (
        config.peft_type == PeftType.LORA
        and not config.layer_replication
        and _init(config) in LEAVES_BASE
    )
    return not (is_plain and all("lora_" in name for name in headers))


def describe_doubts(adapter: Path, config: Any, names: set[str], base: Path) -> list[str]:
    """What a reader should know of adapter and base, in sentences; `names`: all that the base is
    called.
    """
    doubts = []
    told = str(config.base_model_name_or_path or "")
    if (
        told
        and Path(told).name.lower() not in {Path(name).name.lower() for name in names}
        and not _is_same(Path(told), base)
    ):
        doubts.append(
            f"The adapter was made for {told[:200]!r}, and {sorted(names)[0]!r} was scored: if"
            " these are two models, the comparison is worthless."
        )
    if (
        config.revision
        and base.parent.name == "snapshots"
        and not base.name.startswith(str(config.revision))
    ):
        doubts.append(
            f"The adapter was made for revision {str(config.revision)[:40]}, and {base.name} was"
            " scored."
        )
    if _init(config) in LEFT_OUT:
        doubts.append(
            f"{adapter.name} was begun with init_lora_weights={_init(config)!r} and not converted:"
            " on the plain base it is another model than in training. Save it with"
            " save_pretrained(…, path_initial_model_for_weight_conversion=…)."
        )
    return doubts


def _is_same(told: Path, base: Path) -> bool:
    return told.is_dir() and (
        told.resolve() == base.resolve()
        or get_cached_folder_digest(told) == get_cached_folder_digest(base)
    )
