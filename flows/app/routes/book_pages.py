"""How a book was read: each page beside its text, chapters, doubts."""

import base64
from pathlib import Path
from typing import Any, NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.app.plan_drafts import remove_draft
from flows.app.plan_jobs import BookReading, read_planned_book
from flows.app.rendering import render
from flows.app.routes.page_requests import ask_worker, get_draft, get_words, go_to, is_part
from flows.app.study_processes import find_process
from flows.app.uploads import take_form
from tasks.reading.sandbox.pictures import draw_pictures
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.item_rows import Page
from tasks.schemas.messages import build_message
from tasks.store.paths import find_input_file

MOST_PAGES = 100_000  # a page's number has no more digits than that


class ChapterStart(NamedTuple):
    """A chapter, and the page on which it begins."""

    title: str
    page: int
    passages: int


def show_book(asked: Request) -> Response:
    """One page of the book, its picture beside its text; while the book is being read, how far."""
    draft = get_draft(asked)
    state = ask_worker(asked, read_planned_book, draft, again=not is_part(asked))
    values: dict[str, Any] = {"draft": draft, "state": state, "step": "book"}
    if isinstance(state.result, BookReading):
        values |= describe_reading(asked, state.result)
    template = "parts/book.html" if is_part(asked) else "book.html"
    return render(asked, template, **values)


def describe_reading(asked: Request, reading: BookReading) -> dict[str, Any]:
    """What the page shows of a book that is read."""
    say = get_words(asked)
    pages = {row.page: row for row in reading.text.pages.load_rows()}
    wanted = parse_number(asked.query_params.get("page", ""), default=min(pages, default=1))
    page = pages.get(wanted) or Page(page=wanted, text="", script="", engine="", legibility=0)
    chapters = [
        ChapterStart(rows[0].chapter, rows[0].page, len(rows))
        for chapter in reading.text.chapters
        if (rows := chapter.load_rows())
    ]
    return {
        "page": page,
        "pages": sorted(pages),
        "chapters": chapters,
        "passages": sum(chapter.passages for chapter in chapters),
        "doubts": [say.format_value(doubt.told) for doubt in reading.doubts],
    }


def show_picture(asked: Request) -> Response:
    """A page of the book as a picture. Raises MissingArtifact where there is none."""
    draft, number = get_draft(asked), asked.path_params["number"]
    book = find_input_file(draft.plan.book)
    found = draw_pictures(Path(book), [number]) if book and 0 < number < MOST_PAGES else {}
    if number not in found:
        raise MissingArtifact(build_message("no-picture-of-page"))
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(base64.b64decode(found[number]), media_type="image/jpeg", headers=headers)


def drop_plan(asked: Request, form: FormData) -> Response:
    """Remove a plan that is not being run; its studies stay."""
    draft = get_draft(asked)
    if find_process(draft.name):
        raise PlanError(build_message("study-under-way", name=draft.name))
    remove_draft(draft.name)
    return go_to("/")


def parse_number(text: str, default: int) -> int:
    """A page's number from an address."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else default


ROUTES = [
    Route("/plans/{name}/book", show_book),
    Route("/plans/{name}/pages/{number:int}.jpg", show_picture),
    Route("/plans/{name}/drop", take_form(drop_plan), methods=["POST"]),
]
