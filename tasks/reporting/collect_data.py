"""Collect the rows of a finished study behind its handles."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from platform import machine, platform, python_version

from tasks.reporting.report_data import ArtifactLocation, PowerCurvePoint, ReportData, WriterTotals
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import FIRST_LOOK, Cause, History, ScreenedQuestion
from tasks.schemas.timings import Timings
from tasks.store.artifact_groups import StudyDataset, TuningResult
from tasks.store.artifacts import Book, Comparisons, Findings, Handle

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


def collect_report_data(
    plan: StudyPlan,
    book: Book,
    prepared: StudyDataset,
    outcome: TuningResult,
    *,
    comparisons: Comparisons,
    findings: Findings,
    timings: Timings | None = None,
    causes: Sequence[Cause] = (),
    next_plan: StudyPlan | None = None,
    next_command: str | None = None,
    followed: Sequence[str] = (),
    power: Sequence[PowerCurvePoint] = (),
    screened: Sequence[ScreenedQuestion] = (),
    title: str = "",
    history: History = FIRST_LOOK,
    language: str = "",
) -> ReportData:
    """All rows that a report tells of."""
    splits = prepared.splits
    return ReportData(
        plan=plan,
        language=language,
        book_title=title or Path(book.path).stem,
        book_path=book.path,
        book_digest=book.digest,
        passages=prepared.text.load_passages(),
        scan=prepared.text.scan,
        pairs=splits.pairs.load_rows(),
        held_out=splits.held_out.load_rows(),
        questions=splits.sitting.load_sets(),
        rejected=splits.rejected.load_rows(),
        funnel=splits.funnel.load_rows(),
        steps=outcome.tuning.log.load_rows(),
        preflight=outcome.tuning.preflight,
        probe=outcome.probe,
        base=outcome.base.load_rows(),
        tuned=outcome.tuned.load_rows(),
        comparisons=comparisons.load_rows(),
        findings=findings.load_rows(),
        causes=causes,
        next_plan=next_plan,
        next_command=next_command,
        followed=followed,
        power=power,
        screened=screened,
        accounts=[chapter.account for chapter in prepared.drafts if chapter.account],
        adapter=outcome.tuning.adapter.path,
        writing=sum_writer_totals(prepared),
        versions=collect_versions(),
        timings=timings.stages if timings else (),
        artifacts=locate_artifacts(prepared, outcome, comparisons, findings),
        history=history,
        machine={"platform": platform(), "processor": machine()},
    )


def sum_writer_totals(prepared: StudyDataset) -> WriterTotals:
    """Requests, tokens and money over all drafts."""
    drafts = [draft for chapter in prepared.drafts for draft in chapter.drafts.load_rows()]
    accounts = [chapter.account for chapter in prepared.drafts if chapter.account]
    return WriterTotals(
        requests=len(drafts),
        tokens_in=sum(draft.tokens_in for draft in drafts),
        tokens_cached=sum(draft.tokens_cached for draft in drafts),
        tokens_out=sum(draft.tokens_out for draft in drafts),
        cost_usd=sum(draft.cost_usd for draft in drafts),
        lost_usd=sum(account.lost_usd for account in accounts),
        servers=tuple(sorted({account.server for account in accounts if account.server})),
    )


def locate_artifacts(
    prepared: StudyDataset, outcome: TuningResult, comparisons: Comparisons, findings: Findings
) -> dict[str, ArtifactLocation]:
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
    return {name: locate_artifact(handle) for name, handle in named.items()}


def locate_artifact(handle: Handle) -> ArtifactLocation:
    """Where a handle's content lies."""
    return ArtifactLocation(str(getattr(handle, "path", "")), str(getattr(handle, "digest", "")))


def collect_versions() -> dict[str, str]:
    """The versions of Python and of the packages that can change a result; what is not installed is
    left out.
    """
    found = {"python": python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
