"""Handles to folders under RUNS_DIR that are named by the digest of their files: models and
adapters.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

from tasks.schemas.errors import MissingArtifact
from tasks.schemas.messages import build_message
from tasks.store import remote_store
from tasks.store.artifacts import Handle, build_missing_error
from tasks.store.paths import compute_folder_digest, get_cached_folder_digest, get_runs_dir


class ArtifactFolder(Handle):
    """A folder of files at <place>/<digest>/, e.g. a model or an adapter."""

    place: ClassVar[str]  # folder of the store: a name for good, whatever the class is called
    digest: str

    @classmethod
    def get_parent_folder(cls) -> Path:
        return get_runs_dir() / cls.place

    @property
    def path(self) -> Path:
        return self.get_parent_folder() / self.digest

    @classmethod
    def build_folder(cls, fill: Callable[[Path], None], **fields: Any) -> Self:
        """Let `fill` write into a temporary folder, then give it its name in one step."""
        cls.get_parent_folder().mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=cls.get_parent_folder()))
        try:
            fill(part)
            return cls.adopt_folder(part, **fields)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    @classmethod
    def adopt_folder(cls, part: Path, **fields: Any) -> Self:
        """Move a finished folder to its place; an equal one that is there already stays, a damaged
        one goes.
        """
        handle = cls(digest=compute_folder_digest(part), **fields)
        if handle.path.is_dir() and not _has_digest(handle.path, handle.digest):
            shutil.rmtree(handle.path)
        if not handle.path.is_dir():
            handle.path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(handle.path)
        remote_store.push_path(handle.path)
        return handle

    def verify_content(self) -> None:
        if not (
            _has_digest(self.path, self.digest)
            or (remote_store.pull_folder(self.path) and _has_digest(self.path, self.digest))
        ):
            raise build_missing_error(self.path)


def _has_digest(folder: Path, digest: str) -> bool:
    return folder.is_dir() and compute_folder_digest(folder) == digest


class Adapter(ArtifactFolder):
    """A LoRA adapter in PEFT's own format."""

    place: ClassVar[str] = "adapters"


class Checkpoint(ArtifactFolder):
    """A base model: built by us under checkpoints/, or a folder or hub name that `source` tells."""

    place: ClassVar[str] = "checkpoints"
    excluded_from_key: ClassVar[frozenset[str]] = frozenset({"source"})
    name: str
    source: str | None = None

    @property
    def path(self) -> Path:
        return Path(self.source) if self.source else super().path

    def verify_content(self) -> None:
        """A folder outside runs/ may be on another machine only; where it is here, it must be the
        one that was found.
        """
        if not self.source:
            super().verify_content()
        elif self.path.is_dir() and self.digest not in (
            self.path.name[:16],
            get_cached_folder_digest(self.path),
        ):  # a snapshot is named by its commit
            raise MissingArtifact(build_message("model-replaced", path=str(self.path)))
