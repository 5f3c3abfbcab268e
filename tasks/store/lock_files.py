"""Locks and logs of a store: files that are never truncated, and never written through a link.

Others may write into a shared store, and a link there would let them choose what the next study
overwrites.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.schemas.errors import StoreError
from tasks.schemas.messages import build_message


def open_owned_file(path: Path, flags: int = os.O_RDWR) -> int:
    """A handle on the file, made for its owner where it is missing. Raises StoreError where a link
    stands in its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise StoreError(build_message("link-in-store", path=str(path))) from error


def open_log(path: Path) -> int:
    """A handle that appends to a log of the store."""
    return open_owned_file(path, os.O_WRONLY | os.O_APPEND)


@contextmanager
def lock_file(path: Path, flags: int = os.O_RDWR) -> Iterator[int]:
    """Wait for the file's lock and hold it; the kernel frees that of a killed process."""
    handle = open_owned_file(path, flags)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)  # frees the lock


def try_lock_file(path: Path) -> int | None:
    """A handle that holds the file's lock as long as it is open; none where another process has
    it.
    """
    handle = open_owned_file(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
