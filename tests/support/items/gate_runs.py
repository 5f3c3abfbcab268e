"""Drafts through the whole gate: each item's checks, then those over the book."""

from collections.abc import Iterable, Sequence
from typing import Any

from tasks.schemas.item_rows import Draft, Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.item_checker import CheckedChapter, ItemChecker
from tasks.validation.validate import ValidationResult, validate_items


def check_drafts(
    drafts: Iterable[Draft], passages: Sequence[Passage], plan: ValidationPlan, language: str
) -> CheckedChapter:
    """As the generation of a chapter does."""
    checker, writers = ItemChecker(passages, language, plan), set()
    for draft in drafts:
        checker.check_draft(draft)
        writers.add(draft.writer)
    return checker.collect_items()._replace(names_facts=writers <= {"rules"})


def validate_drafts(
    drafts: Iterable[Draft],
    passages: Sequence[Passage],
    plan: ValidationPlan,
    language: str,
    **options: Any,
) -> ValidationResult:
    """All drafts as one chapter's."""
    chapter = check_drafts(drafts, passages, plan, language)
    return validate_items([chapter], passages, plan, language, **options)
