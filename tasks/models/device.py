"""The device that a plan's models run on; without transformers and PEFT, whose import takes longer
than a whole check.
"""

import importlib.util
from typing import TYPE_CHECKING

import torch

from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig


def choose_device(machine: Machine) -> str:
    """The device to work on. Raises PlanError where the machine asks for one that is not there.

    Of several GPUs one is chosen by CUDA_VISIBLE_DEVICES: transformers' Trainer moves a model to
    the first that it sees.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    here = [name for name, is_here in there.items() if is_here]
    if machine.device == "auto":
        return here[0]
    if machine.device not in here:
        several = build_message("choose-among-gpus") if machine.device.startswith("cuda:") else ""
        raise PlanError(
            build_message(
                "device-not-here", device=repr(machine.device), here=tuple(here), several=several
            )
        )
    return machine.device


def build_4bit_config(device: str) -> "BitsAndBytesConfig":
    """NF4 with bfloat16 arithmetic (QLoRA, arXiv 2305.14314). Raises PlanError where this machine
    cannot do it.
    """
    if not device.startswith("cuda") or importlib.util.find_spec("bitsandbytes") is None:
        raise PlanError(build_message("quantize-needs-gpu", device=device))
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
