"""What is chosen, and what it will take: the form of a plan with `check` beside it."""

from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.app.plan_choices import (
    list_main_fields,
    list_other_fields,
    list_stale_fields,
    parse_choices,
)
from flows.app.plan_drafts import change_draft
from flows.app.plan_jobs import check_planned_study
from flows.app.rendering import render
from flows.app.routes.page_requests import ask_worker, get_draft, get_words, go_to, is_part
from flows.app.uploads import take_form
from flows.cli.plan_text import format_plan
from tasks.engine.readiness.plan_check import PlanCheck


def show_choices(asked: Request) -> Response:
    """The form, and what its plan will take."""
    draft = get_draft(asked)
    return render(
        asked,
        "choices.html",
        draft=draft,
        step="choices",
        main=list_main_fields(draft.plan),
        others=list_other_fields(draft.plan),
        stale=[],
        **describe_check(asked, again=True),
    )


def show_check(asked: Request) -> Response:
    """What the plan will take, as it stands."""
    return render(
        asked, "parts/check.html", draft=get_draft(asked), stale=[], **describe_check(asked)
    )


def save_choices(asked: Request, form: FormData) -> Response:
    """Change the plan, and tell what it will take now. Raises PlanError for a choice that is
    none.
    """
    draft = get_draft(asked)
    typed = {key: value for key, value in form.items() if isinstance(value, str)}
    changes = parse_choices(draft.plan, typed)
    draft = change_draft(draft.name, changes, seen=typed.get("seen"))
    if not is_part(asked):
        return go_to(f"/plans/{draft.name}/choices")
    values: dict[str, Any] = {"draft": draft, "stale": list_stale_fields(draft.plan, typed)}
    return render(asked, "parts/check.html", **values, **describe_check(asked, again=True))


def describe_check(asked: Request, *, again: bool = False) -> dict[str, Any]:
    """What the worker has found out by now."""
    say, draft = get_words(asked), get_draft(asked)
    state = ask_worker(asked, check_planned_study, draft, again=again)
    found = state.result if isinstance(state.result, PlanCheck) else PlanCheck([], [])
    told = [name_book_alone(say.format_value(line.told), draft.plan.book) for line in found.lines]
    topics = [say.get_label("topics", line.topic) for line in found.lines]
    return {
        "state": state,
        "lines": list(zip(topics, told, strict=True)),
        "missing": [
            name_book_alone(say.format_value(lack), draft.plan.book) for lack in found.missing
        ],
    }


def name_book_alone(told: str, book: str) -> str:
    """The same without the folders that the book lies in: a person brought a file, not a path."""
    return told.replace(book, Path(book).name)


def download_plan(asked: Request) -> Response:
    """The plan with all its choices and their sentences, as `book2lora plan` prints it."""
    draft = get_draft(asked)
    headers = {"Content-Disposition": 'attachment; filename="plan.yaml"'}
    return Response(format_plan(draft.plan), media_type="application/yaml", headers=headers)


ROUTES = [
    Route("/plans/{name}/choices", show_choices),
    Route("/plans/{name}/choices", take_form(save_choices), methods=["POST"]),
    Route("/plans/{name}/check", show_check),
    Route("/plans/{name}/plan.yaml", download_plan),
]
