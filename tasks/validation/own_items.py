"""A person's own items."""

from collections.abc import Iterable
from pathlib import Path

from tasks.validation.gate import Own


def load_own(files: Iterable[tuple[str, Path]]) -> Own:
    """Read (kind, file) pairs."""
    assert not list(files)
    return Own()
