"""What a stage of a run took: seconds and memory."""

from tasks.plan import ExecutionOptions
from tasks.records import StoredRow


class Timing(StoredRow):
    """One stage of this run."""

    stage: str
    seconds: float
    memory_mb: float
    cached: bool = False


class Timings(ExecutionOptions):
    """The stages so far; handed to the report, never part of a cache key."""

    stages: tuple[Timing, ...] = ()
