"""What a tuning needs and this machine has not, told before any work; imports nothing heavy unless 4 bits are asked for."""

import importlib.util

from tasks.errors import PlanError
from tasks.plan import FinetuningPlan, Machine


def missing(plan: FinetuningPlan, machine: Machine | None = None) -> list[str]:
    """One sentence with its remedy for each thing."""
    lacks = [
        f"finetuning.report_to: {name} is not installed; pip install {name}, or leave it out."
        for name in plan.report_to
        if importlib.util.find_spec(name) is None
    ]
    if machine is not None and plan.batch_size % machine.processes:
        lacks.append(
            f"machine.processes: {machine.processes} do not divide finetuning.batch_size = {plan.batch_size}; take another number."
        )
    return lacks + (_four_bits(machine or Machine()) if plan.quantize == "4bit" else [])


def _four_bits(machine: Machine) -> list[str]:
    from tasks.llama import device_of, four_bits

    try:
        four_bits(device_of(machine))
    except PlanError as error:
        return [str(error)]
    return []
