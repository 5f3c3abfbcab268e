"""How long work tells how far it is: a function that stages call and do not know."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from tasks.store.lock_files import open_log


class ProgressCallback(Protocol):
    """Called as work goes on; must be cheap."""

    def __call__(self, done: float, total: float, note: str = "") -> None: ...


def ignore_progress(done: float, total: float, note: str = "") -> None:
    """Tell nobody."""


console = Console(stderr=True, highlight=False)
LINE_INTERVAL_SECONDS = 15.0  # without a terminal a line every so often takes the bar's place
EVENTS_VARIABLE = "BOOK2LORA_EVENTS"  # names a file that is told what the bars show, for programs
EVENT_INTERVAL_SECONDS = 1.0

_lock = Lock()
_display: Bars | None = None
_open_count = 0


@contextmanager
def show_progress_bar(label: str) -> Iterator[ProgressCallback]:
    """A bar on the terminal while the block runs; several at once share one display. Plain lines
    without a terminal.
    """
    if os.environ.get(EVENTS_VARIABLE):
        yield _append_progress_events(label)
        return
    if not console.is_terminal:
        yield _print_progress_lines(label)
        return
    bars = _open_display()
    row = bars.add_task(label, total=None, note="")
    try:
        yield lambda done, total, note="": bars.update(row, completed=done, total=total, note=note)
    finally:
        bars.remove_task(row)
        _close_display()


def append_event(**event: Any) -> None:
    """A line of JSON for the program that watches this command, where there is one."""
    if place := os.environ.get(EVENTS_VARIABLE):
        with os.fdopen(open_log(Path(place)), "a", encoding="utf-8") as events:
            events.write(json.dumps(event, ensure_ascii=False) + "\n")


def print_status(text: str) -> None:
    """One line to the person who watches, above the bars."""
    (_display.console if _display else console).print(text, soft_wrap=True)


def _print_progress_lines(label: str) -> ProgressCallback:
    last = time.monotonic()

    def print_progress(done: float, total: float, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_INTERVAL_SECONDS:
            last = time.monotonic()
            sys.stderr.write(f"  {label}: {done:.0f}/{total:.0f} {note}\n")

    return print_progress


def _append_progress_events(label: str) -> ProgressCallback:
    last = 0.0

    def append_progress(done: float, total: float, note: str = "") -> None:
        nonlocal last
        if done >= total or time.monotonic() - last >= EVENT_INTERVAL_SECONDS:
            last = time.monotonic()
            append_event(label=label, done=done, total=total, note=note)

    return append_progress


def _open_display() -> Bars:
    global _display, _open_count
    with _lock:
        if _display is None:
            columns = (
                TextColumn("  {task.description}", markup=False),  # titles of the book are data
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}", markup=False),
            )
            _display = Bars(*columns, console=console, transient=True)
            _display.start()
        _open_count += 1
        return _display


def _close_display() -> None:
    global _display, _open_count
    with _lock:
        _open_count -= 1
        if _open_count == 0 and _display is not None:
            _display.stop()
            _display = None
