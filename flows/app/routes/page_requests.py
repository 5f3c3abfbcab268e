"""What every page asks for: who is there, in which language, and what a worker has answered."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flows.app.access import PersonSession
from flows.app.plan_drafts import PlanDraft, find_draft
from flows.app.plan_jobs import PlanJob, Question
from flows.app.rendering import get_language, load_words
from flows.app.study_processes import read_events
from tasks.language.catalogue import describe_error
from tasks.language.i18n import Translator
from tasks.schemas.errors import StudyError


class JobState(NamedTuple):
    """How a question to a worker stands."""

    is_done: bool
    result: object = None  # where it is done and nothing failed
    fault: tuple[str, ...] = ()  # a sentence a line
    bar: dict[str, object] | None = None  # the last that was told of the work


def get_person(asked: Request) -> PersonSession:
    """The session that SignedInOnly has found."""
    session: PersonSession = asked.state.session
    return session


def get_words(asked: Request) -> Translator:
    """In the language of this browser."""
    return load_words(get_language(asked))


def get_draft(asked: Request) -> PlanDraft:
    """The plan that the address names."""
    return find_draft(asked.path_params["name"])


def ask_worker(
    asked: Request, question: Question, draft: PlanDraft, *, again: bool = False
) -> JobState:
    """What is known by now; `again`: what has failed is tried anew."""
    environment = get_person(asked).build_environment()
    job: PlanJob = asked.app.state.workers.ask(
        question, draft.plan, environment, get_language(asked), again=again
    )
    return _read_job(asked, job)


def find_answer(asked: Request, question: Question, draft: PlanDraft) -> JobState | None:
    """What is known of what was asked before; nothing is begun, None where nothing was."""
    environment = get_person(asked).build_environment()
    job = asked.app.state.workers.find(question, draft.plan, environment, get_language(asked))
    return _read_job(asked, job) if job else None


def _read_job(asked: Request, job: PlanJob) -> JobState:
    if not job.future.done() or job.future.cancelled():
        bars = [event for event in read_events(job.events) if "label" in event]
        return JobState(False, bar=bars[-1] if bars else None)
    try:
        return JobState(True, job.get_result())
    except StudyError as error:
        told = describe_error(error, get_words(asked))
        return JobState(True, fault=tuple(told.splitlines()))


def wait_for_worker(asked: Request, question: Question, draft: PlanDraft) -> object:
    """The answer, or none where there is a fault in its place."""
    environment = get_person(asked).build_environment()
    job: PlanJob = asked.app.state.workers.ask(
        question, draft.plan, environment, get_language(asked)
    )
    try:
        return job.get_result()
    except StudyError:
        return None


def is_part(asked: Request) -> bool:
    """Whether a page asks for a part of itself."""
    return "hx-request" in asked.headers


def go_to(path: str) -> Response:
    """See there, by GET."""
    return RedirectResponse(path, 303)
