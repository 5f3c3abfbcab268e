"""Handles to the tables and folders under RUNS_DIR: small, frozen, named by the digest of their
content.

Tasks hand these over instead of data, so results are small JSON, cache keys are honest, and a rerun
that
yields the same rows stops there.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from tasks.schemas.digest import compute_digest
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.item_rows import (
    Draft,
    FilterStep,
    ItemReading,
    Page,
    Pair,
    Passage,
    Question,
    Rejection,
    StoredRow,
)
from tasks.schemas.messages import build_message
from tasks.schemas.result_rows import (
    Answer,
    Cause,
    Comparison,
    Finding,
    ScreenedQuestion,
    TrainingStep,
)
from tasks.schemas.rows.measure_rows import QuestionMeasure
from tasks.schemas.rows.review_rows import ReviewedItem
from tasks.store import remote_store
from tasks.store.paths import compute_folder_digest, find_input_file, get_runs_dir, write_atomically

R = TypeVar("R", bound=StoredRow)


class Handle(BaseModel):
    """Something small that stands for a result; equal content, equal handle."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    excluded_from_key: ClassVar[frozenset[str]] = (
        frozenset()
    )  # fields that say where, not what: never in a cache key

    def verify_content(self) -> None:
        """Raise MissingArtifact where the content is gone or changed."""


class Table(Handle, Generic[R]):
    """Rows of one type at <place>/<digest>.jsonl."""

    row: ClassVar[type[StoredRow]]
    place: ClassVar[str]  # folder of the store: a name for good, whatever the class is called
    digest: str
    count: int

    @classmethod
    def get_folder(cls) -> Path:
        return get_runs_dir() / cls.place

    @property
    def path(self) -> Path:
        return self.get_folder() / f"{self.digest}.jsonl"

    @classmethod
    def save_rows(cls, rows: Iterable[R], **fields: Any) -> Self:
        """Write the rows whole or not at all."""
        lines = [row.model_dump_json() for row in rows]
        content = "".join(line + "\n" for line in lines).encode()
        handle = cls(digest=compute_digest(content), count=len(lines), **fields)
        write_atomically(handle.path, content)
        remote_store.push_path(handle.path)
        return handle

    def load_rows(self) -> list[R]:
        """The rows, after their digest was checked."""
        lines = self._read_content().splitlines()
        return [self.row.model_validate_json(line) for line in lines]  # type: ignore[misc]

    def verify_content(self) -> None:
        self._read_content()

    def _read_content(self) -> bytes:
        for is_at_hand in (self.path.is_file, lambda: remote_store.pull_file(self.path)):
            if is_at_hand() and compute_digest(content := self.path.read_bytes()) == self.digest:
                return content
        raise build_missing_error(self.path)


class Passages(Table[Passage]):
    row = Passage
    place = "passages"
    label: str = ""  # the chapter's title


class Pages(Table[Page]):
    row = Page
    place = "pages"


class Drafts(Table[Draft]):
    row = Draft
    place = "drafts"


class Pairs(Table[Pair]):
    row = Pair
    place = "pairs"


class Questions(Table[Question]):
    row = Question
    place = "questions"


class Rejections(Table[Rejection]):
    row = Rejection
    place = "rejections"


class ItemReadings(Table[ItemReading]):
    row = ItemReading
    place = "readings"


class FilterSteps(Table[FilterStep]):
    row = FilterStep
    place = "funnel"


class TrainingSteps(Table[TrainingStep]):
    row = TrainingStep
    place = "steps"


class Answers(Table[Answer]):
    row = Answer
    place = "answers"


class Screenings(Table[ScreenedQuestion]):
    row = ScreenedQuestion
    place = "screenings"


class QuestionMeasures(Table[QuestionMeasure]):
    row = QuestionMeasure
    place = "measures"


class ReviewedItems(Table[ReviewedItem]):
    row = ReviewedItem
    place = "reviewed"


class Comparisons(Table[Comparison]):
    row = Comparison
    place = "comparisons"


class Findings(Table[Finding]):
    row = Finding
    place = "findings"


class Causes(Table[Cause]):
    row = Cause
    place = "causes"


class InputFile(Handle):
    """A person's file: path and content digest, so that a replaced file is another one, and a moved
    one the same.
    """

    excluded_from_key: ClassVar[frozenset[str]] = frozenset({"path"})
    plan_key: ClassVar[str] = "file"
    path: str
    digest: str

    @property
    def name(self) -> str:
        return Path(self.path).name

    @classmethod
    def from_path(cls, path: str | Path, **fields: Any) -> Self:
        """Raises PlanError where there is no such file."""
        file = find_input_file(path)
        if file is None:
            raise PlanError(
                build_message(
                    "input-not-a-file",
                    key=cls.plan_key,
                    path=repr(str(path)),
                    folder=str(Path.cwd()),
                )
            )
        return cls(path=str(file.absolute()), digest=compute_digest(file.read_bytes()), **fields)


class Book(InputFile):
    """A PDF."""

    plan_key: ClassVar[str] = "book"


class ReviewFile(InputFile):
    """A person's decisions on items."""

    plan_key: ClassVar[str] = "validation.review"


class ItemFile(InputFile):
    """Pairs or questions that a person brings."""

    plan_key: ClassVar[str] = "generation.pairs or generation.questions"
    kind: Literal["pair", "question"]

    @classmethod
    def at(cls, path: str | Path, **fields: Any) -> Self:
        """A file, or a folder that `datasets.save_to_disk` wrote. Raises PlanError where there is
        neither.
        """
        folder = find_input_file(path, or_folder=True)
        if folder is None or folder.is_file():
            return super().from_path(path, **fields)
        return cls(path=str(folder.absolute()), digest=compute_folder_digest(folder), **fields)


def build_missing_error(path: Path) -> MissingArtifact:
    """What to say of an artifact that is not as its handle says."""
    if path.exists():
        return MissingArtifact(build_message("artifact-changed", path=str(path)))
    return MissingArtifact(build_message("artifact-gone", path=str(path)))
