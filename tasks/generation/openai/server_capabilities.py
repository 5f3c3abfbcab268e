"""What the server can do, asked before a study: is there a key, the model, which kinds of
structured output, batches.
"""

import asyncio
import json
import os
from typing import Any, NamedTuple

from tasks.generation.budget import TokenUsage, compute_price
from tasks.generation.openai.completions import Completion, read_completion
from tasks.generation.openai.openai_writer import (
    OpenAIBatchApi,
    build_sender,
    call_with_v1_fallback,
    get_server_name,
    open_client,
)
from tasks.generation.openai.replies import HttpReply
from tasks.generation.openai.request_errors import RequestFailure
from tasks.generation.openai.request_runner import RetryPolicy, SendRequest
from tasks.generation.response_cache import ResponseCache, hash_request
from tasks.schemas.errors import WriterRefused
from tasks.schemas.plan_sections import GenerationPlan

PROBE_TOKENS = 60  # that a probe may write
PROBE_PROMPTS = {  # only a server that enforces the schema answers the first with it
    "schema": "What colour is snow?",
    "json": "What colour is snow? Answer as a JSON object with the one field `colour`.",
    "text": "What colour is snow?",
}
_PROBE_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string"}},
    "required": ["colour"],
    "additionalProperties": False,
}
PROBE_FORMATS: dict[str, dict[str, Any]] = {
    "schema": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": _PROBE_SCHEMA},
        }
    },
    "json": {"response_format": {"type": "json_object"}},
    "text": {},
}


class Capabilities(NamedTuple):
    """What was found; none: not asked, or the server does not say."""

    server: str
    key: bool
    reachable: bool | None = None
    model: bool | None = None
    models: tuple[str, ...] = ()
    structures: dict[str, bool | None] = {}  # by generation.structure; none: its answer was cut off
    batches: bool | None = None
    remark: str = ""


def probe_capabilities(
    plan: GenerationPlan, ledger: ResponseCache | None = None, patience: RetryPolicy | None = None
) -> Capabilities:
    """Ask for the list of models, which is free; with a ledger also three tiny completions, paid
    from its budget.

    Some proxies tell in the list what a model can do.
    """
    key = bool(os.environ.get("OPENAI_API_KEY"))
    try:
        return asyncio.run(_probe_server(plan, ledger, patience or RetryPolicy(timeout=30.0), key))
    except WriterRefused as refused:
        return Capabilities(get_server_name(), key, remark=str(refused))


async def _probe_server(
    plan: GenerationPlan, ledger: ResponseCache | None, patience: RetryPolicy, key: bool
) -> Capabilities:
    client = open_client(patience)
    try:
        url = get_server_name()
        found = await call_with_v1_fallback(client, lambda: _fetch_models(client), url, plan.model)
        if isinstance(found, RequestFailure) and found.name != "404":
            reachable = found.name not in ("timeout", "connection")
            return Capabilities(url, key, reachable, remark=found.message)
        told = {} if isinstance(found, RequestFailure) else found
        models, known = tuple(sorted(told)), plan.model in told if told else None
        asked = (
            await _probe_structures(plan, ledger, build_sender(client, url, patience.timeout))
            if ledger and known is not False
            else {}
        )
        structures = {**told.get(plan.model, {}), **asked}
        batches = not isinstance(
            await OpenAIBatchApi(client, url).list_recent_batches(), RequestFailure
        )
        remark = (
            ""
            if known is not False
            else (
                f"{url} has no model {plan.model!r}. It has: {', '.join(models[:20])}. Set"
                " generation.model."
            )
        )
        return Capabilities(url, key, True, known, models, structures, batches, remark)
    finally:
        await client.close()


async def _fetch_models(client: Any) -> dict[str, dict[str, bool | None]]:
    """Each model with what the list tells of its structured output (`supported_parameters`, as
    OpenRouter has it).
    """
    return {
        model.id: _read_supported_structures(getattr(model, "supported_parameters", None))
        for model in (await client.models.list()).data
    }


def _read_supported_structures(parameters: Any) -> dict[str, bool | None]:
    if not isinstance(parameters, list):
        return {}
    return {
        "schema": "structured_outputs" in parameters,
        "json": "response_format" in parameters,
        "text": True,
    }


def compute_probe_price(plan: GenerationPlan) -> float:
    """Dollars that the three tiny completions cost at most."""
    return sum(_compute_worst_price(_build_probe_body(plan, name), plan) for name in PROBE_FORMATS)


async def _probe_structures(
    plan: GenerationPlan, ledger: ResponseCache, send: SendRequest
) -> dict[str, bool | None]:
    """Try each way once: a server that accepts the wish but does not fulfil it cannot do it."""
    able: dict[str, bool | None] = {}
    for name in PROBE_FORMATS:
        body = _build_probe_body(plan, name)
        key, worst = hash_request(body), _compute_worst_price(body, plan)
        with ledger.lock_budget() as budget:
            charge = budget.reserve_usd(key, worst)
            budget.force()
        if charge is None:
            return able
        reply = await _send_with_limit(send, body, key)
        envelope = read_completion(reply.body) if isinstance(reply, HttpReply) else None
        able[name] = _fulfils_structure(name, envelope)
        with ledger.lock_budget() as budget:
            if envelope:
                budget.settle_charges(
                    key,
                    compute_price(envelope.usage, plan.prices) if envelope.usage else worst,
                    charge.id,
                )
            elif isinstance(reply, RequestFailure) and not reply.charged:
                budget.free_charge(charge)
            else:
                budget.mark_lost(key)
    return able


def _build_probe_body(plan: GenerationPlan, name: str) -> dict[str, Any]:
    return {
        "model": plan.model,
        "messages": [{"role": "user", "content": PROBE_PROMPTS[name]}],
        **PROBE_FORMATS[name],
    }


def _compute_worst_price(body: dict[str, Any], plan: GenerationPlan) -> float:
    return compute_price(TokenUsage(len(str(body)), 0, PROBE_TOKENS), plan.prices)


def _fulfils_structure(name: str, envelope: Completion | None) -> bool | None:
    if envelope is None or (not envelope.text and envelope.finish != "length"):
        return False
    if envelope.finish == "length" and not _is_json_object(
        envelope.text
    ):  # a reasoning model has spent its tokens on thinking
        return True if name == "text" else None
    return name == "text" or _is_json_object(envelope.text)


async def _send_with_limit(
    send: SendRequest, body: dict[str, Any], key: str
) -> HttpReply | RequestFailure:
    """Newer models call the limit otherwise."""
    reply = await send({**body, "max_tokens": PROBE_TOKENS}, key)
    if isinstance(reply, RequestFailure) and reply.action == "dialect":
        reply = await send({**body, "max_completion_tokens": PROBE_TOKENS}, key)
    return reply


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
