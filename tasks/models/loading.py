"""Load a causal language model from a folder or the hub, with or without an adapter; or build the
tiny one.

    loaded = load(checkpoint, machine, adapter)
    tuned = loaded.model(**inputs)
    base = base_of(loaded).model(**inputs)

Base scores come from weights that no adapter was ever loaded into: PEFT writes into the base when
it loads some adapters
(PiSSA, OLoRA, trained biases, new embeddings), and `disable_adapter` does not give the base back.
Safetensors only, and no code that comes with a model is ever run.
"""

import copy
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from tasks.models import cpu_dtype
from tasks.models.adapter_check import describe_doubts, read_adapter_config, writes_into_base
from tasks.models.adapters import adapter_headers, attach_adapter, first_scores
from tasks.models.device import build_4bit_config, choose_device
from tasks.models.library_logging import silence_transformers
from tasks.models.model_config import UNREADABLE, read_config
from tasks.models.model_hub import TOKENIZER_FILES, verify_checkpoint
from tasks.models.weight_check import refuse_damaged_model
from tasks.models.weight_files import list_weight_files, read_headers
from tasks.schemas.errors import PlanError, quote_exception
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.store.artifact_folders import Checkpoint

SAFE_LOADING: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
SMALL_MODEL_PARAMETERS = (
    100_000_000  # parameters below which speed does not matter and float32 is taken on every device
)


class LoadedModel(NamedTuple):
    """A model that is ready to answer, and its tokenizer."""

    model: Any  # a causal LM, or a PeftModel around one
    tokenizer: Any
    load_base: Callable[[], Any] | None = None  # -> Loaded; where the model has an adapter
    notes: tuple[str, ...] = ()  # what a reader of its answers should know


def base_of(loaded: LoadedModel) -> LoadedModel:
    """The base below the adapter, from weights that no adapter touched; the model itself where it
    has none.
    """
    if loaded.load_base is not None:
        base: LoadedModel = loaded.load_base()
        return base
    if isinstance(loaded.model, PeftModel):
        raise TypeError(
            "this model was not loaded by load(): what its base was is not known any more"
        )
    return loaded


def load_model(
    checkpoint: Checkpoint,
    machine: Machine | None = None,
    adapter: Path | None = None,
    quantize: str = "none",
    own: bool = False,
) -> LoadedModel:
    """The model in evaluation mode. Weights are read once a process; each call gets modules of its
    own around them.

    `own`: weights of its own too, for work that writes into them, such as merging; the kept ones
    are then given up,
    so that memory holds them once.
    """
    verify_checkpoint(checkpoint)
    refuse_damaged_model(checkpoint.path)
    place = machine or Machine()
    place_of_weights = (
        str(checkpoint.path),
        checkpoint.digest,
        choose_device(place),
        choose_checkpoint_dtype(checkpoint, place),
        quantize,
    )
    if adapter is None:
        base = _read_alone(place_of_weights) if own else _load_base(*place_of_weights)
        return base if own else base._replace(model=_copy_sharing_weights(base.model))
    config = read_adapter_config(adapter)
    notes = describe_doubts(
        adapter, config, {checkpoint.name, checkpoint.path.name}, checkpoint.path
    )
    again = functools.partial(load_model, checkpoint, place, quantize=quantize)
    if not own and not writes_into_base(config, adapter_headers(adapter)):
        base = _load_base(*place_of_weights)
        before = first_scores(base.model)
        tuned = attach_adapter(_copy_sharing_weights(base.model), adapter, config)
        if torch.equal(before, first_scores(base.model)):
            return LoadedModel(
                tuned, _adapter_tokenizer(adapter, base.tokenizer, tuned), again, tuple(notes)
            )
    base = _read_alone(place_of_weights)
    tuned = attach_adapter(base.model, adapter, config)
    return LoadedModel(
        tuned, _adapter_tokenizer(adapter, base.tokenizer, tuned), again, (*notes, WRITTEN)
    )


WRITTEN = (
    "Loading an adapter of this kind can change weights of the base, so the base was scored from"
    " weights read apart from it."
)


def _read_alone(place: tuple[str, str, str, torch.dtype, str]) -> LoadedModel:
    """Weights that nobody else holds, read again; the kept ones are given up first."""
    _load_base.cache_clear()
    return _read(*place)


