"""One chapter's drafts, by whichever writer the plan names."""

from pathlib import Path

from tasks.generation.ledger import ResponseCache
from tasks.generation.writer import JudgeDraft, Quota, WrittenChapter
from tasks.groups import ChapterDrafts
from tasks.plan import Machine, StudyPlan
from tasks.progress import ProgressCallback, ignore_progress
from tasks.records import WriterUsage, Draft, Passage
from tasks.store import get_runs_dir


def write_chapter(
    passages: list[Passage],
    quota: Quota,
    plan: StudyPlan,
    accept: JudgeDraft,
    book: Path,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
    earlier: ChapterDrafts | None = None,
) -> tuple[list[Draft], WriterUsage | None]:
    """The drafts as they came, and the server's account.

    The gpt writer asks again for what `accept` refuses, and goes on from what the chapter gave `earlier`; rules need neither.
    """
    if plan.generation.writer == "rules":
        from tasks.generation import rule_writer

        return rule_writer.write_items_by_rules(passages, quota, plan.generation, plan.language), None
    from tasks.generation import gpt_writer

    ledger = open_response_cache(plan)
    before = WrittenChapter(earlier.drafts.load_rows(), earlier.account) if earlier and earlier.account else None
    return gpt_writer.write_items_by_model(
        passages, quota, plan.generation, plan.language, ledger, accept, machine.concurrency, progress, book, before=before
    )


def open_response_cache(plan: StudyPlan) -> ResponseCache:
    """A study's paid answers and its money."""
    from tasks.generation.gpt_writer import get_server_name

    return ResponseCache(get_response_cache_dir(plan), plan.generation.budget_usd, plan.generation.prices, get_server_name())


def get_response_cache_dir(plan: StudyPlan) -> Path:
    """Where a study's paid answers and its money lie."""
    return get_runs_dir() / "ledger" / plan.name
