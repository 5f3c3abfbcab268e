"""A child process that must not outlive the one that started it, whatever ends that one (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Set

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Called in a new child: the kernel signals it when the thread that started it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Processes whose parent dies become children of this one, if it is an ancestor (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def reap_orphans(own: Set[int]) -> None:
    """Let adopted processes that ended go; those of `own` are left to who started them."""
    if sys.platform != "linux":
        return
    look = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        while (ended := os.waitid(os.P_ALL, 0, look)) and ended.si_pid not in own:
            os.waitpid(ended.si_pid, 0)
    except ChildProcessError:  # there is no child at all
        return


def dying_with_parent(command: list[str]) -> list[str]:
    """A command that dies with its parent, for a parent whose threads forbid a preexec function."""
    return [sys.executable, "-P", "-m", "tasks.store.parent_death", *command]


if __name__ == "__main__":
    die_with_parent()
    os.execv(sys.argv[1], sys.argv[1:])
