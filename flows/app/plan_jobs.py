"""What a plan is asked without a run: how its book reads, what it would take, its items. Each is
asked in a worker process that has the person's key in its environment, and is kept by the plan.
"""

import os
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from flows.cli.review.make_sheets import StudyItems, build_stopped_items
from tasks.engine.readiness.items_ahead import CheckLine, describe_text
from tasks.engine.readiness.plan_check import PlanCheck, check_plan
from tasks.engine.readiness.plan_requirements import needs_writer
from tasks.engine.replay import replay
from tasks.language.language_guess import guess_language
from tasks.language.reader_language import VARIABLE
from tasks.reporting.review.sheet_items import build_sheet_items
from tasks.schemas.digest import compute_digest
from tasks.schemas.item_rows import Pair
from tasks.schemas.item_rows import Question as QuestionRow
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message
from tasks.schemas.plan import StudyPlan
from tasks.store.artifact_groups import BookText, StudyDataset
from tasks.store.artifacts import Book
from tasks.store.paths import make_private_dir, translate_disk_errors
from tasks.store.progress import EVENTS_VARIABLE

Question = Callable[[StudyPlan], Any]
MOST_WORKERS = 4  # persons with a key of their own at once; a worker takes about 300 MB
MOST_JOBS = 100  # kept with their answers
SAMPLED_PAGES = 12  # of a book, to tell its language: 60 words are enough, and covers have few


class BookReading(NamedTuple):
    """How a book was read."""

    text: BookText
    doubts: list[CheckLine]


class PilotItems(NamedTuple):
    """What came of a plan's first requests."""

    found: StudyItems
    counts: Message  # how many of each kind came and were kept
    charges: tuple[Message, ...]  # what was spent and set aside by then


class PlanJob(NamedTuple):
    """A question to a worker, and where its progress is told."""

    future: "Future[Any]"
    events: Path

    def get_result(self) -> Any:
        """The answer. Raises the StudyError that stands in its place."""
        return self.future.result()

    def has_failed(self) -> bool:
        future = self.future
        return future.done() and not future.cancelled() and future.exception() is not None


class JobWorkers:
    """Worker processes by the environment that a person's commands run with."""

    def __init__(self) -> None:
        self._pools: OrderedDict[str, ProcessPoolExecutor] = OrderedDict()
        self._jobs: OrderedDict[str, PlanJob] = OrderedDict()
        self._latest: dict[str, str] = {}  # job by person, question and plan
        self._lock = threading.Lock()

    def ask(
        self,
        question: Question,
        plan: StudyPlan,
        environment: Mapping[str, str],
        language: str,
        *,
        again: bool = False,
    ) -> PlanJob:
        """The job that asks this, begun now or before; `again`: one that failed is begun anew."""
        own, name = _name_job(question, plan, environment, language)
        with self._lock:
            known = self._jobs.get(name)
            if known and not known.future.cancelled() and not (again and known.has_failed()):
                return known
            self._cancel_waiting(f"{own} {question.__name__} {plan.name}", name)
            events = make_private_dir("app") / "events" / f"{name}.jsonl"
            events.unlink(missing_ok=True)
            pool = self._find_pool(own, environment)
            future = pool.submit(_answer, question, plan, str(events), language)
            job = self._jobs[name] = PlanJob(future, events)
            while len(self._jobs) > MOST_JOBS:
                self._jobs.popitem(last=False)
            return job

    def find(
        self, question: Question, plan: StudyPlan, environment: Mapping[str, str], language: str
    ) -> PlanJob | None:
        """The job that asks this, if it was begun."""
        return self._jobs.get(_name_job(question, plan, environment, language)[1])

    def _cancel_waiting(self, what: str, name: str) -> None:
        """Of a plan that was changed while its earlier form waited, only the last form is asked."""
        if earlier := self._jobs.get(self._latest.get(what, "")):
            earlier.future.cancel()
        self._latest[what] = name

    def _find_pool(self, own: str, environment: Mapping[str, str]) -> ProcessPoolExecutor:
        known = self._pools.get(own)
        if known is None or known._broken:  # its process was killed
            self._pools[own] = ProcessPoolExecutor(
                1,
                mp_context=get_context("spawn"),
                initializer=_begin_worker,
                initargs=(dict(environment), os.getpid()),
            )
        self._pools.move_to_end(own)
        while len(self._pools) > MOST_WORKERS:
            _, oldest = self._pools.popitem(last=False)
            oldest.shutdown(wait=False)
        return self._pools[own]


