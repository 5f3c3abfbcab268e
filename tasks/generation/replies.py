"""What came over the wire, made into a response with its price, or into the fault that it tells of."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from tasks.generation.answers import Envelope, read_envelope
from tasks.generation.budget import Usage, price
from tasks.generation.charging import believe_usage
from tasks.generation.faults import READING_ERRORS, Fault, fault_of_status
from tasks.generation.ledger import Ledger, Response
from tasks.generation.requests import Request

NOTHING = Usage(0, 0, 0)


class Reply(NamedTuple):
    """What came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: str


def response_of(request: Request, body: str, ledger: Ledger, batch: bool) -> Response | None:
    """A body as a response with its price."""
    envelope = read_envelope(body)
    if envelope is None:
        return None
    if request.worst == NOTHING:  # of a batch from before a crash, whose request is not at hand
        return _response_of_unknown(request.key, envelope, body, ledger)
    usage = believe_usage(envelope.usage, request, envelope.text + envelope.thought)
    if envelope.usage and envelope.text and usage.tokens_in < request.worst.tokens_in:
        with ledger.purse() as budget:
            budget.learn(usage.tokens_in / request.worst.tokens_in, request.sort)
    return Response(request.key, envelope.finish, usage, price(usage, ledger.prices, batch), body)


def _response_of_unknown(key: str, envelope: Envelope, body: str, ledger: Ledger) -> Response:
    """Charged by the server's count, up to what was set aside for the request."""
    with ledger.purse() as budget:
        most = sum(c.usd for c in budget.unsettled() if c.key == key and not c.lost)
    usage = envelope.usage or NOTHING
    usd = min(price(usage, ledger.prices, batch=True), most) if envelope.usage else most
    return Response(key, envelope.finish, usage, usd, body)


def is_empty(response: Response) -> bool:
    """Whether an answer holds no text, although no filter held it back."""
    envelope = read_envelope(response.body)
    return envelope is None or (not envelope.text.strip() and envelope.finish in ("stop", "length"))


def fault_of(reply: Reply, model: str, server: str) -> Fault:
    """The fault that an error reply tells of."""
    try:
        body: object = json.loads(reply.body)
    except READING_ERRORS:
        body = reply.body[:300]
    return fault_of_status(reply.status, body, reply.headers, model, server)
