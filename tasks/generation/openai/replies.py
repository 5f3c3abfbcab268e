"""What came over the wire, made into a response with its price, or into the fault that it
tells of.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from tasks.generation.budget import TokenUsage, compute_price
from tasks.generation.openai.charging import believe_usage
from tasks.generation.openai.completions import Completion, read_completion
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_errors import READING_ERRORS, RequestFailure, classify_failure
from tasks.generation.response_cache import ResponseCache, StoredResponse

NO_USAGE = TokenUsage(0, 0, 0)


class HttpReply(NamedTuple):
    """What came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: str


def build_response(
    request: ChatRequest, body: str, ledger: ResponseCache, batch: bool
) -> StoredResponse | None:
    """A body as a response with its price."""
    envelope = read_completion(body)
    if envelope is None:
        return None
    if (
        request.worst_usage == NO_USAGE
    ):  # of a batch from before a crash, whose request is not at hand
        return _response_of_unknown(request.key, envelope, body, ledger)
    usage = believe_usage(envelope.usage, request, envelope.text + envelope.thought)
    if envelope.usage and envelope.text and usage.tokens_in < request.worst_usage.tokens_in:
        with ledger.lock_budget() as budget:
            budget.learn_token_share(
                usage.tokens_in / request.worst_usage.tokens_in, request.script_profile
            )
    return StoredResponse(
        request.key, envelope.finish, usage, compute_price(usage, ledger.prices, batch), body
    )


def _response_of_unknown(
    key: str, envelope: Completion, body: str, ledger: ResponseCache
) -> StoredResponse:
    """Charged by the server's count, up to what was set aside for the request."""
    with ledger.lock_budget() as budget:
        most = sum(c.usd for c in budget.list_open_charges() if c.key == key and not c.lost)
    usage = envelope.usage or NO_USAGE
    usd = min(compute_price(usage, ledger.prices, batch=True), most) if envelope.usage else most
    return StoredResponse(key, envelope.finish, usage, usd, body)


def is_empty(response: StoredResponse) -> bool:
    """Whether an answer holds no text, although no filter held it back."""
    envelope = read_completion(response.body)
    return envelope is None or (not envelope.text.strip() and envelope.finish in ("stop", "length"))


def read_failure(reply: HttpReply, model: str, server: str) -> RequestFailure:
    """The fault that an error reply tells of."""
    try:
        body: object = json.loads(reply.body)
    except READING_ERRORS:
        body = reply.body[:300]
    return classify_failure(reply.status, body, reply.headers, model, server)
