"""What a plan would do and cost on this machine; spends nothing unless it is told to ask."""

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tasks.engine.readiness.base_costs import describe_base
from tasks.engine.readiness.plan_requirements import (
    Lack,
    list_book_errors,
    list_missing_requirements,
    needs_writer,
    open_own_files,
)
from tasks.language.book_profile import look_at_book
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import BookError
from tasks.schemas.item_rows import Passage
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Figure, Message, Term, build_message
from tasks.schemas.plan import Lineage, StudyPlan
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.sections.profiles import MEDICINE
from tasks.store.paths import find_input_file

FEW_UPDATES = 50  # measured in tasks/finetuning/preflight.py, which loads torch


class CheckLine(NamedTuple):
    """One thing that is told, under its topic."""

    topic: str  # a word of the catalogue's topics
    told: Message | str


class PlanCheck(NamedTuple):
    """What `book2lora check` tells."""

    lines: list[CheckLine]
    missing: list[Lack]
    paid: float = 0.0  # dollars, at most, for asking the server what it can do


def add_new_fact_margin(plan: StudyPlan) -> GenerationPlan:
    """The numbers to draft, so that the planned number of pairs is left when new facts are kept out
    of training.
    """
    number = plan.generation.pairs if isinstance(plan.generation.pairs, int) else 0
    share = 1 - plan.validation.new_fact_share
    return (
        plan.generation.model_copy(update={"pairs": math.ceil(number / share)})
        if number and share
        else plan.generation
    )


def check_plan(plan: StudyPlan, ask: bool = False, machine: Machine | None = None) -> PlanCheck:
    """The whole plan in sentences, with what is missing and what it would cost; `ask`: the server
    is tried, which costs a little.
    """
    server = _probe_server(plan, ask) if needs_writer(plan) else ServerCheck([])
    own = open_own_files(plan)
    lacks = [
        *list_missing_requirements(plan, machine=machine),
        *list_book_errors(plan),
        *own.lacks,
        *server.lacks,
    ]
    lines = [
        *_describe_items(plan, server.lines),
        *(CheckLine(*line) for line in own.lines),
        *_describe_sample(plan),
        *(CheckLine(*line) for line in describe_base(plan, estimate_updates(plan), machine)),
        _describe_tuning(plan),
        *_describe_endpoint(plan),
    ]
    return PlanCheck(lines, lacks, server.paid)


def _describe_sample(plan: StudyPlan) -> list[CheckLine]:
    """Signs, on a dozen of its pages, that the book is not read right, or is another than the
    plan's profile expects.
    """
    from tasks.reading.commands import sample_book

    book = find_input_file(plan.book)
    if book is None:
        return []
    try:
        sample = sample_book(book, plan.reading, plan.language)
    except BookError:
        return []  # told by what is missing
    doubts = [CheckLine("reading", build_message("doubtful", why=doubt)) for doubt in sample.doubts]
    unfit = describe_profile(sample.texts, plan)
    return [*doubts, CheckLine("profile", unfit)] if unfit else doubts


def describe_profile(texts: Iterable[str], plan: StudyPlan) -> Message | None:
    """That the book's own words speak for another profile than the plan's; none where they do not,
    or where nothing is to be written.
    """
    own = isinstance(plan.generation.pairs, str) and isinstance(plan.generation.questions, str)
    look, profile = look_at_book(texts, plan.language), plan.generation.profile
    rate = round(look.medical_rate)
    if own or not look.profile:
        return None
    if profile == MEDICINE != look.profile:
        return build_message("no-patients", rate=rate, profile=look.profile)
    if look.profile == MEDICINE and profile in ("law", "general"):
        return build_message("patients-described", rate=rate, profile=profile)
    return None


def estimate_updates(plan: StudyPlan) -> int | None:
    """Optimizer updates that the plan's tuning will make; none where a person's own pairs are not
    counted yet.
    """
    tuning = plan.finetuning
    if tuning.updates is not None:
        return tuning.updates
    if isinstance(plan.generation.pairs, str):
        return None
    trained = plan.generation.pairs - round(plan.generation.pairs * plan.validation.held_out_share)
    texts = trained + round(trained * tuning.exam_share)
    return math.ceil(math.ceil(texts / tuning.batch_size) * tuning.epochs)


def _describe_items(plan: StudyPlan, server: list[CheckLine]) -> list[CheckLine]:
    generation = plan.generation
    parts = [
        build_message("items-from", kind=Term("kinds", kind), file=n)
        if isinstance(n, str)
        else build_message("items-wanted", kind=Term("kinds", kind), n=n)
        for kind, n in (("pair", generation.pairs), ("question", generation.questions))
    ]
    if generation.writer == "rules":
        parts.append(build_message("by-rules"))
    elif needs_writer(plan):
        parts.append(build_message("by-model", model=generation.model, server=_get_server_name()))
    lines = [
        CheckLine("book", plan.book),
        CheckLine("items", build_message("parts", parts=tuple(parts))),
    ]
    return lines + (
        [*server, *_describe_cost(plan)]
        if needs_writer(plan)
        else [CheckLine("cost", build_message("cost-nothing"))]
    )


def _get_server_name() -> str:
    from tasks.generation.openai.openai_writer import get_server_name

    return get_server_name()


STRUCTURES = ("schema", "json", "text")  # the strictest first


def _name_answer(found: bool | None) -> Term:
    return Term("tristate", {True: "is", False: "is-not", None: "unknown"}[found])


class ServerCheck(NamedTuple):
    """What the server told of itself, and what that cost."""

    lines: list[CheckLine]
    paid: float = 0.0
    lacks: tuple[Lack, ...] = ()


