"""What a stage of a run took: seconds and memory."""

from tasks.schemas.item_rows import StoredRow
from tasks.schemas.machine import ExecutionOptions


class Timing(StoredRow):
    """One stage of this run."""

    stage: str
    seconds: float
    memory_mb: float
    cached: bool = False


class Timings(ExecutionOptions):
    """The stages so far; handed to the report, never part of a cache key."""

    stages: tuple[Timing, ...] = ()
