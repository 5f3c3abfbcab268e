"""Work on foreign text, such as a model's chat template, tried in a copy of this process that may
use little more memory and little time; the copy's result is thrown away.
"""

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tasks.schemas.messages import Message, build_message

MEMORY_MIB = 256  # beyond what this process has; a chat template takes less than one
CPU_SECONDS = 3  # of the processor; a chat template takes milliseconds
SECONDS = 60  # of the clock, on a machine that others use too
NO_MEMORY = 3  # the exit code that tells it


def find_excess(work: Callable[[], object]) -> Message | None:
    """Which budget the work breaks; None where it keeps them, also where it fails by itself."""
    copy = multiprocessing.get_context("fork").Process(target=_try, args=(work,), daemon=True)
    copy.start()
    copy.join(SECONDS)
    if copy.exitcode is None or copy.exitcode == -signal.SIGXCPU:
        copy.kill()
        copy.join()
        return build_message("work-too-slow", seconds=CPU_SECONDS)
    if copy.exitcode == NO_MEMORY or copy.exitcode < 0:
        return build_message("work-too-large", megabytes=MEMORY_MIB)
    return None


def _try(work: Callable[[], object]) -> None:
    """In the copy; ends it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # how it fails is told by who does it in earnest
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    if sys.platform == "linux":  # elsewhere the kernel knows no such limit
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[5])
        size = pages * resource.getpagesize() + MEMORY_MIB * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    try:
        work()
    except MemoryError:
        os._exit(NO_MEMORY)
    os._exit(0)