def _name_job(
    question: Question, plan: StudyPlan, environment: Mapping[str, str], language: str
) -> tuple[str, str]:
    """The person's name among the workers, and the job's."""
    own = compute_digest(repr(sorted(environment.items())).encode())
    parts = (question.__name__, own, language, plan.model_dump_json())
    return own, compute_digest("\n".join(parts).encode())


def guess_book_language(plan: StudyPlan) -> str:
    """The language of the book's first pages, or the plan's. Raises BookError where the book
    cannot be read.
    """
    from tasks.reading.pdf import read_pages

    shown = plan.reading.model_copy(update={"last_page": SAMPLED_PAGES, "most_bad_pages": 1.0})
    pages = read_pages(Path(plan.book), shown, plan.language)
    found = guess_language("\n".join(page.text for page in pages))
    return found.code if found else plan.language


def read_planned_book(plan: StudyPlan) -> BookReading:
    """How the book reads. Raises BookError."""
    from flows.prepare import bind_study_stages

    text = bind_study_stages(Machine()).read(plan)
    return BookReading(text, describe_text(text, plan))


def check_planned_study(plan: StudyPlan) -> PlanCheck:
    """What `book2lora check` tells."""
    from flows.prepare import bind_study_stages

    return check_plan(plan, bind_study_stages(Machine()))


def list_planned_items(plan: StudyPlan) -> StudyItems | None:
    """The items that the plan's study has; none where a model has yet to write them."""
    from flows.prepare import bind_study_stages, prepare_items

    if needs_writer(plan):
        dataset = replay(prepare_items, Book.from_path(plan.book), plan, Machine())
    else:
        dataset = bind_study_stages(Machine()).prepare(plan)
    return _build_items(dataset, plan.language) if dataset else None


def try_planned_items(plan: StudyPlan) -> PilotItems:
    """The plan's first requests to its model, judged; their answers are kept for the study. Raises
    WriterRefused, BudgetSpent and what else ended them before an item came.
    """
    from flows.prepare import try_planned_writer

    text, pilot = try_planned_writer(plan, Machine())
    if pilot.stop and not pilot.kept and not pilot.rejected:
        raise pilot.stop
    passages = {row.id: row for row in text.load_passages()}
    stopped = build_stopped_items(pilot.rejected, passages, plan.language)
    kept = build_sheet_items({"unknown": pilot.kept}, passages)
    return PilotItems(StudyItems(kept, stopped), pilot.describe()[0], pilot.charges)


def _build_items(dataset: StudyDataset, language: str) -> StudyItems:
    splits = dataset.splits
    passages = {row.id: row for row in dataset.text.load_passages()}
    asked = splits.sitting.load_sets()
    rows: dict[str, list[Pair | QuestionRow]] = {
        "train": [*splits.pairs.load_rows()],
        "held_out": [*splits.held_out.load_rows()],
        "same_fact": [*asked["same_fact"]],
        "new_fact": [*asked["new_fact"]],
    }
    stopped = build_stopped_items(splits.rejected.load_rows(), passages, language)
    return StudyItems(build_sheet_items(rows, passages), stopped)


def _answer(question: Question, plan: StudyPlan, events: str, language: str) -> Any:
    os.environ.update({EVENTS_VARIABLE: events, VARIABLE: language})
    with translate_disk_errors():
        return question(plan)


def _begin_worker(environment: dict[str, str], parent: int) -> None:
    """Ctrl-C of a terminal is the parent's to handle; a worker ends with the process that started
    it, whose threads come and go (so that the kernel's signal for that would come too early).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
