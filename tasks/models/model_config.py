"""A model folder's config.json: read without running its code, and refused where it is no plain
causal language model.
"""

import json
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig
from transformers.models.auto import modeling_auto

from tasks.schemas.errors import PlanError, quote_exception
from tasks.schemas.messages import build_message

# Heads that answer something else than the next token; a trunk below them was tuned for that.
OTHER_TASKS = (
    modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)
WINDOW_NAMES = ("n_positions", "max_position_embeddings", "n_ctx")
UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    ImportError,
    StrictDataclassError,
)


def read_config(folder: Path) -> Any:
    """The configuration; how attention is computed and which files are read is never left to it.

    Raises PlanError for what is no causal language model, or is quantized already.
    """
    _refuse_by_words(folder, _read_json(folder / "config.json"))
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except UNREADABLE as error:
        raise PlanError(
            build_message(
                "file-unusable", path=str(folder / "config.json"), why=quote_exception(error)
            )
        ) from error
    if config.is_encoder_decoder or type(config) not in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING:
        raise PlanError(
            build_message("no-decoder", folder=str(folder), kind=repr(config.model_type))
        )
    config._attn_implementation = (
        None  # a name such as "kernels-community/…" would fetch and run code
    )
    config._experts_implementation = None
    config.transformers_weights = None  # would name another file than those that were checked
    return config


def find_context_window(config: Any) -> int | None:
    """The most tokens that the model reads at once; None where its configuration does not say."""
    inner = getattr(config, "text_config", None) or config
    said = (getattr(inner, name, None) for name in WINDOW_NAMES)
    return next((int(window) for window in said if window is not None), None)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PlanError(
            build_message("file-not-json", path=str(file), why=quote_exception(error, 250))
        ) from None
    if not isinstance(content, dict):
        raise PlanError(build_message("file-no-json-object", path=str(file)))
    return content


def _refuse_by_words(folder: Path, content: dict[str, Any]) -> None:
    quantized = content.get("quantization_config")
    if quantized:
        method = (
            quantized.get("quant_method", "unknown method")
            if isinstance(quantized, dict)
            else "unknown method"
        )
        raise PlanError(
            build_message("quantized-already", folder=str(folder), method=str(method)[:40])
        )
    named = content.get("architectures")
    heads = [str(name) for name in named] if isinstance(named, list) else []
    others = {
        name for mapping in OTHER_TASKS for names in mapping.values() for name in _as_tuple(names)
    }
    others -= {
        name
        for names in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()
        for name in _as_tuple(names)
    }
    if heads and heads[0] in others:
        raise PlanError(build_message("no-causal-model", folder=str(folder), head=heads[0]))


def _as_tuple(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def refuse_impossible_size(folder: Path, config: Any, tensors: int) -> None:
    """Raise PlanError where config.json tells more layers than there are tensors: building them
    could take all memory.
    """
    layers = getattr(config.get_text_config(), "num_hidden_layers", 0)
    if not isinstance(layers, int) or layers > tensors:
        raise PlanError(
            build_message(
                "config-too-few-tensors",
                path=str(folder / "config.json"),
                layers=str(layers)[:40],
                tensors=tensors,
            )
        )
