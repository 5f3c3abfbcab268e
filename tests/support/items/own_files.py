"""A person's own files as rows."""

from pathlib import Path
from typing import Any

from tasks.validation.item_checker import CheckedDraft
from tasks.validation.parsing.import_items import name_rows, read_items


def load_pairs(path: Path, language: str = "fa", given: Any = None) -> CheckedDraft:
    """The pairs of a file, and its bad rows."""
    return name_rows(read_items(path, "pair", language, given).found)


def load_questions(path: Path, language: str = "fa", given: Any = None) -> CheckedDraft:
    """The questions of a file, and its bad rows."""
    return name_rows(read_items(path, "question", language, given).found)
