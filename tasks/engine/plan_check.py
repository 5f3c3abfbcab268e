"""What a plan would do and cost on this machine; spends nothing unless it is told to ask."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tasks.engine.base_costs import describe_base
from tasks.engine.plan_requirements import (
    list_book_errors,
    list_missing_requirements,
    needs_writer,
    open_own_files,
)
from tasks.schemas.errors import BookError
from tasks.schemas.item_rows import Passage
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import ComparisonPlan, GenerationPlan, Lineage
from tasks.store.paths import find_input_file


class PlanCheck(NamedTuple):
    """What `book2lora check` tells."""

    lines: list[tuple[str, str]]  # (topic, sentence)
    missing: list[str]
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
        *own.lines,
        *_describe_doubts(plan),
        *describe_base(plan, estimate_updates(plan), machine),
        _describe_tuning(plan),
        *_describe_endpoint(plan),
    ]
    return PlanCheck(lines, lacks, server.paid)


def _describe_doubts(plan: StudyPlan) -> list[tuple[str, str]]:
    """Signs, on a dozen of its pages, that the book is not read right."""
    from tasks.reading.commands import sample_doubts

    book = find_input_file(plan.book)
    if book is None:
        return []
    try:
        return [
            ("reading", f"doubtful: {doubt.sentence}")
            for doubt in sample_doubts(book, plan.reading, plan.language)
        ]
    except BookError:
        return []  # told by what is missing


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


def _describe_items(plan: StudyPlan, server: list[tuple[str, str]]) -> list[tuple[str, str]]:
    generation = plan.generation
    who = (
        "rules, without a model"
        if generation.writer == "rules"
        else f"{generation.model} at {_get_server_name()}"
    )
    is_own = isinstance(generation.pairs, str) and isinstance(generation.questions, str)
    wanted = [
        f"{what} from {n}" if isinstance(n, str) else f"{n} {what}"
        for what, n in (("pairs", generation.pairs), ("questions", generation.questions))
    ]
    lines = [
        ("book", plan.book),
        ("items", " and ".join(wanted) + ("" if is_own else f", by {who}")),
    ]
    return lines + (
        [*server, _describe_cost(plan)]
        if needs_writer(plan)
        else [("cost", "nothing: no paid model is asked")]
    )


def _get_server_name() -> str:
    from tasks.generation.openai.openai_writer import get_server_name

    return get_server_name()


TRISTATE_WORDS = {True: "yes", False: "no", None: "not known"}
STRUCTURE_LABELS = {"schema": "strict schema", "json": "JSON mode", "text": "text"}


class ServerCheck(NamedTuple):
    """What the server told of itself, and what that cost."""

    lines: list[tuple[str, str]]
    paid: float = 0.0
    lacks: tuple[str, ...] = ()


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
    can = probe_capabilities(generation, open_response_cache(plan) if tries else None)
    lines = [
        (
            "server",
            f"reachable: {TRISTATE_WORDS[can.reachable]}; has {generation.model}:"
            f" {TRISTATE_WORDS[can.model]}. {can.remark}".strip(),
        )
    ]
    if can.reachable and can.model is not False:
        lines.append(("structure", _describe_structure(generation, can.structures, most, tries)))
    away = (
        f"the server at {_get_server_name()} does not answer: start it, or set OPENAI_BASE_URL to"
        " where it is"
    )
    return ServerCheck(
        lines, most if tries and can.reachable else 0.0, (away,) if can.reachable is False else ()
    )


def _describe_structure(
    plan: GenerationPlan, found: Mapping[str, bool | None], most: float, tried: bool
) -> str:
    """Whether the server can answer in the form that the plan wants, and the next best that
    it can.
    """
    wanted = f"generation.structure is {plan.structure}"
    if not found:
        how = (
            "it did not answer"
            if tried
            else f"--ask tries it with three tiny requests, for at most {most:.4f} USD"
        )
        return f"{wanted}; what the server can do is not known: {how}"
    told = "; ".join(
        f"{words}: {TRISTATE_WORDS[found.get(name)]}" for name, words in STRUCTURE_LABELS.items()
    )
    best = next((name for name in STRUCTURE_LABELS if found.get(name)), "text")
    advice = f" Set generation.structure to {best}." if found.get(plan.structure) is False else ""
    return f"{wanted}; the server can do {told}.{advice}"


def _describe_cost(plan: StudyPlan) -> tuple[str, str]:
    from tasks.generation.cost_estimate import estimate_cost

    if (book := find_input_file(plan.book)) is None:
        return ("cost", "not known without the book")
    told = estimate_cost(
        add_new_fact_margin(plan), read_passages_by_chapter(book, plan), plan.language, book
    )
    tokens = (
        f"{told.requests} requests, about {told.tokens_in:,} tokens in and {told.tokens_out:,} out"
    )
    cost = (
        f"about {told.usd:.2f} USD at the prices of {plan.generation.prices.as_of}; never more than"
        f" {plan.generation.budget_usd:g}"
    )
    own = (
        os.environ.get("OPENAI_BASE_URL")
        and "; for a server of your own set generation.prices to what it costs you, 0 if nothing"
    )
    return ("cost", f"{tokens}: {cost}{own or ''}")


def read_passages_by_chapter(book: Path, plan: StudyPlan) -> dict[str, list[Passage]]:
    """The book's passages by chapter, read here and now."""
    from tasks.reading.pdf import read
    from tasks.store.progress import show_progress_bar

    chapters: dict[str, list[Passage]] = {}
    with show_progress_bar("pages") as progress:
        for passage in read(book, plan.reading, plan.language, progress=progress).passages:
            chapters.setdefault(passage.chapter, []).append(passage)
    return chapters


