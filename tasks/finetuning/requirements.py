"""What a tuning needs and this machine has not, told before any work; imports nothing heavy unless
something of a GPU is asked for.
"""

import importlib.util
from typing import Any

from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan_sections import BasePlan, FinetuningPlan


def list_unmet_requirements(
    plan: FinetuningPlan, machine: Machine | None = None
) -> list[Message | str]:
    """One sentence with its remedy for each thing."""
    lacks: list[Message | str] = [
        build_message("report-to-missing", name=name)
        for name in plan.report_to
        if importlib.util.find_spec(name) is None
    ]
    place = machine or Machine()
    if plan.batch_size % place.processes:
        lacks.append(
            build_message("batch-not-divided", processes=place.processes, batch=plan.batch_size)
        )
    wants_card = (
        place.device not in ("auto", "cpu") or place.processes > 1 or plan.quantize == "4bit"
    )
    return lacks + (_list_unmet_gpu_requirements(plan, place) if wants_card else [])


def explain_unfit_adapter(plan: FinetuningPlan, base: BasePlan) -> PlanError | None:
    """Why the base cannot take the adapter: tried on its shape, without weights. None also where
    the base is still to be fetched; the tiny one takes all linear layers, so that is not tried.
    """
    if base.model == "tiny" and plan.target_modules == "all-linear":
        return None
    import torch  # seconds
    from transformers import AutoModelForCausalLM

    from tasks.finetuning.lora import attach_fresh_adapter

    try:
        if (config := _read_base_config(base)) is not None:
            with torch.device("meta"):
                model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
                attach_fresh_adapter(model, plan)
    except PlanError as error:
        return error
    return None


def _read_base_config(base: BasePlan) -> Any:
    """The base's configuration; none where its files are not here yet. Raises PlanError."""
    from tasks.models import tiny_llama
    from tasks.models.gguf.gguf_files import find_gguf_file
    from tasks.models.gguf.gguf_reading import read_gguf_config
    from tasks.models.model_config import read_config
    from tasks.models.model_hub import find_here

    if base.model == "tiny":  # its shape is the same for any book
        return tiny_llama.build_tiny_config(tiny_llama.train_tokenizer([base.model]))
    if gguf := find_gguf_file(base.model):
        return read_gguf_config(gguf)
    folder = find_here(base)
    return read_config(folder) if folder else None


def _list_unmet_gpu_requirements(plan: FinetuningPlan, machine: Machine) -> list[Message | str]:
    import torch

    from tasks.models.device import build_4bit_config, choose_device

    try:
        device = choose_device(machine)
        if plan.quantize == "4bit":
            build_4bit_config(device)
    except PlanError as error:
        return [error.message]
    count, has_card = machine.processes, device.startswith("cuda")
    if count > 1 and has_card and count > torch.cuda.device_count():
        return [build_message("too-few-gpus", processes=count, gpus=torch.cuda.device_count())]
    return []
