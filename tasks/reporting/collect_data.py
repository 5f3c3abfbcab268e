"""Collect the rows of a finished study behind its handles."""

from importlib import metadata
from pathlib import Path
from platform import machine, platform, python_version

from tasks.reporting.report_data import ArtifactLocation, ReportData, WriterTotals
from tasks.schemas.item_rows import Draft, ReaderUsage
from tasks.store.artifact_groups import StudyDataset, StudyResults
from tasks.store.artifacts import Handle

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


def collect_report_data(study: StudyResults) -> ReportData:
    """All rows that the stages of a study left."""
    prepared, outcome = study.prepared, study.outcome
    splits = prepared.splits
    return ReportData(
        plan=study.plan,
        language=study.language,
        book_title=Path(study.book.path).stem,
        book_path=study.book.path,
        book_digest=study.book.digest,
        passages=prepared.text.load_passages(),
        scan=prepared.text.scan,
        pairs=splits.pairs.load_rows(),
        held_out=splits.held_out.load_rows(),
        questions=splits.sitting.load_sets(),
        unasked=len(splits.unasked.asked(study.plan.comparison.primary_set))
        if splits.unasked
        else 0,
        rejected=splits.rejected.load_rows(),
        funnel=splits.funnel.load_rows(),
        steps=outcome.tuning.log.load_rows(),
        preflight=outcome.tuning.preflight,
        probe=outcome.probe,
        base=outcome.base.load_rows(),
        tuned=outcome.tuned.load_rows(),
        comparisons=study.comparisons.load_rows(),
        findings=study.why.findings.load_rows(),
        causes=study.why.causes.load_rows(),
        screened=outcome.screened.load_rows() if outcome.screened else (),
        measures=study.measures.load_rows(),
        accounts=[chapter.account for chapter in prepared.drafts if chapter.account],
        readings=[
            row
            for chapter in prepared.drafts
            if chapter.readings
            for row in chapter.readings.load_rows()
        ],
        adapter=outcome.tuning.adapter.path,
        writing=sum_writer_totals(prepared),
        versions=collect_versions(),
        timings=study.timings.stages,
        artifacts=locate_artifacts(study),
        history=study.history,
        effects=study.effects,
        machine={"platform": platform(), "processor": machine()},
    )


def sum_writer_totals(prepared: StudyDataset) -> WriterTotals:
    """Requests, tokens and money over all drafts and readings."""
    drafts = [draft for chapter in prepared.drafts for draft in chapter.drafts.load_rows()]
    accounts = [chapter.account for chapter in prepared.drafts if chapter.account]
    readers = [account.reader for account in accounts if account.reader]
    answered: list[Draft | ReaderUsage] = [*drafts, *readers]
    return WriterTotals(
        requests=len(drafts) + sum(reader.requests for reader in readers),
        tokens_in=sum(one.tokens_in for one in answered),
        tokens_cached=sum(one.tokens_cached for one in answered),
        tokens_out=sum(one.tokens_out for one in answered),
        cost_usd=sum(one.cost_usd for one in answered),
        lost_usd=sum(account.lost_usd for account in accounts),
        servers=tuple(sorted({account.server for account in accounts if account.server})),
    )


def locate_artifacts(study: StudyResults) -> dict[str, ArtifactLocation]:
    """Path and digest of every artifact that the study rests on."""
    prepared, outcome = study.prepared, study.outcome
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
        "comparisons": study.comparisons,
        "measures": study.measures,
        "reviewed": splits.reviewed,
        "findings": study.why.findings,
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
