"""Before the chapters are written: a pilot, then the book's requests in turns."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from tasks.engine.orchestration.prefect_artifacts import publish_pilot
from tasks.engine.prefect_stage import report_progress
from tasks.engine.replay import making, replaying
from tasks.generation.quotas import Quota
from tasks.generation.write_chapter import recall_chapter
from tasks.language.catalogue import tell_message
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.stages import generate_drafts
from tasks.store.artifacts import Book
from tasks.store.progress import append_event, print_status
from tasks.validation.chapter_items import open_item_checker

if TYPE_CHECKING:
    from tasks.generation.whole_book.pilot import Pilot

Call = Mapping[str, Any]  # the arguments of `generate_drafts`


def ask_ahead(calls: Sequence[Call], book: Book, plan: StudyPlan, machine: Machine) -> None:
    """Fetch what the chapters will ask first, unless all have been written. Raises WriterUnfit
    where the checks keep too little of the pilot; what else stops the asking the chapters tell.
    """
    if replaying.get() and not making.get():
        return  # a walk through kept results spends nothing
    if not any(call["pairs"] or call["questions"] for call in calls):
        return  # a person's own items need no server
    if all(generate_drafts.is_kept(**call) for call in calls):
        return
    from tasks.generation.whole_book.book_asking import ask_in_turns

    orders = _list_orders(calls)
    if not any(order.before for order in orders):
        _run_planned_pilot(calls, book, plan, machine)
    with report_progress("progress-asking") as progress:
        ask_in_turns(
            orders,
            plan.select_drafting_plan(),
            book=Path(book.path),
            machine=machine,
            progress=progress,
        )


def _list_orders(calls: Sequence[Call]) -> list[Any]:
    """What each chapter is to be asked, with its judge."""
    from tasks.generation.whole_book.book_asking import ChapterOrder

    return [
        ChapterOrder(
            call["chapter"].load_rows(),
            Quota(call["pairs"], call["questions"]),
            partial(
                open_item_checker,
                call["text"],
                call["plan"].wording,
                call["plan"].validation,
                call["earlier"],
            ),
            recall_chapter(call["earlier"]),
        )
        for call in calls
    ]


def try_writer(calls: Sequence[Call], book: Book, plan: StudyPlan, machine: Machine) -> "Pilot":
    """The pilot of these chapters, whatever the plan's numbers; its answers are kept for the
    study. Raises WriterRefused without a key, or where the server refuses.
    """
    from tasks.generation.whole_book.pilot import run_pilot

    with report_progress("progress-pilot") as progress:
        return run_pilot(
            _list_orders(calls),
            plan.select_drafting_plan(),
            book=Path(book.path),
            machine=machine,
            progress=progress,
        )


def _run_planned_pilot(
    calls: Sequence[Call], book: Book, plan: StudyPlan, machine: Machine
) -> None:
    from tasks.generation.whole_book import pilot as pilots

    least = plan.generation.pilot_share
    quotas = [Quota(call["pairs"], call["questions"]) for call in calls]
    if not least or not pilots.is_pilot_worthwhile(quotas, plan.generation.per_request):
        return
    pilot = try_writer(calls, book, plan, machine)
    told = [tell_message(line) for line in pilot.describe()]
    for line in told:
        print_status("  " + escape(line))
    append_event(pilot=told)
    publish_pilot(told)
    pilots.refuse_unfit_writer(pilot, least)
