"""Long-lived processes that are started again when one of them dies, and stopped together."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape

from tasks.language.catalogue import tell_reader
from tasks.schemas.messages import Ordinal
from tasks.schemas.project import PROJECT_ROOT
from tasks.store.lock_files import open_log
from tasks.store.parent_death import die_with_parent, reap_orphans
from tasks.store.paths import get_runs_dir
from tasks.store.progress import print_status

LOOK_SECONDS = 0.5
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds before a restart, doubled at each death
STEADY_SECONDS = 60.0  # a process that lived so long begins with the first wait again


@dataclass
class Part:
    """One process of ours: how it is started, and how it fares."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    started: float = 0.0  # seconds, monotonic
    due: float = 0.0  # when it is started again; 0: it runs
    wait: float = FIRST_WAIT
    user: str | None = None  # whose process it is; None: ours

    def start(self) -> None:
        self.process = spawn(self.name, self.environment, self.command, self.user)
        self.started, self.due = time.monotonic(), 0.0


def log_of(name: str) -> Path:
    """Where a part's output goes."""
    return get_runs_dir() / "logs" / f"{name}.log"


def spawn(
    name: str, environment: dict[str, str], command: Sequence[str], user: str | None = None
) -> subprocess.Popen[bytes]:
    """A process in a session of its own, with its output in a log; it ends with us, whatever ends
    us.
    """
    with os.fdopen(open_log(log_of(name)), "ab") as log:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=PROJECT_ROOT if user is None else "/",
            user=user,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def keep_alive(parts: Sequence[Part], now: Callable[[], float] = time.monotonic) -> None:
    """Look once at every part: tell of a death, and start again what is due."""
    for part in parts:
        if part.due and now() >= part.due:
            part.start()
        elif not part.due and (code := part.process.poll()) is not None:
            if now() - part.started >= STEADY_SECONDS:
                part.wait = FIRST_WAIT
            part.due = now() + part.wait
            wait, log = round(part.wait), str(log_of(part.name))
            told = tell_reader(
                "part-restarted", name=part.name, code=Ordinal(code), seconds=wait, log=log
            )
            print_status(f"[yellow]{escape(told)}[/]")
            part.wait = min(2 * part.wait, LONGEST_WAIT)


def supervise(parts: Sequence[Part]) -> None:
    """Keep all parts alive, for ever; runs whose worker died are let go when they end."""
    while True:
        keep_alive(parts)
        reap_orphans({part.process.pid for part in parts})
        time.sleep(LOOK_SECONDS)


def stop(processes: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    """SIGTERM to all at once; what has not ended in time is killed with its process group."""
    alive = [process for process in processes if process.poll() is None]
    for process in alive:
        process.terminate()
    until = time.monotonic() + seconds
    for process in alive:
        try:
            process.wait(timeout=max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
