"""The items of a plan, kept and refused, and a person's decisions on them."""

from typing import Any, NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.app.item_decisions import load_decisions, save_decision
from flows.app.plan_drafts import PlanDraft
from flows.app.plan_jobs import PilotItems, list_planned_items, try_planned_items
from flows.app.rendering import render
from flows.app.routes.book_pages import parse_number
from flows.app.routes.page_requests import (
    ask_worker,
    find_answer,
    get_draft,
    go_to,
    is_part,
    wait_for_worker,
)
from flows.app.uploads import take_form
from flows.cli.review.make_sheets import StudyItems
from tasks.reporting.review.sheet_items import SheetItem, draw_sample, order_by_page
from tasks.schemas.errors import MissingArtifact
from tasks.schemas.messages import build_message

FIRST_SHOWN = 3  # of the kept and of the refused items: what a person looks at first
AT_ONCE = 20  # items of a page of all


class ShownItems(NamedTuple):
    """What one page shows of a plan's items."""

    items: list[tuple[SheetItem, bool]]  # with whether the checks have kept it
    which: str  # first, kept, refused
    page: int  # from 1
    pages: int


def show_items(asked: Request) -> Response:
    """Three kept and three refused items, or all of either, twenty at a time."""
    draft = get_unjudged_draft(asked)
    state = ask_worker(asked, list_planned_items, draft, again=not is_part(asked))
    values: dict[str, Any] = {"draft": draft, "state": state, "step": "items", "pilot": None}
    if isinstance(state.result, StudyItems):
        shown = choose_shown(
            state.result,
            asked.query_params.get("which", "first"),
            parse_number(asked.query_params.get("page", ""), default=1),
        )
        counts = {"kept": len(state.result.kept), "refused": len(state.result.stopped)}
        values |= {"shown": shown, "counts": counts, "decisions": load_decisions(draft.name)}
    elif state.is_done and not state.fault:  # a model has yet to write them
        values |= show_pilot(asked, draft)
    return render(asked, "parts/items.html" if is_part(asked) else "items.html", **values)


def show_pilot(asked: Request, draft: PlanDraft) -> dict[str, Any]:
    """What came of the plan's first requests, where a person asked for them."""
    pilot = find_answer(asked, try_planned_items, draft)
    values: dict[str, Any] = {"pilot": pilot}
    if pilot and isinstance(pilot.result, PilotItems):
        shown = choose_shown(pilot.result.found, "first", 1)
        values |= {"shown": shown, "decisions": load_decisions(draft.name)}
    return values


def try_writer_of_plan(asked: Request, form: FormData) -> Response:
    """The first requests to the model: this press spends, the pages that follow do not."""
    draft = get_unjudged_draft(asked)
    ask_worker(asked, try_planned_items, draft, again=True)
    return go_to(f"/plans/{draft.name}/items")


def get_unjudged_draft(asked: Request) -> PlanDraft:
    """The plan without a person's decisions: all its items are shown, the rejected ones, too."""
    draft = get_draft(asked)
    validation = draft.plan.validation.model_copy(update={"review": None})
    return draft._replace(plan=draft.plan.model_copy(update={"validation": validation}))


def choose_shown(found: StudyItems, which: str, page: int) -> ShownItems:
    """The items of one page, in the order of the book's pages."""
    if which not in ("kept", "refused"):
        first = [
            (item, is_kept)
            for items, is_kept in ((found.kept, True), (found.stopped, False))
            for item in order_by_page(draw_sample(items, FIRST_SHOWN, seed=0))
        ]
        return ShownItems(first, "first", 1, 1)
    items = order_by_page(found.kept if which == "kept" else found.stopped)
    pages = max(1, -(-len(items) // AT_ONCE))
    page = min(max(page, 1), pages)
    part = items[(page - 1) * AT_ONCE : page * AT_ONCE]
    return ShownItems([(item, which == "kept") for item in part], which, page, pages)


def decide_item(asked: Request, form: FormData) -> Response:
    """Keep, strike or mend an item, or take the decision back; the card comes back."""
    draft, item = get_draft(asked), str(form.get("item", ""))
    typed = {key: value for key, value in form.items() if isinstance(value, str)}
    found = find_item(asked, item)
    draft = save_decision(draft, item, typed.get("decision", ""), typed)
    if not is_part(asked):
        return go_to(f"/plans/{draft.name}/items")
    decisions = load_decisions(draft.name)
    return render(
        asked, "parts/item.html", draft=draft, item=found[0], is_kept=found[1], decisions=decisions
    )


def find_item(asked: Request, identity: str) -> tuple[SheetItem, bool]:
    """An item of the plan, and whether the checks have kept it. Raises MissingArtifact."""
    draft = get_unjudged_draft(asked)
    found = wait_for_worker(asked, list_planned_items, draft)
    pilot = find_answer(asked, try_planned_items, draft) if found is None else None
    if pilot and isinstance(pilot.result, PilotItems):
        found = pilot.result.found
    if isinstance(found, StudyItems):
        for items, is_kept in ((found.kept, True), (found.stopped, False)):
            for item in items:
                if item.id == identity:
                    return item, is_kept
    raise MissingArtifact(build_message("no-such-item"))


ROUTES = [
    Route("/plans/{name}/items", show_items),
    Route("/plans/{name}/items", take_form(decide_item), methods=["POST"]),
    Route("/plans/{name}/pilot", take_form(try_writer_of_plan), methods=["POST"]),
]
