"""The first page: plans and studies, a book to bring; the login, the language, a person's key."""

from typing import NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.app.access import WRITER_VARIABLES, SessionKeeper
from flows.app.plan_drafts import change_draft, create_draft, list_drafts
from flows.app.plan_jobs import guess_book_language
from flows.app.rendering import LANGUAGE_COOKIE, get_language, render, render_login
from flows.app.routes.page_requests import get_person, get_words, go_to, wait_for_worker
from flows.app.study_processes import find_process
from flows.app.uploads import (
    MOST_BOOK_BYTES,
    MOST_FORM_BYTES,
    bound_request,
    keep_book,
    name_study,
    take_form,
)
from flows.cli.studies.run_table import RunRow, build_row, format_size
from flows.cli.summary import format_verdict_cell
from tasks.language.language_pack import list_languages
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.plan_file import load_plan
from tasks.store.studies.study_records import list_runs

EXAMPLES = {"fa": "laptop", "en": "english"}  # plans on a handbook that comes with the program
MOST_KEY_LETTERS = 500  # OpenAI's keys have 164
YEAR_SECONDS = 365 * 24 * 3600


class ListedStudy(NamedTuple):
    """A study as the first page lists it."""

    row: RunRow
    size: str
    verdict: str


def show_library(asked: Request) -> Response:
    """All plans and studies, the newest first."""
    say = get_words(asked)
    rows = [build_row(run) for run in reversed(list_runs(("studies",)))]
    studies = [
        ListedStudy(
            row,
            format_size(row.size, say),
            format_verdict_cell(row.result, say) if row.result else "",
        )
        for row in rows
    ]
    drafts = [(draft, find_process(draft.name) is not None) for draft in list_drafts()]
    writer = get_person(asked).writer
    return render(asked, "library.html", studies=studies, drafts=drafts, writer=writer)


def bring_book(asked: Request, form: FormData) -> Response:
    """Keep an uploaded book, and begin a plan on it in the book's language."""
    upload = form.get("book")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise PlanError(build_message("upload-missing"))
    place = keep_book(upload)
    language = get_language(asked)
    tree = {"book": str(place), "language": language}
    draft = create_draft(name_study(upload.filename), tree)
    found = wait_for_worker(asked, guess_book_language, draft)
    if found in list_languages():  # what cannot be read is told by the page that shows the reading
        change_draft(draft.name, {"language": found})
    return go_to(f"/plans/{draft.name}/book")


def begin_example(asked: Request, form: FormData) -> Response:
    """A plan on our own handbook."""
    language = str(form.get("language", ""))
    plan = load_plan(EXAMPLES.get(language, EXAMPLES["en"]))
    tree = {"book": plan.book, "language": plan.language}
    return go_to(f"/plans/{create_draft('handbook', tree).name}/book")


def choose_language(asked: Request, form: FormData) -> Response:
    """Keep the language that this browser reads."""
    language, back = str(form.get("language", "")), str(form.get("back", "/"))
    is_here = back.startswith("/") and not back.startswith(("//", "/\\"))
    answer = go_to(back if is_here else "/")
    if language in list_languages():
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, httponly=True, samesite="strict"
        )
    return answer


async def log_in(asked: Request) -> Response:
    """Open a session for who knows the token or the password."""
    keeper: SessionKeeper = asked.app.state.keeper
    async with bound_request(asked, MOST_FORM_BYTES).form(max_files=0, max_fields=1) as form:
        offered = str(form.get("secret", ""))
    if not await keeper.is_secret(offered):
        return render_login(asked, is_wrong=True)
    answer = go_to("/")
    keeper.set_cookie(answer, asked.url.scheme)
    return answer


def keep_key(asked: Request, form: FormData) -> Response:
    """Keep a person's key and server address for this session, in memory alone; two blanks take
    them back.
    """
    person, given = get_person(asked), [str(form.get(name, "")) for name in WRITER_VARIABLES]
    if any(len(text) > MOST_KEY_LETTERS or not text.isprintable() for text in given):
        raise PlanError(build_message("key-is-none"))
    told = zip(WRITER_VARIABLES, map(str.strip, given), strict=True)
    person.writer = {name: text for name, text in told if text}
    return go_to("/")


ROUTES = [
    Route("/", show_library),
    Route("/login", log_in, methods=["POST"]),
    Route("/language", take_form(choose_language), methods=["POST"]),
    Route("/key", take_form(keep_key), methods=["POST"]),
    Route("/books", take_form(bring_book, MOST_BOOK_BYTES), methods=["POST"]),
    Route("/examples", take_form(begin_example), methods=["POST"]),
]
