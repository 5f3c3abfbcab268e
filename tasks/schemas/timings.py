"""What a stage of a run took: seconds and memory."""

from tasks.plan import Aside
from tasks.records import Row


class Timing(Row):
    """One stage of this run."""

    stage: str
    seconds: float
    memory_mb: float
    cached: bool = False


class Timings(Aside):
    """The stages so far; handed to the report, never part of a cache key."""

    stages: tuple[Timing, ...] = ()
