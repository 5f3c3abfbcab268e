"""One chapter's drafts, by whichever writer the plan names."""

from pathlib import Path

from tasks.generation.writer import Accept, Quota
from tasks.plan import Machine, StudyPlan
from tasks.progress import Progress, silent
from tasks.records import Draft, Passage


def write_chapter(
    passages: list[Passage],
    quota: Quota,
    plan: StudyPlan,
    accept: Accept,
    book: Path,
    ledger: Path,
    machine: Machine,
    progress: Progress = silent,
) -> list[Draft]:
    """The drafts as they came; the gpt writer asks again for what `accept` refuses, the rules need not."""
    if plan.generation.writer == "rules":
        from tasks.generation.rule_writer import write

        return write(passages, quota, plan.generation, plan.language)
    from tasks.generation import gpt_writer
    from tasks.generation.ledger import Ledger

    paper = Ledger(ledger, plan.generation.budget_usd, plan.generation.prices)
    return gpt_writer.write(
        passages, quota, plan.generation, plan.language, paper, accept, machine.concurrency, progress, book_path=book
    ).drafts