def choose_checkpoint_dtype(checkpoint: Checkpoint, machine: Machine) -> torch.dtype:
    """The kind of number that the model is computed in."""
    return choose_dtype(
        machine.dtype, choose_device(machine), count_parameters(checkpoint.path), checkpoint.digest
    )


def choose_dtype(dtype: str, device: str, parameters: int, digest: str) -> torch.dtype:
    """bfloat16 where asked, or where it is faster: GPUs that have it, CPUs where it was measured
    for the model with this digest.
    """
    if dtype != "auto":
        return cpu_dtype.DTYPES[dtype]
    if parameters < SMALL_MODEL_PARAMETERS or device.startswith("mps"):
        return torch.float32
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return cpu_dtype.choose_cpu_dtype(digest)


@functools.lru_cache(maxsize=1)
def _load_base(
    path: str, digest: str, device: str, dtype: torch.dtype, quantize: str
) -> LoadedModel:
    """The frozen weights, read once; the digest is among the arguments so that a replaced folder is
    read again.
    """
    return _read(path, digest, device, dtype, quantize)


def _read(path: str, digest: str, device: str, dtype: torch.dtype, quantize: str) -> LoadedModel:
    silence_transformers()
    settings: dict[str, Any] = {"dtype": dtype, "config": read_config(Path(path))}
    if quantize == "4bit":
        settings |= {"quantization_config": build_4bit_config(device), "device_map": {"": device}}
    model = AutoModelForCausalLM.from_pretrained(
        path, use_safetensors=True, **settings, **SAFE_LOADING
    )
    model = model if quantize == "4bit" else model.to(device)
    return LoadedModel(model.requires_grad_(False).eval(), _read_tokenizer(path, digest))


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """The tokenizer alone; read once a process."""
    verify_checkpoint(checkpoint)
    return _read_tokenizer(str(checkpoint.path), checkpoint.digest)


@functools.lru_cache(maxsize=4)
def _read_tokenizer(path: str, digest: str) -> Any:
    tokenizer = read_tokenizer(path)
    _refuse_tokens_without_rows(
        path, tokenizer, read_config(Path(path)).get_text_config().vocab_size
    )
    return tokenizer


def read_tokenizer(path: str) -> Any:
    """The tokenizer of a folder, unchecked. Raises PlanError where it has none that can be used."""
    try:
        return AutoTokenizer.from_pretrained(path, **SAFE_LOADING)
    except UNREADABLE as error:
        raise PlanError(
            build_message("tokenizer-unusable", path=path, why=quote_exception(error))
        ) from error


def _adapter_tokenizer(adapter: Path, below: Any, model: Any) -> Any:
    """The adapter's own, where it knows tokens that the base's does not; else the base's, so that
    both are asked alike.
    """
    if not any((adapter / name).is_file() for name in TOKENIZER_FILES):
        return below
    own = read_tokenizer(str(adapter))
    if own.get_vocab().keys() <= below.get_vocab().keys():
        return below
    _refuse_tokens_without_rows(str(adapter), own, model.get_input_embeddings().weight.shape[0])
    return own


def _refuse_tokens_without_rows(path: str, tokenizer: Any, rows: int) -> None:
    """Raise PlanError where it knows tokens that the model has no embedding for; the model may have
    more than it needs.
    """
    beyond = {number: token for token, number in tokenizer.get_vocab().items() if number >= rows}
    if beyond.pop(tokenizer.pad_token_id, None) is not None:
        tokenizer.pad_token = tokenizer.eos_token  # a filler is masked, any token will do
    if beyond:
        raise PlanError(
            build_message(
                "tokens-without-rows",
                path=path,
                tokens=len(tokenizer),
                rows=rows,
                first=repr(beyond[min(beyond)]),
            )
        )


def count_parameters(folder: Path) -> int:
    """How many numbers the weight files hold, from their headers alone."""
    return sum(
        math.prod(header.shape) for header in read_headers(list_weight_files(folder)).values()
    )


def _copy_sharing_weights(model: Any) -> Any:
    """A copy of the modules around the same tensors, so that an adapter on one does not show in
    another.
    """
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
