"""What a body becomes: a response with its price, an empty answer, or the fault that it tells of."""

import json

import pytest

from tasks.generation.budget import TokenUsage
from tasks.generation.openai.completions import read_completion
from tasks.generation.openai.replies import (
    NO_USAGE,
    HttpReply,
    build_response,
    is_empty,
    read_failure,
)
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.response_cache import ResponseCache, StoredResponse
from tasks.schemas.errors import describe_part
from tasks.schemas.plan_sections import Prices

PRICES = Prices(input=1.0, cached_input=0.5, output=10.0, batch_discount=0.25)
TEXT = "word" * 20  # about 20 tokens
TREE = {"model": "m", "messages": [{"role": "user", "content": "abcd" * 10}]}  # about 10 tokens
REQUEST = ChatRequest(TREE, "key", TokenUsage(100, 0, 50))


def body(tokens_in=50, tokens_out=20, *, text=TEXT, finish="stop", **message) -> str:
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    told = {"content": text} | message
    return json.dumps({"choices": [{"message": told, "finish_reason": finish}], "usage": usage})


@pytest.fixture
def cache(tmp_path):
    return ResponseCache(tmp_path, 1.0, PRICES)


def learnt_shares(cache: ResponseCache) -> dict[str, list[float]]:
    lines = [json.loads(line) for file in cache.folder.glob("*.jsonl") for line in file.open()]
    found: dict[str, list[float]] = {}
    for line in lines:
        if "share" in line:
            found.setdefault(line["sort"], []).append(line["share"])
    return found


@pytest.mark.parametrize(("batch", "usd"), [(False, 250e-6), (True, 62.5e-6)])
def test_an_answer_costs_what_the_server_counts_and_teaches_the_share_of_tokens(cache, batch, usd):
    told = body()
    response = build_response(REQUEST, told, cache, batch)
    assert response == StoredResponse("key", "stop", TokenUsage(50, 0, 20), response.cost_usd, told)
    assert response.cost_usd == pytest.approx(usd)
    assert learnt_shares(cache) == {REQUEST.script_profile: [0.5]}


def test_thoughts_count_as_text_of_the_answer(cache):
    """9 tokens are enough for 19 of text, and too few for 19 of text and 38 of thought."""
    short, thought = "word" * 19, "word" * 38
    plain = build_response(REQUEST, body(50, 10, text=short), cache, False)
    deep = build_response(REQUEST, body(50, 10, text=short, reasoning=thought), cache, False)
    assert (plain.usage.tokens_out, deep.usage.tokens_out) == (10, 57)


@pytest.mark.parametrize(
    "told", [body(100, 20), body(50, 0, text=""), body(0, 20)], ids=["the worst", "mute", "unknown"]
)
def test_what_proves_no_share_of_tokens_teaches_none(cache, told):
    assert build_response(REQUEST, told, cache, False) is not None
    assert learnt_shares(cache) == {}


def test_what_is_no_completion_is_no_response(cache):
    assert build_response(REQUEST, "<html>", cache, False) is None


def test_an_answer_to_a_request_from_before_a_crash_costs_its_count_at_a_batch_s_price(cache):
    unknown = ChatRequest({}, "key", NO_USAGE)
    with cache.lock_budget() as budget:
        budget.reserve_usd("other", 0.3)
        budget.reserve_usd("key", 100e-6)
        budget.mark_lost("key")
        budget.reserve_usd("key", 60e-6)
    counted = build_response(unknown, body(10, 2, finish="length"), cache, False)
    assert counted[:3] == ("key", "length", TokenUsage(10, 0, 2))
    assert counted.cost_usd == pytest.approx(7.5e-6) and counted.body == body(
        10, 2, finish="length"
    )
    capped = build_response(unknown, body(), cache, False)
    assert capped.usage == TokenUsage(50, 0, 20) and capped.cost_usd == pytest.approx(60e-6)
    mute = build_response(unknown, body(0, 0), cache, False)
    assert mute.usage == NO_USAGE and mute.cost_usd == pytest.approx(60e-6)


@pytest.mark.parametrize(
    ("told", "empty"),
    [
        (body(), False),
        (body(text=" "), True),
        (body(text="", finish="length"), True),
        (body(text="", finish="content_filter"), False),
        (body(text="", refusal="no"), False),
        ("<html>", True),
    ],
)
def test_an_answer_without_text_is_empty_unless_a_filter_held_it_back(told, empty):
    assert is_empty(read_completion(told)) is empty


def test_an_error_reply_tells_its_fault_whether_json_or_a_page():
    told = json.dumps({"error": {"message": "slow down", "code": "rate_limit_exceeded"}})
    fault = read_failure(HttpReply(429, {"retry-after": "7"}, told), "m", "http://here")
    assert (fault.name, fault.action, fault.wait) == ("429", "again", 7.0)
    assert describe_part(fault.message) == "HTTP 429 from http://here: slow down"
    page = read_failure(HttpReply(502, {}, "<p>" + "x" * 400), "m", "http://here")
    assert (
        page.name == "5xx"
        and describe_part(page.message) == "HTTP 502 from http://here: <p>" + "x" * 297
    )
    missing = {"error": {"message": "no such model", "code": "model_not_found"}}
    named = read_failure(HttpReply(404, {}, json.dumps(missing)), "gpt-9", "http://here")
    assert "gpt-9" in describe_part(named.message)
