"""How long work tells how far it is: a function that stages call and do not know."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


class Progress(Protocol):
    """Called as work goes on; must be cheap."""

    def __call__(self, done: float, total: float, note: str = "") -> None: ...


def silent(done: float, total: float, note: str = "") -> None:
    """Tell nobody."""


console = Console(stderr=True, highlight=False)
QUIET_LINE_SECONDS = 15.0  # without a terminal a line every so often takes the bar's place

_lock = Lock()
_bars: Bars | None = None
_open = 0


@contextmanager
def bar(label: str) -> Iterator[Progress]:
    """A bar on the terminal while the block runs; several at once share one display. Plain lines without a terminal."""
    if not console.is_terminal:
        yield _lines(label)
        return
    bars = _shown()
    row = bars.add_task(label, total=None, note="")
    try:
        yield lambda done, total, note="": bars.update(row, completed=done, total=total, note=note)
    finally:
        bars.remove_task(row)
        _hidden()


def say(text: str) -> None:
    """One line to the person who watches, above the bars."""
    (_bars.console if _bars else console).print(text, soft_wrap=True)


def _lines(label: str) -> Progress:
    last = time.monotonic()

    def print_progress(done: float, total: float, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_LINE_SECONDS:
            last = time.monotonic()
            sys.stderr.write(f"  {label}: {done:.0f} of {total:.0f} {note}\n")

    return print_progress


def _shown() -> Bars:
    global _bars, _open
    with _lock:
        if _bars is None:
            columns = (
                TextColumn("  {task.description}", markup=False),  # titles of the book are data
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}", markup=False),
            )
            _bars = Bars(*columns, console=console, transient=True)
            _bars.start()
        _open += 1
        return _bars


def _hidden() -> None:
    global _bars, _open
    with _lock:
        _open -= 1
        if _open == 0 and _bars is not None:
            _bars.stop()
            _bars = None
