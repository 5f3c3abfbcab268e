"""What a person wants of a study or a sweep: a folder with a name, and which of its files are ours.

Those of a list that lies in it; what a person put beside them stays when the folder is written
again.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

from tasks.schemas.errors import MissingArtifact
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import check_name
from tasks.store import remote_store
from tasks.store.artifacts import Handle
from tasks.store.paths import compute_folder_digest, get_runs_dir, hold_lock

TellKept = Callable[[Path, list[str]], None]
LIST_NAME = ".files"
RECORD_NAME = "run.json"  # of the run that makes the folder: tasks/store/studies/study_records.py
# Folders of 0.1 have no list; at their top lay these, and what a new folder writes.
NAMES_BEFORE_LISTS = frozenset({"next-plan.yaml", "best-plan.yaml", "training.jsonl", "adapter"})


class StudyFolder(Handle):
    """What a person wants of a study, at studies/<name>/; `digest` tells which study the folder
    holds.
    """

    parent_name: ClassVar[str] = "studies"
    name: str
    digest: str

    @property
    def path(self) -> Path:
        return get_runs_dir() / self.parent_name / self.name

    @classmethod
    def replace_folder(
        cls, name: str, fill: Callable[[Path], None], tell_kept: TellKept = lambda *_: None
    ) -> Self:
        """Let `fill` write into a temporary folder, then put it in the old one's place. Raises
        PlanError for a path as name.
        """
        check_name(name)
        studies = get_runs_dir() / cls.parent_name
        studies.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=studies))
        try:
            fill(part)
            part.chmod(0o755)
            _write_list(part)
            handle = cls(name=name, digest=_compute_own_digest(part))
            with hold_lock(cls.parent_name):
                finish_swaps(studies)
                kept = swap_folders(part, handle.path)
            if kept:
                tell_kept(handle.path, kept)
            remote_store.replace_remote_folder(handle.path)
            return handle
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def verify_content(self) -> None:
        if not (
            self._holds_own_files()
            or (remote_store.pull_folder(self.path) and self._holds_own_files())
        ):
            raise MissingArtifact(build_message("study-folder-replaced", path=str(self.path)))

    def _holds_own_files(self) -> bool:
        return self.path.is_dir() and _compute_own_digest(self.path) == self.digest


class SweepFolder(StudyFolder):
    """What a person wants of a sweep, at sweeps/<name>/."""

    parent_name: ClassVar[str] = "sweeps"


def _write_list(folder: Path) -> None:
    """Note every file of a freshly written folder as ours."""
    (folder / LIST_NAME).write_text("\n".join(_list_files(folder)) + "\n", "utf-8")


def _compute_own_digest(folder: Path) -> str:
    """Digest of our files alone: a person's notes do not make it another study."""
    return compute_folder_digest(folder, [folder / name for name in _read_list(folder)])


def swap_folders(new: Path, place: Path) -> list[str]:
    """Put a new folder in the place of an old one, by renames: whenever it is interrupted, nothing
    of a person's is lost, and `finish_swaps` finds the folder again.

    Returns:
        The files that were not ours and lie in the new folder now; one whose name is taken gets
        `.kept` at its end.
    """
    if not place.is_dir():
        new.replace(place)
        return []
    foreign = _list_foreign(place, new)
    for name in foreign:
        target = new / name
        target = target.with_name(target.name + ".kept") if target.exists() else target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(place / name, target, follow_symlinks=False)
    old = Path(tempfile.mkdtemp(prefix=".old-", dir=place.parent)) / place.name
    place.replace(old)
    new.replace(place)
    shutil.rmtree(old.parent, ignore_errors=True)
    return [name for name in foreign if name != RECORD_NAME]


def finish_swaps(parent: Path) -> None:
    """Of swaps whose process was killed: a folder that has no successor goes back to its place, one
    that has goes. Only for who holds the lock under which folders are swapped.
    """
    for aside in parent.glob(".old-*"):
        for old in aside.iterdir():
            place = parent / old.name
            if not place.exists():
                old.replace(place)
                continue
            for name in _list_foreign(old, place):  # 0.1 moved them after the swap
                if not (place / name).exists():
                    (place / name).parent.mkdir(parents=True, exist_ok=True)
                    (old / name).replace(place / name)
        shutil.rmtree(aside, ignore_errors=True)


def _list_foreign(old: Path, new: Path) -> list[str]:
    if (old / LIST_NAME).is_file():
        ours = set(_read_list(old)) | {LIST_NAME}
        return [name for name in _list_files(old) if name not in ours]
    known = {path.name for path in new.iterdir()} | NAMES_BEFORE_LISTS
    return [name for name in _list_files(old) if Path(name).parts[0] not in known]


def _read_list(folder: Path) -> list[str]:
    """Names of our files that stay inside the folder; of all files where there is no list."""
    if not (folder / LIST_NAME).is_file():
        return _list_files(folder)
    names = (folder / LIST_NAME).read_text("utf-8").splitlines()
    return [name for name in names if ".." not in Path(name).parts and not Path(name).is_absolute()]


def _list_files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
