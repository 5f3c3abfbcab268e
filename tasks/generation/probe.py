"""What the server can do, asked before a study: is there a key, the model, which kinds of structured output, batches."""

import asyncio
import json
import os
from typing import Any, NamedTuple

from tasks.errors import WriterRefused
from tasks.generation.answers import Envelope, read_envelope
from tasks.generation.budget import Usage, price
from tasks.generation.exchange import Patience, Send
from tasks.generation.faults import Fault
from tasks.generation.gpt_writer import Post, at_its_place, open_client, sender, server_name
from tasks.generation.ledger import Ledger, hash_of
from tasks.generation.replies import Reply
from tasks.plan import GenerationPlan

TOKENS = 60  # that a probe may write
ASKS = {  # only a server that enforces the schema answers the first with it
    "schema": "What colour is snow?",
    "json": "What colour is snow? Answer as a JSON object with the one field `colour`.",
    "text": "What colour is snow?",
}
_SCHEMA = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"], "additionalProperties": False}
FORMATS: dict[str, dict[str, Any]] = {
    "schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": _SCHEMA}}},
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


def capabilities(plan: GenerationPlan, ledger: Ledger | None = None, patience: Patience | None = None) -> Capabilities:
    """Ask for the list of models, which is free; with a ledger also three tiny completions, paid from its budget.

    Some proxies tell in the list what a model can do.
    """
    key = bool(os.environ.get("OPENAI_API_KEY"))
    try:
        return asyncio.run(_probe(plan, ledger, patience or Patience(timeout=30.0), key))
    except WriterRefused as refused:
        return Capabilities(server_name(), key, remark=str(refused))


async def _probe(plan: GenerationPlan, ledger: Ledger | None, patience: Patience, key: bool) -> Capabilities:
    client = open_client(patience)
    try:
        url = server_name()
        found = await at_its_place(client, lambda: _models(client), url, plan.model)
        if isinstance(found, Fault) and found.name != "404":
            reachable = found.name not in ("timeout", "connection")
            return Capabilities(url, key, reachable, remark=found.message)
        told = {} if isinstance(found, Fault) else found
        models, known = tuple(sorted(told)), plan.model in told if told else None
        asked = await _structures(plan, ledger, sender(client, url, patience.timeout)) if ledger and known is not False else {}
        structures = {**told.get(plan.model, {}), **asked}
        batches = not isinstance(await Post(client, url).recent(), Fault)
        remark = "" if known is not False else f"{url} has no model {plan.model!r}. It has: {', '.join(models[:20])}. Set generation.model."
        return Capabilities(url, key, True, known, models, structures, batches, remark)
    finally:
        await client.close()


async def _models(client: Any) -> dict[str, dict[str, bool | None]]:
    """Each model with what the list tells of its structured output (`supported_parameters`, as OpenRouter has it)."""
    return {model.id: _told(getattr(model, "supported_parameters", None)) for model in (await client.models.list()).data}


def _told(parameters: Any) -> dict[str, bool | None]:
    if not isinstance(parameters, list):
        return {}
    return {"schema": "structured_outputs" in parameters, "json": "response_format" in parameters, "text": True}


def price_of_asking(plan: GenerationPlan) -> float:
    """Dollars that the three tiny completions cost at most."""
    return sum(_worst(_body(plan, name), plan) for name in FORMATS)


async def _structures(plan: GenerationPlan, ledger: Ledger, send: Send) -> dict[str, bool | None]:
    """Try each way once: a server that accepts the wish but does not fulfil it cannot do it."""
    able: dict[str, bool | None] = {}
    for name in FORMATS:
        body = _body(plan, name)
        key, worst = hash_of(body), _worst(body, plan)
        with ledger.purse() as budget:
            charge = budget.reserve(key, worst)
            budget.force()
        if charge is None:
            return able
        reply = await _tried(send, body, key)
        envelope = read_envelope(reply.body) if isinstance(reply, Reply) else None
        able[name] = _fulfils(name, envelope)
        with ledger.purse() as budget:
            if envelope:
                budget.settle(key, price(envelope.usage, plan.prices) if envelope.usage else worst, charge.id)
            elif isinstance(reply, Fault) and not reply.charged:
                budget.free(charge)
            else:
                budget.lose(key)
    return able


def _body(plan: GenerationPlan, name: str) -> dict[str, Any]:
    return {"model": plan.model, "messages": [{"role": "user", "content": ASKS[name]}], **FORMATS[name]}


def _worst(body: dict[str, Any], plan: GenerationPlan) -> float:
    return price(Usage(len(str(body)), 0, TOKENS), plan.prices)


def _fulfils(name: str, envelope: Envelope | None) -> bool | None:
    if envelope is None or (not envelope.text and envelope.finish != "length"):
        return False
    if envelope.finish == "length" and not _is_colour(envelope.text):  # a reasoning model has spent its tokens on thinking
        return True if name == "text" else None
    return name == "text" or _is_colour(envelope.text)


async def _tried(send: Send, body: dict[str, Any], key: str) -> Reply | Fault:
    """Newer models call the limit otherwise."""
    reply = await send({**body, "max_tokens": TOKENS}, key)
    if isinstance(reply, Fault) and reply.course == "dialect":
        reply = await send({**body, "max_completion_tokens": TOKENS}, key)
    return reply


def _is_colour(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