def _describe_tuning(plan: StudyPlan) -> tuple[str, str]:
    tuning, number = plan.finetuning, estimate_updates(plan)
    few = " — very few: expect no change" if number is not None and number < 50 else ""
    matrices = (
        tuning.target_modules
        if isinstance(tuning.target_modules, str)
        else ", ".join(tuning.target_modules)
    )
    return (
        "tuning",
        (
            f"LoRA r={tuning.rank} on {matrices}, {tuning.epochs:g} epochs, {number or '?'}"
            f" updates{few}"
        ),
    )


def _describe_endpoint(plan: StudyPlan) -> list[tuple[str, str]]:
    comparison = plan.comparison
    lines = [
        (
            "endpoint",
            f"set {comparison.primary_set}, mode {comparison.primary_mode}, {_fixed(plan.lineage)}",
        )
    ]
    if isinstance(number := plan.generation.questions, int):
        share = {
            "same_fact": 1 - plan.validation.new_fact_share,
            "new_fact": plan.validation.new_fact_share,
        }.get(comparison.primary_set, 1)
        lines.append(("power", _describe_power(max(1, round(number * share)), comparison)))
    claim = (
        f"the recipe, the mean of {comparison.seeds} seeds; a gain must stand out from their spread"
        if comparison.seeds >= 3
        else "this one adapter; comparison.seeds: 3 would judge the recipe"
    )
    return [*lines, ("claim", claim)]


def _describe_power(questions: int, plan: ComparisonPlan) -> str:
    """What the primary set's questions will see, and whether they can show that nothing changed."""
    from tasks.evaluation.statistics import power_analysis as power

    discordance, effect = power.ASSUMED_DISCORDANCE, power.ASSUMED_DESIGN_EFFECT
    worth = max(1, int(questions / effect))
    gain = power.find_detectable_difference(worth, discordance, plan.alpha, plan.power)
    absence = power.compute_equivalence_power(worth, plan.margin, discordance, plan.alpha)
    needed = effect * power.count_questions_for_absence(
        plan.margin, discordance, plan.alpha, plan.power
    )
    told = (
        f"about {questions} questions in {plan.primary_set} will see a gain of {100 * gain:.0f}"
        f" points {100 * plan.power:g} % of the time, if {100 * discordance:g} % of them change and"
        f" {effect:g} are worth one alone, as in the laptop study"
    )
    return f"{told}; " + (
        f"that there is none beyond {100 * plan.margin:g} points, {100 * absence:.0f} %"
        if absence >= plan.power
        else f"that nothing beyond {100 * plan.margin:g} points changed they will hardly show"
        f" ({100 * absence:.0f} %): it would take about {int(float(f'{needed:.2g}')):,}"
    )


def _fixed(lineage: Lineage) -> str:
    """Whether the plan was made before its questions were answered."""
    if not lineage.chosen_after:
        return "fixed before anything is scored"
    what = " and ".join(lineage.chosen_after)
    return (
        f"{what} chosen after the answers of {lineage.predecessor} were seen: on the same questions"
        " the verdict is exploratory"
    )
