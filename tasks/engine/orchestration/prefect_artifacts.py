"""What a run shows on the dashboard beside its stages: short tables, and why it failed."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from html import escape
from pathlib import Path
from typing import ParamSpec, TypeVar

from tasks.engine.orchestration.cancellation import cancellable_here
from tasks.engine.replay import replaying
from tasks.engine.run_timings import get_timings
from tasks.generation.usage import add_usages, load_usages
from tasks.generation.write_chapter import get_response_cache_dir
from tasks.language.catalogue import describe_error, load_catalogue, tell_reader
from tasks.language.reader_language import get_reader_language
from tasks.reporting.markdown import markdown_tables
from tasks.schemas.errors import BudgetSpent, NothingLeft, PlanError, StudyError, WriterError
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import History
from tasks.schemas.sections.profiles import MEDICINE, Profile, tag_language
from tasks.store.artifact_groups import StudyDataset, TrainedAdapter
from tasks.store.artifacts import Comparisons
from tasks.store.paths import get_runs_dir, translate_disk_errors
from tasks.store.progress import print_status
from tasks.store.redaction import redact_error
from tasks.store.study_folder import StudyFolder

P = ParamSpec("P")
T = TypeVar("T")


def publish_markdown(write: Callable[[], str], key: str, description: str) -> None:
    """An artifact of the run that is under way; a replay is none, and nothing is written for it."""
    if replaying.get():
        return
    from prefect.artifacts import create_markdown_artifact

    from tasks.engine.orchestration.prefect_markdown import render_for_dashboard

    create_markdown_artifact(render_for_dashboard(write()), key=key, description=description)


def publish_folder(folder: StudyFolder, key: str, kind: str) -> str:
    """Show the report of a study or a sweep on the dashboard; where its folder is."""
    report = folder.path / "report.md"
    publish_markdown(lambda: report.read_text("utf-8"), key, f"{kind} {folder.name}")
    return str(folder.path)


def publish_study(folder: StudyFolder) -> str:
    """Point runs/latest to the study, and show its report on the dashboard."""
    link, part = get_runs_dir() / "latest", get_runs_dir() / f".latest-{os.getpid()}"
    part.unlink(missing_ok=True)
    part.symlink_to(Path("studies") / folder.name)
    part.replace(link)
    return publish_folder(folder, "report", "study")


def publish_items(prepared: StudyDataset, profile: Profile = MEDICINE) -> None:
    """From drafts to items; what the writing cost, where it cost anything."""
    language = tag_language(get_reader_language(), profile)
    publish_markdown(
        lambda: markdown_tables.format_funnel_section(
            prepared.splits.funnel.load_rows(), prepared.text.scan, language
        ),
        "funnel",
        "from drafts to items",
    )
    if accounts := [chapter.account for chapter in prepared.drafts if chapter.account]:
        publish_markdown(
            lambda: markdown_tables.format_cost_table(accounts, language),
            "cost",
            "what the writing cost",
        )


def publish_pilot(told: Sequence[str]) -> None:
    """What came of the pilot, as a list."""
    lines = [_escape_markdown(line) for line in told]
    publish_markdown(lambda: "\n".join(f"- {line}" for line in lines), "pilot", "the pilot")


@contextmanager
def report_cost_on_failure(plan: StudyPlan, chapters: Sequence[str]) -> Iterator[None]:
    """Let a writing that money or server stopped tell what it has by then, chapter by chapter."""
    try:
        yield
    except WriterError as error:
        folder = get_response_cache_dir(plan.name)
        written = load_usages(folder, chapters)
        if not any(account.requests for account in written):
            raise
        publish_markdown(
            lambda: markdown_tables.format_cost_table(written, get_reader_language()),
            "cost",
            "what the writing cost until it was stopped",
        )
        raise add_usages(error, written, folder) from None


def publish_training(tuning: TrainedAdapter, plan: StudyPlan) -> None:
    """The loss over the training just done or found, and that one which was found is not reported
    anew.
    """
    publish_markdown(
        lambda: markdown_tables.format_loss_section(tuning.log.load_rows(), get_reader_language()),
        "loss",
        "loss over the training",
    )
    if plan.finetuning.report_to and any(stage.cached for stage in get_timings().stages[-1:]):
        print_status("  " + tell_reader("not-reported-anew"))


def publish_verdict(comparisons: Comparisons, history: History, language: str) -> None:
    """The primary result in figures, and what had been decided on its questions before."""
    publish_markdown(
        lambda: markdown_tables.format_verdict_section(comparisons.load_rows(), history, language),
        "verdict",
        "the primary result",
    )


def publish_failure(function: Callable[P, T]) -> Callable[P, T]:
    """Let a failed run's page tell cause and remedy, without secrets: as the state's message and as
    an artifact.
    """

    @wraps(function)
    def run_and_explain(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with cancellable_here(), translate_disk_errors():
                return function(*args, **kwargs)
        except BaseException as error:
            redact_error(error)
            if isinstance(error, StudyError):
                text = format_failure(error)
                publish_markdown(lambda: text, "failure", "why it failed, and what to do")
            raise

    return run_and_explain


def format_failure(error: StudyError) -> str:
    """Cause and remedy in the reader's language, and how to go on: by Retry only where that can
    help, since it keeps the run's parameters.
    """
    say = load_catalogue(get_reader_language())
    lines = describe_error(error, say).splitlines()
    told = "\n".join(f"> {_escape_markdown(line)}" for line in lines)
    name = say.get_label("errors", type(error).__name__)
    return f"# {name}\n\n{told}\n\n{tell_way_on(error)}"


def tell_way_on(error: StudyError) -> str:
    """What to do after a failure."""
    if isinstance(error, BudgetSpent | NothingLeft):
        return tell_reader("error-other-plan")
    return tell_reader("error-mend-first" if isinstance(error, PlanError) else "error-go-on")


def _escape_markdown(line: str) -> str:
    """An error may quote a book or a server: no tags, no links, no pictures from elsewhere."""
    return escape(line, quote=False).replace("[", "\\[")
