"""What a tuning needs and this machine has not, as far as it can be told at once; imports nothing heavy."""

import importlib.util

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
    return lacks
