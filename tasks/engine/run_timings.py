"""What each stage of this run took; the figures themselves are kept in the stages' records, so a
cached stage still has them.
"""

import resource
import sys
from contextvars import ContextVar

from tasks.schemas.result_rows import Timing, Timings

_timings: ContextVar[list[Timing]] = ContextVar("timings")


def reset_timings() -> None:
    """Forget the stages of an earlier run."""
    _timings.set([])


def get_timings() -> Timings:
    """The stages of this run so far, in the order in which they ended."""
    return Timings(stages=tuple(_timings.get([])))


def add_timing(timing: Timing) -> None:
    """Add a stage to this run."""
    _timings.get([]).append(timing)  # one list for all threads of a run


def peak_memory_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
