"""How fast to do it: nothing in here changes a result by more than rounding, and none of it enters
a cache key.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ExecutionOptions(BaseModel):
    """How, never what: nothing in here may change a result or enter a cache key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(ExecutionOptions):
    """How fast: device, precision, sizes of work. May change a result by rounding only."""

    device: str = Field(
        default="auto",
        description=(
            "auto, cpu, cuda, mps; auto takes the GPU where there is one, CUDA_VISIBLE_DEVICES"
            " chooses among several"
        ),
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        description=(
            "auto: float32 on a CPU unless bfloat16 was measured to be faster for the model,"
            " bfloat16 on a GPU that has it"
        ),
    )
    micro_batch: int = Field(
        default=4, ge=1, description="texts per forward pass; the effective batch stays the plan's"
    )
    processes: int = Field(
        default=1,
        ge=1,
        description="processes that tune together, one a GPU; the effective batch stays the plan's",
    )
    workers: int = Field(default=0, ge=0, description="processes that read pages; 0: one a core")
    concurrency: int = Field(
        default=16, ge=1, description="requests to the writer under way at once, at most"
    )
