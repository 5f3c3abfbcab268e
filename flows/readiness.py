"""What a plan needs and this machine lacks, what it would do and cost; spends nothing."""

import math
import os
from pathlib import Path
from typing import NamedTuple

from tasks.errors import PlanError
from tasks.plan import GenerationPlan, Machine, StudyPlan
from tasks.records import Passage
from tasks.store import person_file


class Readiness(NamedTuple):
    """What `book2lora check` tells."""

    lines: list[tuple[str, str]]  # (topic, sentence)
    missing: list[str]


def ensure_ready(plan: StudyPlan, tunes_here: bool = True, machine: Machine | None = None) -> None:
    """Stop before any work where something is missing. Raises PlanError with all of it."""
    if lacks := missing(plan, tunes_here, machine):
        raise PlanError(f"plan {plan.name!r} cannot run here:\n  - " + "\n  - ".join(lacks))


def missing(plan: StudyPlan, tunes_here: bool = True, machine: Machine | None = None) -> list[str]:
    """One sentence with its remedy for each thing that is not there."""
    from tasks import weights
    from tasks.finetuning import needs

    lacks = []
    if person_file(plan.book) is None:
        lacks.append(f"book: {plan.book!r} is not a file (looked in {Path.cwd()}); set it with --set book=PATH")
    for key, file in (("pairs", plan.generation.pairs), ("questions", plan.generation.questions)):
        if isinstance(file, str) and person_file(file) is None:
            lacks.append(f"generation.{key}: {file!r} is neither a number nor a file")
    if needs_writer(plan) and not os.environ.get("OPENAI_API_KEY"):
        lacks.append(
            f"OPENAI_API_KEY is not set; {plan.generation.model} needs it (a server of your own, named by OPENAI_BASE_URL, takes any text as key)"
        )
    if tunes_here and (lack := weights.missing(plan.base)):
        lacks.append(lack)
    return lacks + (needs.missing(plan.finetuning, machine) if tunes_here else [])


def enlarged(plan: StudyPlan) -> GenerationPlan:
    """The numbers to draft, so that the planned number of pairs is left when new facts are kept out of training."""
    number = plan.generation.pairs if isinstance(plan.generation.pairs, int) else 0
    share = 1 - plan.validation.new_fact_share
    return plan.generation.model_copy(update={"pairs": math.ceil(number / share)}) if number and share else plan.generation


def needs_writer(plan: StudyPlan) -> bool:
    """Whether anything is asked of a server."""
    return plan.generation.writer == "gpt" and not (isinstance(plan.generation.pairs, str) and isinstance(plan.generation.questions, str))


def describe(plan: StudyPlan) -> Readiness:
    """The whole plan in sentences, with what is missing and what it would cost."""
    return Readiness([*_items(plan), *_tuning(plan), *_endpoint(plan)], missing(plan))


def updates(plan: StudyPlan) -> int | None:
    """Optimizer updates that the plan's tuning will make; none where a person's own pairs are not counted yet."""
    tuning = plan.finetuning
    if tuning.updates is not None:
        return tuning.updates
    if isinstance(plan.generation.pairs, str):
        return None
    trained = plan.generation.pairs - round(plan.generation.pairs * plan.validation.held_out_share)
    texts = trained + round(trained * tuning.exam_share)
    return math.ceil(math.ceil(texts / tuning.batch_size) * tuning.epochs)


def _items(plan: StudyPlan) -> list[tuple[str, str]]:
    generation = plan.generation
    who = "rules, without a model" if generation.writer == "rules" else f"{generation.model} at {_server()}"
    lines = [("book", plan.book), ("items", f"{generation.pairs} pairs and {generation.questions} questions, by {who}")]
    return lines + (_writing(plan) if needs_writer(plan) else [("cost", "nothing: no paid model is asked")])


def _server() -> str:
    from tasks.generation.gpt_writer import server_name

    return server_name()


def _writing(plan: StudyPlan) -> list[tuple[str, str]]:
    """What the server can do, as far as it tells for nothing, and what the items would cost."""
    from tasks.generation.estimate import estimate
    from tasks.generation.probe import capabilities

    lines = []
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        can = capabilities(plan.generation)
        known = {True: "yes", False: "no", None: "not known"}
        lines.append(
            ("server", f"reachable: {known[can.reachable]}; has {plan.generation.model}: {known[can.model]}. {can.remark}".strip())
        )
    if (book := person_file(plan.book)) is None:
        return [*lines, ("cost", "not known without the book")]
    told = estimate(enlarged(plan), by_chapter(book, plan), plan.language, book)
    tokens = f"{told.requests} requests, about {told.tokens_in:,} tokens in and {told.tokens_out:,} out"
    cost = f"about {told.usd:.2f} USD at the prices of {plan.generation.prices.as_of}; never more than {plan.generation.budget_usd:g}"
    return [*lines, ("cost", f"{tokens}: {cost}")]


def by_chapter(book: Path, plan: StudyPlan) -> dict[str, list[Passage]]:
    """The book's passages by chapter, read here and now."""
    from tasks.progress import bar
    from tasks.reading.pdf import read

    chapters: dict[str, list[Passage]] = {}
    with bar("pages") as progress:
        for passage in read(book, plan.reading, plan.language, progress=progress).passages:
            chapters.setdefault(passage.chapter, []).append(passage)
    return chapters


def _tuning(plan: StudyPlan) -> list[tuple[str, str]]:
    tuning, number = plan.finetuning, updates(plan)
    few = " — very few: expect no change" if number is not None and number < 50 else ""
    return [
        ("base", plan.base.model),
        ("tuning", f"LoRA r={tuning.rank} on {tuning.target_modules}, {tuning.epochs:g} epochs, {number or '?'} updates{few}"),
    ]


def _endpoint(plan: StudyPlan) -> list[tuple[str, str]]:
    from tasks.evaluation.power import detectable

    comparison = plan.comparison
    lines = [("endpoint", f"set {comparison.primary_set}, mode {comparison.primary_mode}, fixed before anything is scored")]
    if isinstance(number := plan.generation.questions, int):
        gain = detectable(number, 0.2, comparison.alpha, comparison.power)
        lines.append(
            (
                "power",
                f"{number} questions will see a gain of {100 * gain:.0f} points at 20 % discordance ({comparison.power:.0%} of the time)",
            )
        )
    return lines


def refuse_unknown(redo: list[str], known: list[str]) -> None:
    """Raises PlanError for a stage that does not exist."""
    for name in redo:
        if name not in known:
            raise PlanError(f"--redo {name}: no such stage. Stages: {', '.join(known)}")
