"""What the writer's server tells of itself and, where asking is wanted or free, what it can do."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from tasks.engine.readiness.items_ahead import CheckLine
from tasks.engine.readiness.plan_requirements import Lack
from tasks.schemas.messages import Figure, Message, Term, build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import GenerationPlan

if TYPE_CHECKING:
    from tasks.generation.server_trial.server_capabilities import Capabilities

SHOWN_MODELS = 20  # of those that a server lists; proxies list hundreds


def name_server() -> str:
    from tasks.generation.openai.transport.server_calls import get_server_name

    return get_server_name()


STRUCTURES = ("schema", "json", "text")  # the strictest first


def _name_answer(found: bool | None) -> Term:
    return Term("tristate", {True: "is", False: "is-not", None: "unknown"}[found])


class ServerCheck(NamedTuple):
    """What the server told of itself, and what that cost."""

    lines: list[CheckLine]
    paid: float = 0.0
    lacks: tuple[Lack, ...] = ()


class WindowCheck(NamedTuple):
    """What one real request to the server told, and what it cost."""

    lines: list[CheckLine]
    paid: float = 0.0
    lacks: tuple[Lack, ...] = ()


def probe_server(plan: StudyPlan, ask: bool) -> ServerCheck:
    """What the server can do: what it tells for nothing, and where asking is wanted or free, three
    tiny requests. `paid`: what these really cost, or may have.
    """
    from tasks.generation.server_trial.server_capabilities import (
        compute_probe_price,
        probe_capabilities,
    )
    from tasks.generation.write_chapter import open_response_cache

    if not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
        return ServerCheck([])
    generation, most = plan.generation, compute_probe_price(plan.generation)
    tries = ask or most == 0
    ledger = open_response_cache(plan.name, generation) if tries else None
    before = ledger.budget.get_spent_usd() if ledger else 0.0
    can = probe_capabilities(generation, ledger)
    paid = ledger.budget.get_spent_usd() - before if ledger else 0.0
    told = build_message(
        "server-is",
        reachable=_name_answer(can.reachable),
        model=generation.model,
        has=_name_answer(can.model),
        remark=can.remark,
    )
    lines = [CheckLine("server", told)]
    reader = plan.resolve_reader()
    # a server that answers under a name that it does not list answers under any
    if reader.is_on and generation.model in can.models and reader.model not in can.models:
        lines.append(CheckLine("reader", build_message("no-such-reader", model=reader.model)))
    if can.reachable and can.model is not False and can.works:
        told = _describe_structure(generation, can.structures, most, tries)
        lines.append(CheckLine("structure", told))
    return ServerCheck(lines, paid, tuple(_list_lacks(can, generation)))


def _list_lacks(can: "Capabilities", plan: GenerationPlan) -> Iterator[Lack]:
    """Why a study would get nothing from this server."""
    if can.reachable is False:
        yield build_message("server-away", server=can.server)
    elif can.model is False:
        known = ", ".join(can.models[:SHOWN_MODELS])
        yield build_message("no-such-model", server=can.server, model=plan.model, has=known)
    elif not can.works:
        yield build_message("server-answers-nothing", server=can.server, why=can.refusal)


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
