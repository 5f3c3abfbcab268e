"""What a pretrained base model is, and about what tuning and examining it will take here, told from
the headers of its weight files: nothing is loaded, nothing is turned into safetensors.
"""

import math
import re
from collections.abc import Mapping

from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Figure, Message, build_message
from tasks.schemas.plan import StudyPlan

Shapes = Mapping[str, tuple[int, ...]]  # of every tensor, by name
_LAYER = re.compile(r"\.(\d+)\.")  # blk.3.attn_q.weight, model.layers.3.self_attn.q_proj.weight
# SmolLM2 on the English handbook: 32 tokens a pair; 45 a question with its options, and the
# instruction and the chat template around it
TOKENS_PER_TEXT, TOKENS_PER_QUESTION = 40, 120
# parameters · tokens that one core trains on in a second: SmolLM2, 226 tokens an update, bfloat16
# with AMX, 3.0 s of CPU on a busy core; reading without training costs about half
TRAINED_PER_SECOND = 1.0e10


def describe_base(
    plan: StudyPlan, updates: int | None, machine: Machine | None = None
) -> list[tuple[str, Message | str]]:
    """Lines for `check`; nothing more than the name where the weights are not here yet."""
    try:
        found = read_base_shapes(plan)
    except PlanError:
        found = None  # why it cannot be read is told by what is missing
    if found is None:
        return [("base", plan.base.model)]
    told, shapes = found
    return [
        ("base", build_message("base-told", name=plan.base.model, told=told)),
        ("needs", estimate_needs(plan, updates, shapes, machine or Machine())),
    ]


def read_base_shapes(plan: StudyPlan) -> tuple[Message, Shapes] | None:
    """What the weight files tell of themselves, and the shapes of their tensors."""
    from tasks.models.gguf.gguf_files import find_gguf_file
    from tasks.models.gguf.gguf_reading import read_gguf_header
    from tasks.models.model_hub import find_here
    from tasks.models.weight_files import list_weight_files, read_headers

    if gguf := find_gguf_file(plan.base.model):
        told = read_gguf_header(gguf)
        return told.describe(), told.shapes
    if folder := find_here(plan.base):
        headers = read_headers(list_weight_files(folder))
        shapes = {name: header.shape for name, header in headers.items()}
        millions = round(count_numbers(shapes) / 1e6)
        return build_message("base-folder", millions=millions, folder=str(folder)), shapes
    return None


def count_numbers(shapes: Shapes) -> int:
    return sum(math.prod(shape) for shape in shapes.values())


def estimate_needs(
    plan: StudyPlan, updates: int | None, shapes: Shapes, machine: Machine
) -> Message:
    """Memory at the peak of the tuning, and time where a CPU does it: to plan with, no promise."""
    import torch

    from tasks.finetuning.preflight import ModelSizes, estimate_peak_memory
    from tasks.models.device import choose_device

    tuning, numbers = plan.finetuning, count_numbers(shapes)
    inside = {name: shape for name, shape in shapes.items() if _LAYER.search(name)}
    matrices = [shape for shape in inside.values() if len(shape) == 2]
    layers = len({match[1] for name in inside if (match := _LAYER.search(name))})
    rows, hidden = max(
        shape for name, shape in shapes.items() if len(shape) == 2 and name not in inside
    )
    inner = max(max(shape) for shape in matrices)
    sizes = ModelSizes(
        trainable=tuning.rank * sum(map(sum, matrices)),
        base_parameters=numbers,
        window=0,
        activations=layers * (10 * hidden + 4 * inner),
        vocabulary=rows,
    )
    row = min(machine.micro_batch, tuning.batch_size) * tuning.max_tokens
    memory = Figure(estimate_peak_memory(sizes, row, torch.float32), 1)
    if choose_device(machine) != "cpu" or updates is None:
        return build_message("needs-memory", gigabytes=memory)
    trained = updates * tuning.batch_size * TOKENS_PER_TEXT
    read = 2 * count_sittings(plan) * TOKENS_PER_QUESTION
    cores = torch.get_num_threads()
    minutes = numbers * (trained + read / 2) / TRAINED_PER_SECOND / cores / 60
    return build_message(
        "needs-memory-and-time", gigabytes=memory, minutes=max(1, round(minutes)), cores=cores
    )


def count_sittings(plan: StudyPlan) -> int:
    """How often one model reads a question; 300 where a person's own are not counted yet."""
    asked = plan.generation.questions if isinstance(plan.generation.questions, int) else 300
    return (
        (asked + plan.validation.train_questions)
        * len(plan.evaluation.modes)
        * plan.evaluation.rotations
    )
