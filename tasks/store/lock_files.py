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
    handle = _lock_open_file(path, flags, fcntl.LOCK_EX)
    try:
        yield handle
    finally:
        os.close(handle)  # frees the lock


def share_lock(path: Path) -> int:
    """A handle that holds the file's lock beside others that share it, as long as it is open."""
    return _lock_open_file(path, os.O_RDWR, fcntl.LOCK_SH)


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


def is_locked(path: Path) -> bool:
    """Whether a process that lives holds the lock, alone or shared; a file that is not there is
    not made.
    """
    if not path.is_file():
        return False
    handle = try_lock_file(path)
    if handle is None:
        return True
    os.close(handle)
    return False


def free_lock(handle: int) -> None:
    """Let others have the lock; the file stays open."""
    fcntl.flock(handle, fcntl.LOCK_UN)


def _lock_open_file(path: Path, flags: int, operation: int) -> int:
    """A handle with the lock of the file that has this name now: one that was removed while it was
    waited for (`book2lora store --remove`) locks nothing any more.
    """
    while True:
        handle = open_owned_file(path, flags)
        try:
            fcntl.flock(handle, operation)
            if os.fstat(handle).st_nlink:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
