"""One chapter's drafts, by whichever writer the plan names."""

from pathlib import Path
from typing import NamedTuple

from tasks.generation.quotas import JudgeDraft, Quota, WrittenChapter
from tasks.generation.response_cache import ResponseCache
from tasks.generation.second_reader.reading_round import JudgeReadings, ReaderOrder
from tasks.schemas.item_rows import Draft, ItemReading, Passage, WriterUsage
from tasks.schemas.machine import Machine
from tasks.schemas.plan import DraftingPlan
from tasks.schemas.plan_sections import GenerationPlan
from tasks.store.artifact_groups import ChapterDrafts
from tasks.store.paths import get_runs_dir
from tasks.store.progress import ProgressCallback, ignore_progress


class WrittenItems(NamedTuple):
    """A chapter's drafts and readings as they came; the account where a server was asked."""

    drafts: list[Draft]
    readings: list[ItemReading]
    account: WriterUsage | None


def write_chapter(
    passages: list[Passage],
    quota: Quota,
    plan: DraftingPlan,
    accept: JudgeDraft,
    accept_readings: JudgeReadings,
    *,
    book: Path,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
    earlier: ChapterDrafts | None = None,
) -> WrittenItems:
    """The drafts as they came, each shown to `accept`, what a second reader said of the items in
    them, shown to `accept_readings`, and the server's account.

    The gpt writer asks again for what `accept` refuses, and goes on from what the chapter gave
    `earlier`; rules do neither.
    """
    if not any(quota):
        return WrittenItems([], [], None)  # a person's own items instead: no server is needed
    if plan.generation.writer == "rules":
        from tasks.generation.rules import rule_writer

        drafts = rule_writer.write_items_by_rules(passages, quota, plan.generation, plan.language)
        for draft in drafts:
            accept(draft)
        return WrittenItems(drafts, [], None)
    from tasks.generation.openai import openai_writer

    ledger = open_response_cache(plan.name, plan.generation)
    before = recall_chapter(earlier)
    written = openai_writer.write_items_by_model(
        passages,
        quota,
        plan.generation,
        plan.language,
        ledger=ledger,
        accept=accept,
        machine_concurrency=machine.concurrency,
        progress=progress,
        book_path=book,
        before=before,
        reader=open_reader(plan, accept_readings),
    )
    return WrittenItems(written.drafts, list(written.readings), written.usage)


def recall_chapter(earlier: ChapterDrafts | None) -> WrittenChapter | None:
    """What a chapter gave before, where a server wrote it."""
    if earlier is None or earlier.account is None:
        return None
    return WrittenChapter(earlier.drafts.load_rows(), earlier.account, earlier.items.load_kept())


def open_reader(plan: DraftingPlan, accept: JudgeReadings) -> ReaderOrder | None:
    """The plan's second reader with the study's money, at prices of its own."""
    cache = open_reader_cache(plan)
    return ReaderOrder(plan.validation.reader, cache, accept) if cache else None


def open_reader_cache(plan: DraftingPlan) -> ResponseCache | None:
    """The study's answers and money, at its reader's prices; none where nobody reads."""
    reader = plan.validation.reader
    if not reader.is_on or reader.prices is None:
        return None
    generation = plan.generation.model_copy(update={"prices": reader.prices})
    return open_response_cache(plan.name, generation)


def open_response_cache(name: str, plan: GenerationPlan) -> ResponseCache:
    """A study's paid answers and its money."""
    from tasks.generation.openai.transport.server_calls import get_server_name

    return ResponseCache(
        get_response_cache_dir(name),
        plan.budget_usd,
        plan.prices,
        get_server_name(),
    )


def get_response_cache_dir(name: str) -> Path:
    """Where a study's paid answers and its money lie."""
    return get_runs_dir() / "ledger" / name
