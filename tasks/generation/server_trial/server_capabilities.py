"""What the server can do, asked before a study: is there a key, the model, which kinds of
structured output, batches.
"""

import asyncio
import json
import os
from typing import Any, NamedTuple

from tasks.generation.budget import TokenUsage, compute_price
from tasks.generation.openai.batches.batch_api import OpenAIBatchApi
from tasks.generation.openai.completions import Completion, read_completion
from tasks.generation.openai.empty_answers import describe_empty
from tasks.generation.openai.replies import HttpReply, is_empty
from tasks.generation.openai.request_errors import RequestFailure
from tasks.generation.openai.request_runner import (
    MAX_LEARNED_PARAMETERS,
    RetryPolicy,
    SendRequest,
)
from tasks.generation.openai.server_dialect import ServerDialect
from tasks.generation.openai.transport.server_calls import (
    build_sender,
    call_with_v1_fallback,
    get_server_name,
    open_client,
)
from tasks.generation.response_cache import ResponseCache, hash_request
from tasks.schemas.errors import WriterRefused
from tasks.schemas.messages import Message
from tasks.schemas.plan_sections import GenerationPlan

PROBE_TOKENS = 60  # that a probe may write
LIST_SECONDS = 30.0  # for the list of models; a completion may take as long as a study's own
PROBE_PROMPTS = {  # only a server that enforces a form answers the first two in it
    "schema": "What colour is snow?",
    # OpenAI's JSON mode refuses prompts without the word
    "json": "What colour is snow? Answer in one plain sentence, not in JSON.",
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
    remark: Message | str = ""
    refusal: Message | str = ""  # of the last completion, where none came

    @property
    def works(self) -> bool:
        """Whether any completion came, as far as was tried: one that was cut off is one, too."""
        return not self.structures or any(able is not False for able in self.structures.values())


def probe_capabilities(
    plan: GenerationPlan, ledger: ResponseCache | None = None, patience: RetryPolicy | None = None
) -> Capabilities:
    """Ask for the list of models, which is free; with a ledger also three tiny completions, paid
    from its budget.

    Some proxies tell in the list what a model can do.
    """
    key = bool(os.environ.get("OPENAI_API_KEY"))
    try:
        return asyncio.run(_probe_server(plan, ledger, patience or RetryPolicy(), key))
    except WriterRefused as refused:
        return Capabilities(get_server_name(), key, remark=refused.message)


async def _probe_server(
    plan: GenerationPlan, ledger: ResponseCache | None, patience: RetryPolicy, key: bool
) -> Capabilities:
    client = open_client(patience)
    try:
        url = get_server_name()
        found = await call_with_v1_fallback(client, lambda: _fetch_models(client), url, plan.model)
        fault = found if isinstance(found, RequestFailure) else None
        if fault and fault.name in ("timeout", "connection"):
            return Capabilities(url, key, False, remark=fault.message)
        told = {} if isinstance(found, RequestFailure) else found
        models, known = tuple(sorted(told)), plan.model in told if told else None
        send = build_sender(client, url, patience.timeout)
        asked, refusal = await _probe_structures(plan, ledger, send) if ledger else ({}, "")
        if any(asked.values()):
            known = True  # llama.cpp answers under any name, and lists one of its own
        structures = {**told.get(plan.model, {}), **asked}
        batches = not isinstance(
            await OpenAIBatchApi(client, url).list_recent_batches(), RequestFailure
        )
        remark = fault.message if fault and fault.name != "404" else ""
        return Capabilities(url, key, True, known, models, structures, batches, remark, refusal)
    finally:
        await client.close()


async def _fetch_models(client: Any) -> dict[str, dict[str, bool | None]]:
    """Each model with what the list tells of its structured output (`supported_parameters`, as
    OpenRouter has it).
    """
    listed = (await asyncio.wait_for(client.models.list(), LIST_SECONDS)).data
    return {
        model.id: _read_supported_structures(getattr(model, "supported_parameters", None))
        for model in listed
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
) -> tuple[dict[str, bool | None], Message | str]:
    """Try each way once: a server that accepts the wish but does not fulfil it cannot do it. The
    second value: the last refusal, where there was one.
    """
    able: dict[str, bool | None] = {}
    dialect = ServerDialect()
    refusal: Message | str = ""
    for name in PROBE_FORMATS:
        body = _build_probe_body(plan, name)
        key, worst = hash_request(body), _compute_worst_price(body, plan)
        with ledger.lock_budget() as budget:
            charge = budget.reserve_usd(key, worst)
            budget.force()
        if charge is None:
            return able, refusal
        reply = await _send_in_dialect(send, body, key, dialect)
        envelope = read_completion(reply.body) if isinstance(reply, HttpReply) else None
        able[name] = _fulfils_structure(name, envelope)
        if isinstance(reply, RequestFailure):
            refusal = reply.message
        elif envelope is None or is_empty(envelope):
            refusal = describe_empty(reply.body).seen
        with ledger.lock_budget() as budget:
            if envelope:
                budget.settle_charges(
                    key,
                    min(worst, compute_price(envelope.usage, plan.prices))
                    if envelope.usage
                    else worst,
                    charge.id,
                )
            elif isinstance(reply, RequestFailure) and not reply.charged:
                budget.free_charge(charge)
            else:
                budget.mark_lost(key)
    return able, refusal


def _build_probe_body(plan: GenerationPlan, name: str) -> dict[str, Any]:
    return {
        "model": plan.model,
        "messages": [{"role": "user", "content": PROBE_PROMPTS[name]}],
        "max_tokens": PROBE_TOKENS,
        **PROBE_FORMATS[name],
        **plan.extra,
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


async def _send_in_dialect(
    send: SendRequest, body: dict[str, Any], key: str, dialect: ServerDialect
) -> HttpReply | RequestFailure:
    """The reply to a body in the server's own words, which its refusals teach."""
    for _ in range(MAX_LEARNED_PARAMETERS):
        reply = await send(dialect.translate_body(body), key)
        if not (isinstance(reply, RequestFailure) and dialect.learn(reply, body)):
            break
    return reply


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
