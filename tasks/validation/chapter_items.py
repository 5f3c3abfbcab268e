"""A chapter's checked items, between the table files and the checks."""

from tasks.schemas.plan_sections import ValidationPlan
from tasks.store.artifact_groups import BookText, ChapterDrafts, ChapterItems
from tasks.validation.item_checker import CheckedChapter, ItemChecker


def open_item_checker(
    text: BookText, language: str, plan: ValidationPlan, earlier: ChapterDrafts | None = None
) -> ItemChecker:
    """The checks on a chapter's items, as far as they have come with what it gave `earlier`."""
    checker = ItemChecker(text.load_passages(), language, plan)
    if earlier:
        checker.add_chapter(load_chapter_items(earlier.items))
    return checker


def save_chapter_items(checker: ItemChecker, names_facts: bool) -> ChapterItems:
    """All that a checker was shown; `names_facts`: the writer gives equal facts equal names."""
    kept, rejected, funnel, _ = checker.collect_items()
    return ChapterItems.save_tables(kept, rejected, funnel, names_facts)


def load_chapter_items(items: ChapterItems) -> CheckedChapter:
    """As the checks left them."""
    return CheckedChapter(
        items.load_kept(), items.rejected.load_rows(), items.funnel.load_rows(), items.names_facts
    )
