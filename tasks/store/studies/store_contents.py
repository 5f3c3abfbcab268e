"""What a store holds, which of it a study needs, and how what nobody needs is removed.

A study's record names the results of its stages that it rests on (`RunRecord.needs`); a result
names the artifacts in it by their digests. All else of results and artifacts can go. Where a study
is of a version that noted no needs, nothing of them is known to be free.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from stat import S_ISDIR
from typing import Any, Literal, NamedTuple

from tasks.schemas.errors import PlanError, StoreError
from tasks.schemas.messages import build_message
from tasks.store.artifact_folders import ArtifactFolder
from tasks.store.artifacts import Table
from tasks.store.lock_files import is_locked, try_lock_file
from tasks.store.paths import get_runs_dir, get_store_lock
from tasks.store.studies.study_records import ListedRun, list_runs

Reason = Literal["given-up", "unneeded", "abandoned", "leftover", "paid"]
LEFTOVERS = (".part-", ".old-")  # what a process that was killed was about to write


class StoreEntry(NamedTuple):
    """A file or folder that can be removed."""

    kind: str  # folder of the store
    path: Path
    size: int  # bytes
    changed: float  # seconds since 1970, of its newest file
    reason: Reason


class StudySize(NamedTuple):
    """What a study takes of the store."""

    run: ListedRun
    folder: int  # bytes
    alone: int | None  # bytes of results and artifacts that no other study needs; none: not known


class StoreContents:
    """A store as it is now; `given_up`: folders of studies that count as removed. Raises PlanError
    where one of them is not in this store.
    """

    def __init__(self, given_up: Collection[Path] = ()) -> None:
        self.root = get_runs_dir()
        self.runs = list_runs()
        places = {run.folder.resolve(): run for run in self.runs}
        for folder in given_up:
            if folder.resolve() not in places:
                told = build_message("not-in-store", path=str(folder), store=str(self.root))
                raise PlanError(told)
        self.given_up = [places[folder.resolve()] for folder in dict.fromkeys(given_up)]
        self.kept = [run for run in self.runs if run not in self.given_up]

    @property
    def unknown(self) -> list[ListedRun]:
        """Studies that stay and did not note what they need."""
        return [run for run in self.kept if run.record is None or run.record.needs is None]

    def measure_kinds(self) -> dict[str, int]:
        """Bytes by folder of the store."""
        places = [p for p in sorted(self.root.iterdir()) if p.is_dir() and not p.is_symlink()]
        return {place.name: measure_path(place)[0] for place in places}

    def measure_studies(self) -> list[StudySize]:
        """What each study takes, and would free."""
        needs = [self._expand_needs(run) for run in self.runs]
        sizes = self._measure_names()
        found = []
        for i, run in enumerate(self.runs):
            others = set().union(*(needs[j] for j in range(len(needs)) if j != i))
            is_known = all(run.record and run.record.needs is not None for run in self.runs)
            alone = sum(sizes.get(name, 0) for name in needs[i] - others) if is_known else None
            found.append(StudySize(run, measure_path(run.folder)[0], alone))
        return found

    def list_removable(self, paid: bool = False, older: float = 0.0) -> list[StoreEntry]:
        """What can go, in the order in which it should: studies, results, then artifacts.

        `paid`: answers that were paid for, too; `older`: only what has not changed for so many
        seconds.
        """
        found = [
            *(self._describe_path(run.folder, "given-up") for run in self.given_up),
            *self._list_results(),
            *self._list_artifacts(),
            *self._list_scratch(),
            *self._list_leftovers(),
            *(self._list_ledgers() if paid else ()),
        ]
        until = time.time() - older
        return [entry for entry in found if entry.changed <= until or entry.reason == "given-up"]

    @cached_property
    def _needed(self) -> set[str]:
        """Keys of results and digests of artifacts."""
        return set().union(*map(self._expand_needs, self.kept))

    @cached_property
    def _results(self) -> dict[str, Path]:
        """The kept results by their keys."""
        files = self.root.glob("results/*/*")
        return {
            f"{file.parent.name}/{file.name}": file
            for file in sorted(files)
            if file.is_file() and not file.name.startswith(".")
        }

    def _expand_needs(self, run: ListedRun) -> set[str]:
        """With the artifacts in the results."""
        needs = set((run.record and run.record.needs) or ())
        named = [self._results[name] for name in needs if name in self._results]
        return needs.union(*map(read_digests, named))

    def _measure_names(self) -> dict[str, int]:
        """Bytes by key of a result and by digest of an artifact."""
        sizes = {key: file.stat().st_size for key, file in self._results.items()}
        for path in self._list_artifact_paths():
            sizes[path.stem] = sizes.get(path.stem, 0) + measure_path(path)[0]
        return sizes

    def _list_results(self) -> Iterator[StoreEntry]:
        """Those that no study noted, unless all that is in them is needed: another machine's run
        made them for a study that knows their artifacts alone.
        """
        if self.unknown:
            return
        for key, file in self._results.items():
            digests = read_digests(file)
            if key not in self._needed and not (digests and digests <= self._needed):
                yield self._describe_path(file, "unneeded")

    def _list_artifacts(self) -> Iterator[StoreEntry]:
        if self.unknown:
            return
        for path in self._list_artifact_paths():
            if path.stem not in self._needed:
                yield self._describe_path(path, "unneeded")

    def _list_artifact_paths(self) -> Iterator[Path]:
        for place in sorted(list_artifact_places()):
            for path in sorted((self.root / place).glob("*")):
                if not path.name.startswith("."):
                    yield path

    def _list_scratch(self) -> Iterator[StoreEntry]:
        """Half-done trainings that no study that was stopped could go on with."""
        for folder in sorted(self.root.glob("scratch/*/*")):
            key = f"{folder.parent.name}/{folder.name.removesuffix('-adapter')}"
            if key in self._results or not (self.unknown or key in self._needed):
                yield self._describe_path(folder, "abandoned")

    def _list_leftovers(self) -> Iterator[StoreEntry]:
        """What killed processes left half-written, results that were handed from machine to
        machine, and locks that nobody holds.
        """
        for pattern in ("*", "*/*", "results/*/*"):
            for path in sorted(self.root.glob(pattern)):
                if path.name.startswith(LEFTOVERS):
                    yield self._describe_path(path, "leftover")
        for path in sorted(self.root.glob("handed/*.json")):
            yield self._describe_path(path, "leftover")
        for path in sorted(self.root.glob("locks/*")):
            if path != get_store_lock() and not is_locked(path):
                yield self._describe_path(path, "leftover")

    def _list_ledgers(self) -> Iterator[StoreEntry]:
        """Of names under which no study that stays keeps its answers."""
        names = {run.folder.name for run in self.kept}
        names |= {run.record.ledger for run in self.kept if run.record}
        for folder in sorted(self.root.glob("ledger/*")):
            if folder.name not in names:
                yield self._describe_path(folder, "paid")

    def _describe_path(self, path: Path, reason: Reason) -> StoreEntry:
        kind = path.relative_to(self.root).parts[0]
        return StoreEntry(kind, path, *measure_path(path), reason)


def remove_entries(list_entries: Callable[[], Sequence[StoreEntry]]) -> Sequence[StoreEntry]:
    """Remove what is listed, in its order, and tell it; listed once no run can use the store, so
    that nothing goes which a run came to need meanwhile. Raises StoreError where a run uses it.
    """
    handle = try_lock_file(get_store_lock())
    if handle is None:
        raise StoreError(build_message("store-in-use", store=str(get_runs_dir())))
    try:
        entries = list_entries()
        for entry in entries:
            _remove_path(entry.path)
        _mend_latest()
        return entries
    finally:
        os.close(handle)


def _remove_path(path: Path) -> None:
    """A folder is moved aside first: one that a kill left half removed is no study."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    aside = Path(tempfile.mkdtemp(prefix=".part-", dir=path.parent))
    path.replace(aside / path.name)
    shutil.rmtree(aside)


