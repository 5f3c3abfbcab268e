"""Studies that the page has started: each `book2lora study` in a process of its own that outlives
this one, found again by the file that names it.

app/runs/<plan>.json     the process, and what it was started with
app/runs/<plan>.log      what the command prints
app/runs/<plan>.jsonl    how far its work is, the pilot, and the losses
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from flows.app.plan_drafts import PlanDraft
from tasks.language.reader_language import VARIABLE
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.project import PROJECT_ROOT
from tasks.store.lock_files import open_log
from tasks.store.paths import get_runs_dir, hold_lock, write_atomically
from tasks.store.progress import EVENTS_VARIABLE
from tasks.store.studies.study_records import ListedRun, list_runs

LOG_BYTES = 30_000  # of the end of a log that is shown


class StudyProgress(NamedTuple):
    """What a started study tells of itself."""

    is_running: bool
    lines: list[str]  # that the command printed last
    bars: list[dict[str, Any]]  # label, done, total, note: of the work under way
    losses: list[dict[str, Any]]  # step, epoch, loss
    pilot: list[str]  # what a paid writer's first items were, kept and refused
    study: ListedRun | None  # the newest folder that the plan's runs have made


def start_study(
    draft: PlanDraft, environment: Mapping[str, str], language: str, deployment: str
) -> None:
    """Run the study of a plan. Raises PlanError where it is running already."""
    with hold_lock(f"app-run-{draft.name}"):
        if find_process(draft.name):
            raise PlanError(build_message("study-under-way", name=draft.name))
        for ending in ("log", "jsonl"):
            _get_file(draft.name, ending).unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "flows.cli.main", "study", str(draft.path)]
        command += ["--lang", language, *(["--gpu", deployment] if deployment else [])]
        own = {
            VARIABLE: language,
            EVENTS_VARIABLE: str(_get_file(draft.name, "jsonl")),
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(PROJECT_ROOT), environment.get("PYTHONPATH")])
            ),
        }
        process = psutil.Process(_start_detached(command, {**environment, **own}, draft.name))
        told = {"pid": process.pid, "created": process.create_time()}
        write_atomically(_get_file(draft.name, "json"), json.dumps(told).encode())


def stop_study(name: str) -> None:
    """Ask the study's process to end, as Ctrl-C does: within 5 s, with Prefect told."""
    if process := find_process(name):
        process.send_signal(signal.SIGTERM)


def find_process(name: str) -> psutil.Process | None:
    """The plan's process, as long as it lives; another one that got its number is not taken for
    it.
    """
    try:
        told = json.loads(_get_file(name, "json").read_bytes())
        process = psutil.Process(told["pid"])
        is_ours = process.create_time() == told["created"]
        lives = is_ours and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, LookupError, psutil.NoSuchProcess):
        return None
    return process if lives else None


def read_progress(name: str) -> StudyProgress | None:
    """How far the plan's last run is; none where the page has started none."""
    if not _get_file(name, "json").is_file():
        return None
    is_running = find_process(name) is not None  # asked first: what follows is at least as new
    events = read_events(_get_file(name, "jsonl"))
    bars = {event["label"]: event for event in events if "label" in event}
    made = [run for run in list_runs(("studies",)) if run.record and run.record.asked == name]
    return StudyProgress(
        is_running,
        _read_last_lines(_get_file(name, "log")),
        [bar for bar in bars.values() if bar["done"] < bar["total"]],
        [event for event in events if "loss" in event],
        [line for event in events for line in event.get("pilot", [])],
        made[-1] if made else None,
    )


def read_events(file: Path) -> list[dict[str, Any]]:
    """What a command told of its progress; a line that is half written is not yet told."""
    try:
        lines = file.read_text("utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def _read_last_lines(file: Path) -> list[str]:
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - LOG_BYTES))
            return log.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _get_file(name: str, ending: str) -> Path:
    return get_runs_dir() / "app" / "runs" / f"{name}.{ending}"


def _start_detached(command: list[str], environment: Mapping[str, str], name: str) -> int:
    """The number of a process that is nobody's child: neither Ctrl-C nor the end of this one
    reaches it.
    """
    log = open_log(_get_file(name, "log"))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "flows.app.study_processes", *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            check=True,
        )
    finally:
        os.close(log)
    return int(done.stdout)


if __name__ == "__main__":
    started = subprocess.Popen(
        sys.argv[1:], start_new_session=True, stdout=sys.stderr.fileno(), stdin=subprocess.DEVNULL
    )
    sys.stdout.write(f"{started.pid}\n")
