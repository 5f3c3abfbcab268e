"""What came over the wire, made into a response with its price, or into the fault that it tells of.

An answer is charged by the server's own count where it can be believed, else by the most that it
can have cost.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from tasks.generation.budget import TokenUsage, compute_price
from tasks.generation.openai.completions import Completion, read_completion
from tasks.generation.openai.prompt_counts import LEAST_SHARE
from tasks.generation.openai.request_builder import ChatRequest, list_parts
from tasks.generation.openai.request_errors import READING_ERRORS, RequestFailure, classify_failure
from tasks.generation.response_cache import ResponseCache, StoredResponse

NO_USAGE = TokenUsage(0, 0, 0)
# Characters a token holds on average with GPT-4o's tokenizer: English 4; Persian 3 (a published
# sample: 95 characters, 32 tokens).
LATIN, OTHER = 4.0, 3.0
# times max_tokens: a server that writes past it is believed up to here, with the text to show for
# it
MOST_OUT = 2


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


def is_empty(envelope: Completion | None) -> bool:
    """Whether an answer holds no text, although no filter held it back."""
    return envelope is None or (not envelope.text.strip() and envelope.finish in ("stop", "length"))


def read_failure(reply: HttpReply, model: str, server: str) -> RequestFailure:
    """The fault that an error reply tells of."""
    try:
        body: object = json.loads(reply.body)
    except READING_ERRORS:
        body = reply.body[:300]
    return classify_failure(reply.status, body, reply.headers, model, server)


def guess_tokens(text: str) -> int:
    """About how many tokens a text is."""
    plain = sum(c.isascii() for c in text)
    return round(plain / LATIN + (len(text) - plain) / OTHER)


def believe_usage(told: TokenUsage | None, request: ChatRequest, text: str) -> TokenUsage:
    """The tokens to charge for an answer with this text, in which thoughts count as text.

    The worst where the server tells no count, a smaller one than prompt and text prove, or a larger
    one than can be. An
    answer without text proves nothing: any count up to the worst is believed.
    """
    worst = request.worst_usage
    most_out = min(MOST_OUT * worst.tokens_out, max(worst.tokens_out, len(text.encode())))
    if (
        told
        and told.tokens_in <= worst.tokens_in
        and told.tokens_out <= most_out
        and (not text or _covers(told, request, text))
    ):
        return told
    return worst._replace(tokens_out=max(worst.tokens_out, min(most_out, guess_tokens(text))))


def _covers(told: TokenUsage, request: ChatRequest, text: str) -> bool:
    """Whether a count is not below what was seen to go in and to come out."""
    return told.tokens_in >= LEAST_SHARE * guess_prompt_text(
        request
    ) and told.tokens_out >= LEAST_SHARE * guess_tokens(text)


def guess_prompt_text(request: ChatRequest) -> int:
    """About how many tokens a request's texts are; pages and pictures are not among them."""
    return guess_tokens(
        "".join(part["text"] for part in list_parts(request.body) if part["type"] == "text")
    )
