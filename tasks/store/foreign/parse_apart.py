"""One gate for foreign bytes: a function of ours that parses a file runs in a process of its own,
within budgets of memory, time and answer, and returns plain data or one reason.

    rows = parse_apart("tasks.validation.parsing.item_files", "pack_rows", str(path))

The child: python -m tasks.store.foreign.parse_apart MODULE FUNCTION ARGUMENT; one JSON value out.
"""

import importlib
import json
import resource
import signal
import subprocess
import sys
import tempfile
from typing import Any

from tasks.schemas.errors import PlanError
from tasks.schemas.messages import Message, build_message
from tasks.store.foreign import child_process
from tasks.store.parent_death import die_with_parent

MEMORY_MIB = 640  # that a child may write; a workbook of 100,000 items needs 330
MOST_ANSWER = 2**27  # bytes: 200,000 items with their text; the parent's copy of them takes 500 MiB
SECONDS = 60  # of the clock, on a machine that others use too; 100,000 items take 9
CPU_SECONDS = 30  # of the processor


class ParserStopped(Exception):
    """A foreign file broke its parser or one of the budgets; holds the reason, a Message."""

    @property
    def reason(self) -> Message:
        """What the parser did."""
        said: Message = self.args[0]
        return said


def parse_apart(module: str, function: str, argument: str) -> Any:
    """What the function makes of its argument, as JSON knows it. Raises the function's PlanError,
    and ParserStopped where it ended in any other way.
    """
    command = child_process.command("tasks.store.foreign.parse_apart", module, function, argument)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as fault:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=fault,
                env=child_process.environment(),
                start_new_session=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ParserStopped(build_message("parser-too-slow", seconds=SECONDS)) from None
        said.seek(0)
        answer = said.read(MOST_ANSWER + 1)
        fault.seek(max(0, fault.seek(0, 2) - 500))
        last = fault.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    if done.returncode == -signal.SIGXCPU:
        raise ParserStopped(build_message("parser-too-slow", seconds=CPU_SECONDS))
    if done.returncode == -signal.SIGXFSZ or len(answer) > MOST_ANSWER:
        raise ParserStopped(build_message("parser-says-too-much", megabytes=MOST_ANSWER >> 20))
    if done.returncode < 0 or "MemoryError" in last:
        raise ParserStopped(build_message("parser-crashed", megabytes=MEMORY_MIB))
    if done.returncode:
        raise ParserStopped(build_message("parser-failed", why=last[:200]))
    told = json.loads(answer)
    if "refused" in told:
        raise PlanError(*(Message.model_validate(part) for part in told["refused"]))
    return told["value"]


def set_budgets() -> None:
    """Of this process. A budget that the system does not know (macOS: memory) is left to the
    parent's clock.
    """
    size = MEMORY_MIB * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_ANSWER + 1, MOST_ANSWER + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(module: str, function: str, argument: str) -> None:
    """One JSON value on standard output; a fault of the file ends the process as it comes."""
    die_with_parent(signal.SIGKILL)
    set_budgets()
    parse = getattr(importlib.import_module(module), function)
    try:
        told = {"value": parse(argument)}
    except PlanError as error:
        told = {"refused": [part.model_dump(mode="json") for part in error.args]}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    main(*sys.argv[1:])
