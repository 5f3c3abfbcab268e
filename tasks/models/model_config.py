"""A model folder's config.json: read without running its code, and refused where it is no plain
causal language model.
"""

import json
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig
from transformers.models.auto import modeling_auto

from tasks.schemas.errors import PlanError

# Heads that answer something else than the next token; a trunk below them was tuned for that.
OTHER_TASKS = (
    modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)
UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
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
            f"{folder / 'config.json'} cannot be used: {type(error).__name__}: {error}"[:600]
        ) from error
    if config.is_encoder_decoder or type(config) not in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING:
        raise PlanError(
            f"{folder}: a model of type {config.model_type!r} is no decoder-only language model;"
            " only causal language models (Llama, Qwen, Gemma, Mistral, …) can be tuned and"
            " scored. Name one of them."
        )
    config._attn_implementation = (
        None  # a name such as "kernels-community/…" would fetch and run code
    )
    config._experts_implementation = None
    config.transformers_weights = None  # would name another file than those that were checked
    return config


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PlanError(
            f"{file} is no JSON ({type(error).__name__}: {error}"[:300] + "); copy it again."
        ) from None
    if not isinstance(content, dict):
        raise PlanError(f"{file} is no JSON object; copy it again.")
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
            f"{folder}: its weights are quantized already ({str(method)[:40]}), which can be"
            " neither compared nor merged exactly. Name the model that it was made from;"
            " finetuning.quantize: 4bit quantizes that one while loading."
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
        raise PlanError(
            f"{folder} holds a {heads[0]}, which is no causal language model; name a model that"
            " writes text."
        )


def _as_tuple(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def refuse_impossible_size(folder: Path, config: Any, tensors: int) -> None:
    """Raise PlanError where config.json tells more layers than there are tensors: building them
    could take all memory.
    """
    layers = getattr(config.get_text_config(), "num_hidden_layers", 0)
    if not isinstance(layers, int) or layers > tensors:
        raise PlanError(
            f"{folder / 'config.json'} tells {layers} layers, but the weight files hold {tensors}"
            " tensors only; copy both again."
        )