def _mend_latest() -> None:
    """`latest` points to the newest study that is done, or goes."""
    link = get_runs_dir() / "latest"
    if not link.is_symlink() or link.exists():
        return
    link.unlink()
    if done := [run for run in list_runs(("studies",)) if run.state == "done"]:
        link.symlink_to(Path("studies") / done[-1].folder.name)


def read_digests(record: Path) -> set[str]:
    """Of all handles in a kept result; none of a damaged one, whose stage is done again. Raises
    OSError where the disk does not give it: what it needs must not count as unneeded.
    """
    try:
        return set(_find_digests(json.loads(record.read_bytes())))
    except ValueError:
        return set()


def _find_digests(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("digest"), str):
            yield value["digest"]
        for part in value.values():
            yield from _find_digests(part)
    elif isinstance(value, list):
        for part in value:
            yield from _find_digests(part)


def list_artifact_places() -> set[str]:
    """The folders of the store that hold tables and model folders."""
    return set(_find_places(Table)) | set(_find_places(ArtifactFolder))


def _find_places(kind: type[Any]) -> Iterator[str]:
    for own in kind.__subclasses__():
        if "place" in vars(own):
            yield str(own.place)
        yield from _find_places(own)


def measure_path(path: Path) -> tuple[int, float]:
    """Bytes of a file or of all files below a folder, and when the newest of them was changed.
    What a run or a database removes meanwhile takes nothing.
    """
    files = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    stats = [stat for file in files if (stat := _stat_file(file)) is not None]
    sizes = [stat.st_size for stat in stats if not S_ISDIR(stat.st_mode)]
    return sum(sizes), max((stat.st_mtime for stat in stats), default=0.0)


def _stat_file(file: Path) -> os.stat_result | None:
    """None where it is there no more."""
    try:
        return file.lstat()
    except FileNotFoundError:
        return None