def _probe_server(plan: StudyPlan, ask: bool) -> ServerCheck:
    """What the server can do: what it tells for nothing, and where asking is wanted or free, three
    tiny requests.
    """
    from tasks.generation.openai.server_capabilities import compute_probe_price, probe_capabilities
    from tasks.generation.write_chapter import open_response_cache

    if not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
        return ServerCheck([])
    generation, most = plan.generation, compute_probe_price(plan.generation)
    tries = ask or most == 0
    can = probe_capabilities(
        generation, open_response_cache(plan.name, generation) if tries else None
    )
    told = build_message(
        "server-is",
        reachable=_name_answer(can.reachable),
        model=generation.model,
        has=_name_answer(can.model),
        remark=can.remark,
    )
    lines = [CheckLine("server", told)]
    reader = plan.resolve_reader()
    if reader.is_on and can.models and reader.model not in can.models:
        lines.append(CheckLine("reader", build_message("no-such-reader", model=reader.model)))
    if can.reachable and can.model is not False:
        told = _describe_structure(generation, can.structures, most, tries)
        lines.append(CheckLine("structure", told))
    away = build_message("server-away", server=_get_server_name())
    return ServerCheck(
        lines, most if tries and can.reachable else 0.0, (away,) if can.reachable is False else ()
    )


def _describe_structure(
    plan: GenerationPlan, found: Mapping[str, bool | None], most: float, tried: bool
) -> Message:
    """Whether the server can answer in the form that the plan wants, and the next best that
    it can.
    """
    if not found:
        how = (
            build_message("structure-no-answer")
            if tried
            else build_message("structure-untried", most=Figure(most, 4))
        )
        return build_message("structure-unknown", wanted=plan.structure, how=how)
    told = tuple(
        build_message(
            "structure-is", name=Term("structures", name), answer=_name_answer(found.get(name))
        )
        for name in STRUCTURES
    )
    if found.get(plan.structure) is not False:
        return build_message("structure-known", wanted=plan.structure, told=told)
    best = next((name for name in STRUCTURES if found.get(name)), "text")
    return build_message("structure-better", wanted=plan.structure, told=told, best=best)


def _describe_cost(plan: StudyPlan) -> list[CheckLine]:
    """Money for writer and reader together, and the reader's part of it."""
    from tasks.generation.cost_estimate import estimate_cost

    if (book := find_input_file(plan.book)) is None:
        return [CheckLine("cost", build_message("cost-unknown"))]
    reader = plan.resolve_reader()
    told = estimate_cost(
        add_new_fact_margin(plan),
        read_passages_by_chapter(book, plan),
        plan.language,
        book,
        reader,
    )
    own = bool(os.environ.get("OPENAI_BASE_URL"))
    cost = build_message(
        "cost-of-own-server" if own else "cost-about",
        requests=told.requests,
        tokens_in=told.tokens_in,
        tokens_out=told.tokens_out,
        dollars=Figure(told.usd, 2),
        most=Figure(told.usd_most, 2),
        as_of=str(plan.generation.prices.as_of),
        cap=Figure(plan.generation.budget_usd),
    )
    second = build_message("nobody-reads")
    if told.reading:
        second = build_message(
            "reads-second",
            model=reader.model,
            requests=told.reading.requests,
            dollars=Figure(told.reading.usd, 2),
        )
    return [CheckLine("reader", second), CheckLine("cost", cost)]


def read_passages_by_chapter(book: Path, plan: StudyPlan) -> dict[str, list[Passage]]:
    """The book's passages by chapter, read here and now."""
    from tasks.reading.pdf import read
    from tasks.store.progress import show_progress_bar

    chapters: dict[str, list[Passage]] = {}
    with show_progress_bar(tell_reader("progress-pages")) as progress:
        for passage in read(book, plan.reading, plan.language, progress=progress).passages:
            chapters.setdefault(passage.chapter, []).append(passage)
    return chapters


def _describe_tuning(plan: StudyPlan) -> CheckLine:
    tuning, number = plan.finetuning, estimate_updates(plan)
    modules = tuning.target_modules
    few = number is not None and number < FEW_UPDATES
    told = build_message(
        "tuning-few-updates" if few else "tuning",
        rank=tuning.rank,
        modules=(modules,) if isinstance(modules, str) else tuple(modules),
        epochs=Figure(tuning.epochs),
        updates="?" if number is None else number,
    )
    return CheckLine("tuning", told)


def _describe_endpoint(plan: StudyPlan) -> list[CheckLine]:
    from tasks.evaluation.statistics.planned_comparison import explain_claim, explain_power

    comparison, number = plan.comparison, plan.generation.questions
    endpoint = build_message(
        "endpoint",
        set=Term("sets", comparison.primary_set),
        mode=Term("modes", comparison.primary_mode),
        fixed=_describe_choice(plan.lineage),
    )
    lines = [CheckLine("endpoint", endpoint), CheckLine("claim", explain_claim(comparison))]
    if not isinstance(number, int):
        return lines
    share = {
        "same_fact": 1 - plan.validation.new_fact_share,
        "new_fact": plan.validation.new_fact_share,
    }.get(comparison.primary_set, 1)
    power = explain_power(max(1, round(number * share)), comparison)
    return [*lines, CheckLine("power", power)]


def _describe_choice(lineage: Lineage) -> Message:
    """Whether the plan was made before its questions were answered."""
    if not lineage.chosen_after:
        return build_message("fixed-before")
    what = tuple(Term("history", choice) for choice in lineage.chosen_after)
    return build_message("chosen-after", what=what, whose=lineage.predecessor)
