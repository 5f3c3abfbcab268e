"""One chapter's drafts, by whichever writer the plan names."""

from pathlib import Path

from tasks.generation.ledger import Ledger
from tasks.generation.writer import Accept, Quota, Written
from tasks.groups import Chapter
from tasks.plan import Machine, StudyPlan
from tasks.progress import Progress, silent
from tasks.records import Account, Draft, Passage
from tasks.store import runs_dir


def write_chapter(
    passages: list[Passage],
    quota: Quota,
    plan: StudyPlan,
    accept: Accept,
    book: Path,
    machine: Machine,
    progress: Progress = silent,
    earlier: Chapter | None = None,
) -> tuple[list[Draft], Account | None]:
    """The drafts as they came, and the server's account.

    The gpt writer asks again for what `accept` refuses, and goes on from what the chapter gave `earlier`; rules need neither.
    """
    if plan.generation.writer == "rules":
        from tasks.generation import rule_writer

        return rule_writer.write(passages, quota, plan.generation, plan.language), None
    from tasks.generation import gpt_writer

    ledger = open_ledger(plan)
    before = Written(earlier.drafts.load_rows(), earlier.account) if earlier and earlier.account else None
    return gpt_writer.write(
        passages, quota, plan.generation, plan.language, ledger, accept, machine.concurrency, progress, book, before=before
    )


def open_ledger(plan: StudyPlan) -> Ledger:
    """A study's paid answers and its money."""
    from tasks.generation.gpt_writer import server_name

    return Ledger(ledger_of(plan), plan.generation.budget_usd, plan.generation.prices, server_name())


def ledger_of(plan: StudyPlan) -> Path:
    """Where a study's paid answers and its money lie."""
    return runs_dir() / "ledger" / plan.name
