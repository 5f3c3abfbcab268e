"""What the server can do, asked before a study: is there a key, the model, which kinds of structured output, batches."""

import asyncio
import json
import os
from typing import Any, NamedTuple

from tasks.errors import WriterRefused
from tasks.generation.answers import read_envelope
from tasks.generation.budget import Usage, price
from tasks.generation.exchange import Patience, Reply
from tasks.generation.faults import Fault
from tasks.generation.gpt_writer import Post, at_its_place, open_client, sender, server_name
from tasks.generation.ledger import Ledger, hash_of
from tasks.plan import GenerationPlan

TOKENS = 60  # that a probe may write
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
    structures: dict[str, bool] = {}
    batches: bool | None = None
    remark: str = ""


def capabilities(plan: GenerationPlan, ledger: Ledger | None = None, patience: Patience | None = None) -> Capabilities:
    """Ask for the list of models, which is free; with a ledger also three tiny completions, paid from its budget."""
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
        models = () if isinstance(found, Fault) else found
        known = plan.model in models if models else None
        structures = await _structures(plan, ledger, sender(client, url, patience.timeout)) if ledger and known is not False else {}
        batches = not isinstance(await Post(client, url).recent(), Fault)
        remark = "" if known is not False else f"{url} has no model {plan.model!r}. It has: {', '.join(models[:20])}. Set generation.model."
        return Capabilities(url, key, True, known, models, structures, batches, remark)
    finally:
        await client.close()


async def _models(client: Any) -> tuple[str, ...]:
    return tuple(sorted(model.id for model in (await client.models.list()).data))


async def _structures(plan: GenerationPlan, ledger: Ledger, send: Any) -> dict[str, bool]:
    """Try each way once: a server that accepts the wish but does not fulfil it cannot do it."""
    able: dict[str, bool] = {}
    for name, wish in FORMATS.items():
        say = "What colour is snow? Answer as a JSON object with the one field `colour`." if name != "text" else "What colour is snow?"
        body = {"model": plan.model, "messages": [{"role": "user", "content": say}], **wish}
        key, worst = hash_of(body), price(Usage(len(str(body)), 0, TOKENS), ledger.prices)
        with ledger.purse() as budget:
            charge = budget.reserve(key, worst)
        if charge is None:
            return able
        reply = await _tried(send, body, key)
        envelope = read_envelope(reply.body) if isinstance(reply, Reply) else None
        able[name] = bool(envelope and (name == "text" or _is_colour(envelope.text)))
        with ledger.purse() as budget:
            budget.settle(key, price(envelope.usage, ledger.prices) if envelope and envelope.usage else worst if envelope else 0.0)
    return able


async def _tried(send: Any, body: dict[str, Any], key: str) -> Reply | Fault:
    """Newer models call the limit otherwise."""
    reply: Reply | Fault = await send({**body, "max_tokens": TOKENS}, key)
    if isinstance(reply, Fault) and reply.course == "dialect":
        reply = await send({**body, "max_completion_tokens": TOKENS}, key)
    return reply


def _is_colour(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
