"""A disk that forgets, at a power cut, what was not forced to it: contents by fsync of the file, names by fsync of the folder.

    with PowerCut(folder, at=17) as disk:        # BaseException PowerFailed before the 17th change of the disk
        ...
    disk.restore(there)                          # what the next start finds

Changes are counted as this process makes them: writes, renames, removals, new folders, and fsync itself.
"""

import os
import random
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


class PowerFailed(BaseException):
    """No code may catch it and go on: the machine is off."""


class PowerCut:
    """Keeps beside the real folder what a disk would hold of it."""

    def __init__(self, folder: Path, at: int) -> None:
        self.folder, self.at, self.changes = folder, at, 0
        self.contents: dict[int, bytes] = {}  # of files by inode, as last forced
        self.names: dict[int, dict[str, int]] = {}  # of folders by inode, as last forced
        self.folders: set[int] = set()
        self.is_off = False
        self._lock = threading.RLock()
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> "PowerCut":
        self._note_folder(self.folder)
        self.names[self.folder.stat().st_ino] = {}
        for owner, name in (
            (os, "write"),
            (os, "fsync"),
            (Path, "write_text"),
            (Path, "replace"),
            (Path, "unlink"),
            (Path, "mkdir"),
        ):
            self._patch.setattr(owner, name, self._count(getattr(owner, name), name))
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()

    def _count(self, change: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*given: Any, **options: Any) -> Any:
            if not self._is_ours(given[0]):
                return change(*given, **options)
            with self._lock:
                self.is_off = self.is_off or self.changes >= self.at
                if self.is_off:
                    raise PowerFailed
                self.changes += 1
                if name == "fsync":
                    return self._force(given[0])  # the real disk need not turn
                self._forget(given, name)
                done = change(*given, **options)
                if name == "mkdir":
                    self._note_folder(given[0])
                return done

        return counted

    def _is_ours(self, place: Any) -> bool:
        path = (
            str(Path(f"/proc/self/fd/{place}").readlink()) if isinstance(place, int) else str(place)
        )
        return path.startswith(str(self.folder))

    def _note_folder(self, path: Path) -> None:
        self.folders.add(path.stat().st_ino)

    def _forget(self, given: tuple[Any, ...], name: str) -> None:
        """An inode that goes may be given to another file."""
        gone = {"unlink": given[0], "replace": given[-1]}.get(name)
        if gone is not None and Path(gone).exists():
            self.contents.pop(Path(gone).stat().st_ino, None)

    def _force(self, handle: int) -> None:
        told = os.fstat(handle)
        if stat.S_ISDIR(told.st_mode):
            entries = os.scandir(f"/proc/self/fd/{handle}")
            self.names[told.st_ino] = {entry.name: entry.inode() for entry in entries}
        else:
            self.contents[told.st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()

    def restore(self, there: Path, chance: random.Random | None = None) -> None:
        """What the disk holds: with `chance` also some of what nobody forced, in any order and cut anywhere."""
        self._restore(self.folder, self.folder.stat().st_ino, there, chance)

    def _restore(self, here: Path, inode: int, there: Path, chance: random.Random | None) -> None:
        there.mkdir()
        now = {entry.name: entry.inode() for entry in os.scandir(here)} if here.is_dir() else {}
        names = dict(self.names.get(inode, {}))
        if chance:
            names |= {name: number for name, number in now.items() if chance.random() < 0.5}
        places = {path.stat().st_ino: path for path in self.folder.rglob("*")}
        for name, number in names.items():
            if number in self.folders:
                self._restore(here / name, number, there / name, chance)
                continue
            content, path = self.contents.get(number, b""), places.get(number)
            if chance and path is not None:
                tail = path.read_bytes()[len(content) :]
                content += tail[: chance.randrange(len(tail) + 1)]
            (there / name).write_bytes(content)
