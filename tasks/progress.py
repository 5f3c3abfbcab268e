"""How long work tells how far it is: a function that stages call and do not know."""

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on; must be cheap."""

    def __call__(self, done: float, total: float, note: str = "") -> None: ...


def silent(done: float, total: float, note: str = "") -> None:
    """Tell nobody."""
