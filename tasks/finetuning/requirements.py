"""What a tuning needs and this machine has not, told before any work; imports nothing heavy unless
something of a GPU is asked for.
"""

import importlib.util

from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan_sections import FinetuningPlan


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
