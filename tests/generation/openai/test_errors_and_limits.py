"""Which faults are tried again, what is said about them, and how the gate's width follows the server."""

import asyncio
import time

import pytest

from tasks.generation.openai.completions import read_completion
from tasks.generation.openai.concurrency_limiter import ConcurrencyLimiter
from tasks.generation.openai.request_errors import (
    classify_failure,
    parse_seconds,
    read_retry_after,
    redact_keys,
    suggest_setting,
)
from tasks.schemas.errors import describe_part


def error(message="m", code=None, param=None, kind=None):
    return {"error": {"message": message, "type": kind, "code": code, "param": param}}


@pytest.mark.parametrize(
    ("status", "body", "name", "course"),
    [
        (401, error(), "401", "stop"),
        (402, error(), "quota", "stop"),
        (403, error(), "403", "stop"),
        (404, error(code="model_not_found"), "404", "stop"),
        (400, error("no such model", "model_not_found"), "404", "stop"),
        (429, error(), "429", "again"),
        (429, error(code="insufficient_quota"), "quota", "stop"),
        (429, error(kind="insufficient_quota"), "quota", "stop"),
        (408, "", "408", "again"),
        (500, "<html>", "5xx", "again"),
        (529, error(), "5xx", "again"),
        (400, error(code="context_length_exceeded"), "too long", "smaller"),
        (400, error("This model's maximum context length is 4096 tokens"), "too long", "smaller"),
        (
            400,
            {"message": "the request exceeds the available context size", "code": 400},
            "too long",
            "smaller",
        ),
        (413, "", "too long", "smaller"),
        (400, error(code="content_filter"), "content_filter", "filtered"),
        (
            400,
            error("Unsupported parameter: 'max_tokens'", "unsupported_parameter", "max_tokens"),
            "400",
            "dialect",
        ),
        (422, {"detail": "temperature: extra inputs are not permitted"}, "422", "dialect"),
        (
            400,
            error(
                "max_tokens is too large: 9000. This model takes at most 4096.", None, "max_tokens"
            ),
            "400",
            "stop",
        ),
        (400, error(param="response_format"), "400", "stop"),
        (400, None, "400", "stop"),
    ],
)
def test_each_fault_has_its_course(status, body, name, course):
    fault = classify_failure(status, body, {}, "gpt-4o", "https://server/v1")
    assert fault.action == course
    assert fault.name == name
    told = describe_part(fault.message if fault.has_remedy else suggest_setting(fault, {}))
    remedies = ("Set", "Add", "Check", "`book2lora check --ask` tries")
    assert course != "stop" or any(remedy in told for remedy in remedies)


def test_retry_after_in_all_its_forms():
    assert read_retry_after({"retry-after": "2.5"}) == 2.5
    assert read_retry_after({"retry-after-ms": "300"}) == pytest.approx(0.3)
    assert read_retry_after({}) is None and read_retry_after({"retry-after": "soon"}) is None
    assert read_retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0


def test_durations_of_rate_limit_headers():
    assert (
        parse_seconds("1m12.5s") == 72.5
        and parse_seconds("20ms") == pytest.approx(0.02)
        and parse_seconds("3") == 3.0
    )
    assert parse_seconds(None) is None and parse_seconds("soon") is None


def test_no_key_survives_in_a_message(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "plain-words-as-key")
    text = redact_keys(
        "plain-words-as-key sk-proj-abcdefgh Bearer x.y.z https://me:pw@host/v1 sk-abcd*****wxyz"
    )
    assert all(
        secret not in text
        for secret in ("plain-words-as-key", "abcdefgh", "x.y.z", "me:pw", "wxyz")
    )
    assert "host/v1" in text


def test_the_width_halves_once_for_all_that_were_under_way_and_grows_back():
    limiter = ConcurrencyLimiter(16)

    async def busy():
        entered = [await limiter.acquire_slot() for _ in range(8)]
        for at in entered:
            limiter.record_busy(at, None)
            limiter.release_slot()

    asyncio.run(busy())
    assert limiter.width == 8
    for _ in range(200):
        limiter.record_success({})
    assert limiter.width == 16


def test_nothing_left_shuts_the_gate_until_the_reset():
    limiter = ConcurrencyLimiter(4)
    started = time.monotonic()
    limiter.record_success(
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "200ms"}
    )
    asyncio.run(limiter.acquire_slot())
    assert time.monotonic() - started >= 0.19


def test_few_left_narrow_the_gate():
    limiter = ConcurrencyLimiter(64)
    limiter.record_success(
        {"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1s"}
    )
    assert limiter.width == 5


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"choices": []}',
        '{"choices": [{"message": null}]}',
        '{"choices": [{"mess',
    ],
)
def test_a_body_that_is_no_completion_is_known_as_such(body):
    assert read_completion(body) is None


def test_envelopes_of_other_servers():
    parts = '{"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "finish_reason": null}]}'
    assert read_completion(parts)[:2] == ("stop", "ab") and read_completion(parts).usage is None
    refusal = '{"choices": [{"message": {"content": null, "refusal": "no"}}], "usage": {"prompt_tokens": 3, "completion_tokens": null}}'
    assert read_completion(refusal)[:2] == ("refusal", "no") and read_completion(refusal).usage == (
        3,
        0,
        0,
    )
