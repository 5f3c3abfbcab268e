"""Load a causal language model from a folder or the hub, or build the tiny one; one loaded model serves base and tuned.

    loaded = load(checkpoint, machine, adapter)
    tuned = loaded.model(**inputs)
    with adapter_off(loaded):
        base = loaded.model(**inputs)

Safetensors only, and no code that comes with a model is ever run.
"""

import copy
import functools
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from tasks import precision
from tasks.errors import MissingArtifact, PlanError
from tasks.folders import Checkpoint
from tasks.plan import Machine
from tasks.tiny import build_tiny as build_tiny
from tasks.tiny import quiet as quiet
from tasks.weights import missing as missing
from tasks.weights import resolve as resolve
from tasks.weights import verify

SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
SMALL = 100_000_000  # parameters below which speed does not matter and float32 is taken on every device


class Loaded(NamedTuple):
    """A model that is ready to answer, and its tokenizer."""

    model: Any  # a causal LM, or a PeftModel around one
    tokenizer: Any


def load(
    checkpoint: Checkpoint, machine: Machine | None = None, adapter: Path | None = None, quantize: str = "none", own: bool = False
) -> Loaded:
    """The model in evaluation mode. Weights are read once a process; each call gets modules of its own around them.

    `own`: a copy of the weights too, for work that writes into them, such as merging.
    """
    verify(checkpoint)
    place = machine or Machine()
    base = _base(str(checkpoint.path), checkpoint.digest, device_of(place), dtype_in(checkpoint, place), quantize)
    model = copy.deepcopy(base.model) if own else _sharing_weights(base.model)
    if adapter is not None:
        model = _with_adapter(model, adapter)
    return Loaded(model.eval(), base.tokenizer)


def _with_adapter(model: Any, adapter: Path) -> PeftModel:
    """Raises PlanError where the adapter was made for another model, also where PEFT would only leave out what does not fit."""
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        if not (adapter / name).is_file():
            raise MissingArtifact(f"{adapter} holds no {name}; name the folder of a PEFT adapter.")
    try:
        tuned = PeftModel.from_pretrained(model, str(adapter), is_trainable=False)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:  # matrices of other shapes, or of names that the model has not
        raise PlanError(f"{adapter}: the adapter does not fit this base model; name the one it was made for. {error}"[:600]) from error
    with safe_open(adapter / "adapter_model.safetensors", framework="pt") as weights:
        saved = {key for key in weights.keys() if "lora_" in key}  # noqa: SIM118
    apart = saved ^ {key for key in get_peft_model_state_dict(tuned, save_embedding_layers=False) if "lora_" in key}
    if apart:
        raise PlanError(
            f"{adapter}: the adapter does not fit this base model; name the one it was made for. {len(apart)} matrices have no match, "
            f"such as {min(apart)}."
        )
    return tuned


@contextmanager
def adapter_off(loaded: Loaded) -> Iterator[None]:
    """Inside, the model answers as the base does."""
    if isinstance(loaded.model, PeftModel):
        with loaded.model.disable_adapter():
            yield
    else:
        yield


def device_of(machine: Machine) -> str:
    """The device to work on. Raises PlanError where the machine asks for one that is not there.

    Of several GPUs one is chosen by CUDA_VISIBLE_DEVICES: transformers' Trainer moves a model to the first that it sees.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    here = [name for name, is_here in there.items() if is_here]
    if machine.device == "auto":
        return here[0]
    if machine.device not in here:
        several = " To choose among several GPUs set CUDA_VISIBLE_DEVICES." if machine.device.startswith("cuda:") else ""
        raise PlanError(f"machine.device: {machine.device!r} is not here; there is {', '.join(here)}. auto takes the first.{several}")
    return machine.device


def dtype_in(checkpoint: Checkpoint, machine: Machine) -> torch.dtype:
    """The kind of number that the model is computed in."""
    return dtype_of(machine.dtype, device_of(machine), parameters_in(checkpoint.path), checkpoint.digest)


def dtype_of(dtype: str, device: str, parameters: int, digest: str) -> torch.dtype:
    """bfloat16 where asked, or where it is faster: GPUs that have it, CPUs where it was measured for the model with this digest."""
    if dtype != "auto":
        return precision.NAMES[dtype]
    if parameters < SMALL or device.startswith("mps"):
        return torch.float32
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return precision.on_cpu(digest)


@functools.lru_cache(maxsize=1)
def _base(path: str, digest: str, device: str, dtype: torch.dtype, quantize: str) -> Loaded:
    """The frozen weights, read once; the digest is among the arguments so that a replaced folder is read again."""
    quiet()
    settings: dict[str, Any] = {"dtype": dtype}
    if quantize == "4bit":
        settings |= {"quantization_config": four_bits(device), "device_map": {"": device}}
    model = AutoModelForCausalLM.from_pretrained(path, use_safetensors=True, **settings, **SAFE)
    model = model if quantize == "4bit" else model.to(device)
    return Loaded(model.requires_grad_(False).eval(), _tokenizer(path, digest))


def four_bits(device: str) -> BitsAndBytesConfig:
    """NF4 with bfloat16 arithmetic (QLoRA, arXiv 2305.14314). Raises PlanError where this machine cannot do it."""
    if not device.startswith("cuda") or importlib.util.find_spec("bitsandbytes") is None:
        raise PlanError(f"finetuning.quantize: 4bit needs an NVIDIA GPU and bitsandbytes; the device here is {device}. Set it to none.")
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def tokenizer_of(checkpoint: Checkpoint) -> Any:
    """The tokenizer alone; read once a process."""
    verify(checkpoint)
    return _tokenizer(str(checkpoint.path), checkpoint.digest)


@functools.lru_cache(maxsize=4)
def _tokenizer(path: str, digest: str) -> Any:
    """Raises PlanError where it knows tokens that the model has no embedding for; the model may have more than it needs."""
    tokenizer, rows = AutoTokenizer.from_pretrained(path, **SAFE), AutoConfig.from_pretrained(path, **SAFE).get_text_config().vocab_size
    beyond = {number: token for token, number in tokenizer.get_vocab().items() if number >= rows}
    if beyond.pop(tokenizer.pad_token_id, None) is not None:
        tokenizer.pad_token = tokenizer.eos_token  # a filler is masked, any token will do
    if beyond:
        raise PlanError(
            f"base.model: its tokenizer has {len(tokenizer)} tokens, but the model has rows for {rows} only, not for {beyond[min(beyond)]!r}; "
            "take the tokenizer that belongs to the model, or give it rows with resize_token_embeddings and save it again."
        )
    return tokenizer


def parameters_in(folder: Path) -> int:
    """How many numbers the weight files hold, from their headers alone."""
    total = 0
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            total += sum(torch.Size(weights.get_slice(key).get_shape()).numel() for key in weights.keys())  # noqa: SIM118
    return total


def _sharing_weights(model: Any) -> Any:
    """A copy of the modules around the same tensors, so that an adapter on one does not show in another."""
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
