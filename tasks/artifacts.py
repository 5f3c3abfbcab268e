"""Handles to the tables and folders under RUNS_DIR: small, frozen, named by the digest of their content.

Tasks hand these over instead of data, so results are small JSON, cache keys are honest, and a rerun that
yields the same rows stops there.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from tasks import mirror
from tasks.errors import MissingArtifact, PlanError
from tasks.records import Answer, Cause, Comparison, Draft, Finding, Page, Pair, Passage, Question, Rejection, Row, Screened, Stage, Step
from tasks.store import digest_of, folder_digest, person_file, runs_dir, write_whole

R = TypeVar("R", bound=Row)


class Handle(BaseModel):
    """Something small that stands for a result; equal content, equal handle."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    apart: ClassVar[frozenset[str]] = frozenset()  # fields that say where, not what: never in a cache key

    def check(self) -> None:
        """Raise MissingArtifact where the content is gone or changed."""


class Table(Handle, Generic[R]):
    """Rows of one type at <plural>/<digest>.jsonl."""

    row: ClassVar[type[Row]]
    digest: str
    count: int

    @classmethod
    def folder(cls) -> Path:
        return runs_dir() / cls.__name__.lower()

    @property
    def path(self) -> Path:
        return self.folder() / f"{self.digest}.jsonl"

    @classmethod
    def save(cls, rows: Iterable[R], **fields: Any) -> Self:
        """Write the rows whole or not at all."""
        lines = [row.model_dump_json() for row in rows]
        content = "".join(line + "\n" for line in lines).encode()
        handle = cls(digest=digest_of(content), count=len(lines), **fields)
        write_whole(handle.path, content)
        mirror.push(handle.path)
        return handle

    def load(self) -> list[R]:
        """The rows, after their digest was checked."""
        return [self.row.model_validate_json(line) for line in self._content().splitlines()]  # type: ignore[misc]

    def check(self) -> None:
        self._content()

    def _content(self) -> bytes:
        for is_at_hand in (self.path.is_file, lambda: mirror.pull(self.path)):
            if is_at_hand() and digest_of(content := self.path.read_bytes()) == self.digest:
                return content
        raise _missing(self.path)


class Passages(Table[Passage]):
    row = Passage
    label: str = ""  # the chapter's title


class Pages(Table[Page]):
    row = Page


class Drafts(Table[Draft]):
    row = Draft


class Pairs(Table[Pair]):
    row = Pair


class Questions(Table[Question]):
    row = Question


class Rejections(Table[Rejection]):
    row = Rejection


class Funnel(Table[Stage]):
    row = Stage


class Steps(Table[Step]):
    row = Step


class Answers(Table[Answer]):
    row = Answer


class Screenings(Table[Screened]):
    row = Screened


class Comparisons(Table[Comparison]):
    row = Comparison


class Findings(Table[Finding]):
    row = Finding


class Causes(Table[Cause]):
    row = Cause


class Folder(Handle):
    """A folder of files at <plural>/<digest>/, e.g. a model or an adapter."""

    digest: str

    @classmethod
    def folder(cls) -> Path:
        return runs_dir() / (cls.__name__.lower() + "s")

    @property
    def path(self) -> Path:
        return self.folder() / self.digest

    @classmethod
    def build(cls, fill: Callable[[Path], None], **fields: Any) -> Self:
        """Let `fill` write into a temporary folder, then give it its name in one step."""
        cls.folder().mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=cls.folder()))
        try:
            fill(part)
            return cls.adopt(part, **fields)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    @classmethod
    def adopt(cls, part: Path, **fields: Any) -> Self:
        """Move a finished folder to its place; an equal one that is there already stays, a damaged one goes."""
        handle = cls(digest=folder_digest(part), **fields)
        if handle.path.is_dir() and not _holds(handle.path, handle.digest):
            shutil.rmtree(handle.path)
        if not handle.path.is_dir():
            handle.path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(handle.path)
        mirror.push(handle.path)
        return handle

    def check(self) -> None:
        if not (_holds(self.path, self.digest) or (mirror.pull_folder(self.path) and _holds(self.path, self.digest))):
            raise _missing(self.path)


def _holds(folder: Path, digest: str) -> bool:
    return folder.is_dir() and folder_digest(folder) == digest


def _missing(path: Path) -> MissingArtifact:
    if path.exists():
        return MissingArtifact(f"{path} was changed (its content no longer fits its name); delete it and run again.")
    return MissingArtifact(f"{path} is gone; run the same command again to rebuild it.")


class Adapter(Folder):
    """A LoRA adapter in PEFT's own format."""


class Checkpoint(Folder):
    """A base model: built by us under checkpoints/, or a folder or hub name that `source` tells."""

    apart: ClassVar[frozenset[str]] = frozenset({"source"})
    name: str
    source: str | None = None

    @property
    def path(self) -> Path:
        return Path(self.source) if self.source else super().path

    def check(self) -> None:
        """What lies outside runs/ is checked where it is loaded."""
        if not self.source:
            super().check()


class OwnFile(Handle):
    """A person's file: path and content digest, so that a replaced file is another one, and a moved one the same."""

    apart: ClassVar[frozenset[str]] = frozenset({"path"})
    key: ClassVar[str] = "file"
    path: str
    digest: str

    @property
    def name(self) -> str:
        return Path(self.path).name

    @classmethod
    def at(cls, path: str | Path, **fields: Any) -> Self:
        """Raises PlanError where there is no such file."""
        file = person_file(path)
        if file is None:
            raise PlanError(
                f"{cls.key}: {str(path)!r} is not a file (looked in {Path.cwd()}). Set `{cls.key}:` in the plan, or --set {cls.key}=PATH."
            )
        return cls(path=str(file.absolute()), digest=digest_of(file.read_bytes()), **fields)


class Book(OwnFile):
    """A PDF."""

    key: ClassVar[str] = "book"


class OwnItems(OwnFile):
    """Pairs or questions that a person brings."""

    key: ClassVar[str] = "generation.pairs or generation.questions"
    kind: Literal["pair", "question"]


class StudyFolder(Handle):
    """What a person wants of a study, at studies/<name>/; `digest` tells which study the folder holds."""

    place: ClassVar[str] = "studies"
    name: str
    digest: str

    @property
    def path(self) -> Path:
        return runs_dir() / self.place / self.name

    @classmethod
    def replace(cls, name: str, fill: Callable[[Path], None]) -> Self:
        """Let `fill` write into a temporary folder, then put it in the old one's place."""
        studies = runs_dir() / cls.place
        studies.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=studies))
        try:
            fill(part)
            part.chmod(0o755)
            handle = cls(name=name, digest=folder_digest(part))
            shutil.rmtree(handle.path, ignore_errors=True)
            handle.path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(handle.path)
            mirror.replace(handle.path)
            return handle
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def check(self) -> None:
        if not (_holds(self.path, self.digest) or (mirror.pull_folder(self.path) and _holds(self.path, self.digest))):
            raise MissingArtifact(f"{self.path} is gone or holds another study.")


class SweepFolder(StudyFolder):
    """What a person wants of a sweep, at sweeps/<name>/."""

    place: ClassVar[str] = "sweeps"
