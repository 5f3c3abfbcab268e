"""What a reader made of foreign files: rows read of those that are questions or pairs at all, and what it read wrongly."""

import unicodedata
from pathlib import Path
from typing import NamedTuple

from support.foreign_files.exam_truth import ForeignFile
from support.foreign_files.held_files import list_held_files
from support.foreign_files.pair_files import list_pair_files
from support.foreign_files.question_datasets import list_question_datasets
from support.foreign_files.question_tables import list_question_tables

from tasks.schemas.errors import PlanError
from tasks.validation.parsing.import_items import open_items


class Reading(NamedTuple):
    """How a file was read."""

    name: str
    rows: int  # that are a four-option question or a pair
    read: int
    wrong: list[tuple[str, str]]  # read, and not what the file holds
    told: str  # codes of the refusals with their numbers, or the error


def list_foreign_files() -> list[ForeignFile]:
    """Every file."""
    return [
        *list_question_tables(),
        *list_question_datasets(),
        *list_pair_files(),
        *list_held_files(),
    ]


def fold_letters(text: str) -> str:
    """Letters and digits alone, for comparing: what a reader may tidy is no difference."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = plain.translate(str.maketrans("يكىةأإآٱؤئ", "یکیهااااوی"))
    return "".join(
        str(unicodedata.digit(c)) if c.isdigit() else c for c in plain if c.isalnum() or c in "+=<>"
    )


def read_foreign_file(file: ForeignFile, folder: Path) -> Reading:
    """A file through the door of `check`, `evaluate` and `study`, beside what it holds."""
    path = file.write(folder)
    truth = [tuple(map(fold_letters, row)) for row in file.truth]
    try:
        own = open_items(path, file.kind, file.language, file.given)
    except PlanError as error:
        return Reading(file.name, len(truth), 0, [], str(error)[:300])
    found = [(item.text, item.key) for item in own.found.items]
    left, wrong = list(truth), []
    for row in found:
        folded = tuple(map(fold_letters, row))
        if folded in left:
            left.remove(folded)
        else:
            wrong.append(row)
    told = {row.reason.code for row in own.found.rejected}
    return Reading(file.name, len(truth), len(truth) - len(left), wrong, " ".join(sorted(told)))
