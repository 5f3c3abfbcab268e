"""A book's chapters as they are asked together."""

from support.openai_study import build_plan
from tasks.generation.quotas import allocate_quotas
from tasks.generation.whole_book.book_asking import ChapterOrder
from tasks.schemas.plan import DraftingPlan
from tasks.schemas.plan_sections import ReaderPlan, ValidationPlan
from tasks.validation.item_checker import ItemChecker


def build_drafting_plan(reader="off", **choices):
    """A plan of a study named book."""
    generation = build_plan(**choices)
    read = ReaderPlan(model=reader).resolve_model("gpt-4o", generation.prices)
    return DraftingPlan(
        name="book", language="fa", generation=generation, validation=ValidationPlan(reader=read)
    )


def build_orders(plan, passages):
    """Every chapter with its share, judged by the product's checks."""
    everything = [p for chapter in passages.values() for p in chapter]
    return {
        chapter: ChapterOrder(
            passages[chapter], quota, lambda: ItemChecker(everything, "fa", plan.validation)
        )
        for chapter, quota in allocate_quotas(passages, plan.generation).items()
    }
