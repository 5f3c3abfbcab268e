"""What a run shows on the dashboard beside its stages: short tables, and why it failed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from html import escape
from typing import ParamSpec, TypeVar

from prefect.artifacts import create_markdown_artifact

from flows.dashboard_text import for_dashboard
from flows.stopping import cancellable_here
from tasks import timings
from tasks.artifacts import Comparisons
from tasks.errors import StudyError, WriterError
from tasks.generation.accounts import kept, told
from tasks.generation.chapter import ledger_of
from tasks.groups import Prepared, Tuning
from tasks.plan import StudyPlan
from tasks.progress import say
from tasks.reporting import glance
from tasks.scrubbing import scrub_error
from tasks.store import writable

P = ParamSpec("P")
T = TypeVar("T")


def show(markdown: str, key: str, description: str) -> None:
    """An artifact of the run that is under way."""
    create_markdown_artifact(for_dashboard(markdown), key=key, description=description)


def show_items(prepared: Prepared, language: str) -> Prepared:
    """From drafts to items; what the writing cost, where it cost anything."""
    show(glance.funnel(prepared.splits.funnel.load(), prepared.text.scan, language), "funnel", "from drafts to items")
    if accounts := [chapter.account for chapter in prepared.drafts if chapter.account]:
        show(glance.cost(accounts, language), "cost", "what the writing cost")
    return prepared


@contextmanager
def accounting(plan: StudyPlan, chapters: Sequence[str]) -> Iterator[None]:
    """Let a writing that money or server stopped tell what it has by then, chapter by chapter."""
    try:
        yield
    except WriterError as error:
        folder = ledger_of(plan)
        written = kept(folder, chapters)
        if not any(account.requests for account in written):
            raise
        show(glance.cost(written, plan.language), "cost", "what the writing cost until it was stopped")
        raise type(error)(f"{error}\n{told(written, folder)}") from None


def show_training(tuning: Tuning, plan: StudyPlan) -> None:
    """The loss over the training just done or found, and that one which was found is not reported anew."""
    show(glance.loss(tuning.log.load(), plan.language), "loss", "loss over the training")
    if plan.finetuning.report_to and any(stage.cached for stage in timings.so_far().stages[-1:]):
        say("  finetuning.report_to: the training was done before and is not reported anew; to do so, --redo finetune_adapter")


def show_verdict(comparisons: Comparisons, language: str) -> None:
    """The primary result in figures."""
    show(glance.verdict(comparisons.load(), language), "verdict", "the primary result")


def explaining(function: Callable[P, T]) -> Callable[P, T]:
    """Let a failed run's page tell cause and remedy, without secrets: as the state's message and as an artifact."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with cancellable_here(), writable():
                return function(*args, **kwargs)
        except BaseException as error:
            scrub_error(error)
            if isinstance(error, StudyError):
                show(failure(error), "failure", "why it failed, and what to do")
            raise

    return run


def failure(error: StudyError) -> str:
    """Cause and remedy as the error words them, and how to go on."""
    told = "\n".join(f"> {_plain(line)}" for line in str(error).splitlines())
    return (
        f"# {type(error).__name__}\n\n{told}\n\nThen **Retry** this run (a run of a deployment), or give the same command again: "
        "what was finished is kept."
    )


def _plain(line: str) -> str:
    """An error may quote a book or a server: no tags, no links, no pictures from elsewhere."""
    return escape(line, quote=False).replace("[", "\\[")
