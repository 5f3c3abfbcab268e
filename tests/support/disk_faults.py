"""Disks that are full or closed, for a while."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def make_read_only(folder: Path) -> Iterator[None]:
    """Nobody can write below the folder."""
    if os.geteuid():
        places = [folder, *(p for p in folder.rglob("*") if p.is_dir())]
        modes = [place.stat().st_mode for place in places]
        for place in places:
            place.chmod(0o500)
        yield
        for place, mode in zip(places, modes, strict=True):
            place.chmod(mode)
        return
    _mount_folder("--bind", folder, folder)  # permissions do not hold root back
    try:
        _mount_folder("-o", "remount,ro,bind", folder)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def fill_disk(folder: Path, bytes_left: int) -> Iterator[None]:
    """A small disk of its own under the folder (root only)."""
    if os.geteuid():
        pytest.skip("mounting a small disk needs root")
    folder.mkdir(parents=True, exist_ok=True)
    _mount_folder("-t", "tmpfs", "-o", f"size={bytes_left}", "tmpfs", folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def limit_file_size(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _mount_folder(*arguments: object) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine does not let tests mount: {done.stderr.strip()}")
