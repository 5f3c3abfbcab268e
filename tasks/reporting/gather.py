"""Collect the rows of a finished study behind its handles."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from platform import machine, platform, python_version

from tasks.artifacts import Book, Comparisons, Findings, Handle
from tasks.groups import Outcome, Prepared
from tasks.plan import StudyPlan
from tasks.reporting.facts import Place, Power, StudyFacts, Writing
from tasks.results import Cause, Screened
from tasks.sweeps import Spread
from tasks.timings import Timings

PACKAGES = (
    "book2lora",
    "prefect",
    "torch",
    "transformers",
    "peft",
    "datasets",
    "openai",
    "pandas",
    "scipy",
    "numpy",
    "pypdfium2",
    "pdfminer.six",
)


def gather(
    plan: StudyPlan,
    book: Book,
    prepared: Prepared,
    outcome: Outcome,
    comparisons: Comparisons,
    findings: Findings,
    timings: Timings | None = None,
    causes: Sequence[Cause] = (),
    next_plan: StudyPlan | None = None,
    next_command: str | None = None,
    followed: Sequence[str] = (),
    power: Sequence[Power] = (),
    screened: Sequence[Screened] = (),
    title: str = "",
    spread: Spread | None = None,
) -> StudyFacts:
    """All rows that a report tells of."""
    splits = prepared.splits
    return StudyFacts(
        plan=plan,
        book_title=title or Path(book.path).stem,
        book_path=book.path,
        book_digest=book.digest,
        passages=prepared.text.passages(),
        scan=prepared.text.scan,
        spread=spread,
        pairs=splits.pairs.load(),
        held_out=splits.held_out.load(),
        questions=splits.sitting.load(),
        rejected=splits.rejected.load(),
        funnel=splits.funnel.load(),
        steps=outcome.tuning.log.load(),
        preflight=outcome.tuning.preflight,
        probe=outcome.probe,
        base=outcome.base.load(),
        tuned=outcome.tuned.load(),
        comparisons=comparisons.load(),
        findings=findings.load(),
        causes=causes,
        next_plan=next_plan,
        next_command=next_command,
        followed=followed,
        power=power,
        screened=screened,
        accounts=[chapter.account for chapter in prepared.drafts if chapter.account],
        adapter=outcome.tuning.adapter.path,
        writing=writing(prepared),
        versions=versions(),
        timings=timings.stages if timings else (),
        artifacts=places(prepared, outcome, comparisons, findings),
        machine={"platform": platform(), "processor": machine()},
    )


def writing(prepared: Prepared) -> Writing:
    """Requests, tokens and money over all drafts."""
    drafts = [draft for chapter in prepared.drafts for draft in chapter.drafts.load()]
    accounts = [chapter.account for chapter in prepared.drafts if chapter.account]
    return Writing(
        requests=len(drafts),
        tokens_in=sum(draft.tokens_in for draft in drafts),
        tokens_cached=sum(draft.tokens_cached for draft in drafts),
        tokens_out=sum(draft.tokens_out for draft in drafts),
        cost_usd=sum(draft.cost_usd for draft in drafts),
        lost_usd=sum(account.lost_usd for account in accounts),
        servers=tuple(sorted({account.server for account in accounts if account.server})),
    )


def places(prepared: Prepared, outcome: Outcome, comparisons: Comparisons, findings: Findings) -> dict[str, Place]:
    """Path and digest of every artifact that the study rests on."""
    splits, tuning = prepared.splits, outcome.tuning
    named: dict[str, Handle] = {
        "pages": prepared.text.pages,
        **{f"passages {number}": table for number, table in enumerate(prepared.text.chapters, 1)},
        **{f"drafts {number}": chapter.drafts for number, chapter in enumerate(prepared.drafts, 1)},
        "pairs": splits.pairs,
        "held-out pairs": splits.held_out,
        "questions train": splits.sitting.train,
        "questions same_fact": splits.sitting.same_fact,
        "questions new_fact": splits.sitting.new_fact,
        "rejections": splits.rejected,
        "funnel": splits.funnel,
        "checkpoint": outcome.checkpoint,
        "adapter": tuning.adapter,
        "training log": tuning.log,
        "base answers": outcome.base,
        "tuned answers": outcome.tuned,
        "comparisons": comparisons,
        "findings": findings,
    }
    return {name: place(handle) for name, handle in named.items()}


def place(handle: Handle) -> Place:
    """Where a handle's content lies."""
    return Place(str(getattr(handle, "path", "")), str(getattr(handle, "digest", "")))


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that can change a result; what is not installed is left out."""
    found = {"python": python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
