"""What a plan would do and cost on this machine; spends nothing unless it is told to ask."""

import math
import os
from collections.abc import Iterable
from typing import NamedTuple

from tasks.engine.readiness.base_costs import describe_base
from tasks.engine.readiness.items_ahead import (
    CheckLine,
    StudyStages,
    count_items,
    describe_counts,
    describe_text,
    list_empty_sets,
)
from tasks.engine.readiness.plan_requirements import (
    Lack,
    list_book_errors,
    list_missing_requirements,
    needs_writer,
    open_own_files,
)
from tasks.engine.readiness.server_check import (
    ServerCheck,
    WindowCheck,
    name_server,
    probe_server,
)
from tasks.language.book_profile import look_at_book
from tasks.schemas.errors import StudyError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Figure, Message, Share, Term, build_message
from tasks.schemas.plan import Lineage, StudyPlan
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.sections.profiles import MEDICINE
from tasks.store.artifact_groups import BookText
from tasks.store.paths import find_input_file

FEW_UPDATES = 50  # measured in tasks/finetuning/preflight.py, which loads torch


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


def check_plan(
    plan: StudyPlan, stages: StudyStages, ask: bool = False, machine: Machine | None = None
) -> PlanCheck:
    """The whole plan in sentences, with what is missing and what it would cost. The book is read,
    and items that cost nothing are made, by the study's own `stages`; `ask`: the server is tried,
    which costs a little.
    """
    server = probe_server(plan, ask) if needs_writer(plan) else ServerCheck([])
    own, book_faults = open_own_files(plan), list_book_errors(plan)
    lacks = [
        *list_missing_requirements(plan, machine=machine),
        *book_faults,
        *own.lacks,
        *server.lacks,
    ]
    text, dataset = None, None
    try:
        text = stages.read(plan) if is_book_here(plan) and not book_faults else None
        if text and not needs_writer(plan) and not own.lacks:
            dataset = stages.prepare(plan)
    except StudyError as error:
        lacks += [why for why in error.args if why not in lacks]
    known = count_items(dataset.splits if dataset else None, plan)
    lacks += list_empty_sets(dataset.splits, plan) if dataset else []
    window = (
        check_window(plan, text, ask)
        if text and server.lines and not server.lacks
        else WindowCheck([])
    )
    lacks += window.lacks
    updates = estimate_updates(plan, known.pairs)
    lines = [
        CheckLine("book", plan.book),
        *(describe_text(text, plan) if text else []),
        *_describe_profile(text, plan),
        *(CheckLine(*line) for line in own.lines),
        *(describe_counts(dataset, plan) if dataset else [_describe_wish(plan)]),
        *server.lines,
        *window.lines,
        *_describe_cost(plan, text),
        *(CheckLine(*line) for line in describe_base(plan, updates, machine)),
        _describe_tuning(plan, updates),
        *_describe_endpoint(plan, known.questions),
    ]
    return PlanCheck(lines, lacks, server.paid + window.paid)


def check_window(plan: StudyPlan, text: BookText, ask: bool) -> WindowCheck:
    """What the server makes of one real request, or what it would cost to ask."""
    from tasks.engine.readiness import window_check

    tell = window_check.check_window if ask else window_check.describe_untried
    return tell(plan, text)


def is_book_here(plan: StudyPlan) -> bool:
    return find_input_file(plan.book) is not None


def _describe_profile(text: BookText | None, plan: StudyPlan) -> list[CheckLine]:
    texts = (passage.text for passage in text.load_passages()) if text else ()
    unfit = describe_profile(texts, plan)
    return [CheckLine("profile", unfit)] if unfit else []


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


def estimate_updates(plan: StudyPlan, trained: int | None) -> int | None:
    """Optimizer updates that the tuning makes on so many pairs; none where they are not known."""
    tuning = plan.finetuning
    if tuning.updates is not None or trained is None:
        return tuning.updates
    texts = trained + round(trained * tuning.exam_share)
    return math.ceil(math.ceil(texts / tuning.batch_size) * tuning.epochs)


def _describe_wish(plan: StudyPlan) -> CheckLine:
    """What is wanted, where it cannot be counted beforehand."""
    generation = plan.generation
    parts = [
        build_message("items-from", kind=Term("kinds", kind), file=n)
        if isinstance(n, str)
        else build_message("items-wanted", kind=Term("kinds", kind), n=n)
        for kind, n in (("pair", generation.pairs), ("question", generation.questions))
    ]
    if needs_writer(plan):
        parts.append(build_message("by-model", model=generation.model, server=name_server()))
    else:
        parts.append(build_message("only-wanted"))
    return CheckLine("items", build_message("parts", parts=tuple(parts)))


def _describe_cost(plan: StudyPlan, text: BookText | None) -> list[CheckLine]:
    from tasks.generation.cost_estimate import estimate_cost

    if not needs_writer(plan):
        return [CheckLine("cost", build_message("cost-nothing"))]
    if text is None:
        return [CheckLine("cost", build_message("cost-unknown"))]
    chapters = {chapter.digest: chapter.load_rows() for chapter in text.chapters}
    book = find_input_file(plan.book)
    reader = plan.resolve_reader()
    told = estimate_cost(add_new_fact_margin(plan), chapters, plan.language, book, reader)
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


def _describe_tuning(plan: StudyPlan, number: int | None) -> CheckLine:
    tuning = plan.finetuning
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


def _describe_endpoint(plan: StudyPlan, questions: int | None) -> list[CheckLine]:
    from tasks.evaluation.statistics.planned_comparison import explain_claim, explain_power

    comparison = plan.comparison
    endpoint = build_message(
        "endpoint",
        set=Term("sets", comparison.primary_set),
        mode=Term("modes", comparison.primary_mode),
        fixed=_describe_choice(plan.lineage),
    )
    lines = [CheckLine("endpoint", endpoint), CheckLine("claim", explain_claim(comparison))]
    if plan.validation.sealed_share:
        share = Share(plan.validation.sealed_share)
        told = build_message("sealed-opened" if comparison.confirms else "sealed-kept", share=share)
        lines.append(CheckLine("endpoint", told))
    if not questions:
        return lines
    return [*lines, CheckLine("power", explain_power(questions, comparison))]


def _describe_choice(lineage: Lineage) -> Message:
    """Whether the plan was made before its questions were answered."""
    if not lineage.chosen_after:
        return build_message("fixed-before")
    what = tuple(Term("history", choice) for choice in lineage.chosen_after)
    return build_message("chosen-after", what=what, whose=lineage.predecessor)
