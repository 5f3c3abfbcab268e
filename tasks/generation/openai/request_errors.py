"""What went wrong with a request, whether trying again can help, and the remedy; nothing that is
quoted holds a key.
"""

import os
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Literal, NamedTuple

from tasks.schemas.errors import describe_part
from tasks.schemas.messages import Message, build_message

FailureAction = Literal["again", "smaller", "filtered", "dialect", "stop"]

LONGEST_QUOTE = 6000  # characters of a server's words that are looked at
_KEY_LIKE = re.compile(
    r"\b(?:sk|pk|rk|key|gsk|hf|xai)[-_][A-Za-z0-9*._-]{6,}|\bBearer\s+\S+|(?<=://)[^/\s@]+@",
    re.IGNORECASE,
)
_SECRETS = (
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_WEBHOOK_SECRET",
)
READING_ERRORS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)  # what foreign text may do
LONGEST_WAIT = 365 * 86400.0  # seconds
UNREAD = "unread answer"  # the name of a fault
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
REFUSALS = {400, 401, 403, 404, 413, 422}  # a server that answers so has not let a model write
_LIMITED = re.compile(
    r"rate.?limit|too many requests|too large|quota|limit reached|(requests|tokens) per|slow down",
    re.IGNORECASE,
)
QUOTA_CODES = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "account_deactivated",
}
LENGTH_CODES = {"context_length_exceeded", "string_above_max_length", "request_too_large"}
ARRAY_BOUNDS = "minItems"  # stands for both bounds of a schema's arrays, wherever it is in it
SYSTEM_ROLE = "system role"
STREAM = "stream"
STREAM_OPTIONS = "stream_options"
OPTIONAL_PARAMETERS = (
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "seed",
    ARRAY_BOUNDS,
    STREAM_OPTIONS,
)  # of the request, that some servers lack or call otherwise
_UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed",
    re.IGNORECASE,
)
# Gemma's and Mistral's templates, and the servers that run them
_NO_SYSTEM_ROLE = re.compile(
    r"system (role|message|prompt)s? (is |are )?not (supported|allowed)"
    r"|(not|n't) support (the )?system (role|message|prompt)|roles? must alternate"
    r"|only user(,| and) assistant",
    re.IGNORECASE,
)
_ONLY_STREAM = re.compile(
    r"only supports? (the )?stream|stream['\"`]? ?(must|has to|should) be (set to )?true"
    r"|stream ?[=:] ?true is required|non.?stream\w* (\w+ )*(is |are )?not supported",
    re.IGNORECASE,
)
# llama.cpp, vLLM, Ollama and OpenAI on a part of a message that is no text
_NO_FILE = re.compile(r"content|file|part|modalit|multimodal|mmproj|image", re.IGNORECASE)
_NO_FORM = re.compile(r"response_?format|schema|json|grammar", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum context|too many tokens|(prompt|input|request) is too"
    r" (long|large)|request too large"
    r"|exceeds? the (model's |model |available |maximum )*(context|input)",
    re.IGNORECASE,
)
FILTER_CODES = {"content_filter", "content_policy_violation", "invalid_prompt"}


class RequestFailure(NamedTuple):
    """One failed attempt."""

    name: str  # for counting: 429, 5xx, timeout, connection, broken body, …
    action: FailureAction
    message: Message | str  # a str: the server's own words, scrubbed
    charged: bool = (
        True  # the server may have charged for it; False only on proof (`proves_nothing_charged`)
    )
    wait: float | None = None  # seconds that the server asks us to wait
    param: str = ""  # what of the request the server does not take
    has_remedy: bool = True  # the message says what to do


def redact_keys(text: str) -> str:
    """A text without keys: neither those of the environment nor what looks like one."""
    text = text[:LONGEST_QUOTE]  # of 8 MB the search for keys takes seconds
    for name in _SECRETS:
        value = os.environ.get(name, "").strip()
        if len(value) > 3:
            text = text.replace(value, "…")
    return _KEY_LIKE.sub("…", text)[:600]


def proves_nothing_charged(status: int, body: object) -> bool:
    """Whether an error response proves that no model wrote: a refusal, or a rate limit that says
    so.

    Gateways answer 408, 5xx, or 429 with a page of their own also after the model behind them has
    written.
    """
    error = _get_error_object(body) if isinstance(body, dict) else {}
    return status in REFUSALS or (
        status == 429
        and bool(_LIMITED.search(f"{error.get('code')} {error.get('type')} {error.get('message')}"))
    )


def classify_failure(
    status: int, body: object, headers: Mapping[str, str], model: str, url: str
) -> RequestFailure:
    """Class, course and remedy of an error response."""
    return _sorted(status, body, headers, model, url)._replace(
        charged=not proves_nothing_charged(status, body)
    )


def _sorted(
    status: int, body: object, headers: Mapping[str, str], model: str, url: str
) -> RequestFailure:
    error = _get_error_object(body)
    code, kind = str(error.get("code") or ""), str(error.get("type") or "")
    said = redact_keys(str(error.get("message") or body or ""))
    where, wait = redact_keys(url), read_retry_after(headers)
    if failure := _find_account_failure(status, {code, kind}, said, model, where):
        return failure
    if status == 413 or code in LENGTH_CODES or _is_too_long(status, said):
        return RequestFailure("too long", "smaller", said)
    if FILTER_CODES & {code, kind}:
        return RequestFailure("content_filter", "filtered", said)
    if status == 403:
        return RequestFailure(
            "403", "stop", build_message("request-forbidden", server=where, said=said)
        )
    if status in (400, 422, 500) and (way := _find_rewording(said)):
        return RequestFailure(str(status), "dialect", said, param=way)
    if status in (408, 409, 425, 429) or status >= 500:
        told = build_message("request-failed", status=str(status), server=where, said=said)
        if wait and wait > 60:
            told = build_message("server-asks-to-wait", failed=told, seconds=round(wait))
        return RequestFailure(str(status) if status < 500 else "5xx", "again", told, wait=wait)
    param = str(error.get("param") or "") or next((p for p in OPTIONAL_PARAMETERS if p in said), "")
    if "minItems" in said or "maxItems" in said:  # `param` is then response_format
        param = ARRAY_BOUNDS
    if (
        status in (400, 422)
        and param in OPTIONAL_PARAMETERS
        and _UNSUPPORTED.search(f"{code} {said}")
    ):
        return RequestFailure(str(status), "dialect", said, param=param)
    told = build_message("request-refused", server=where, status=str(status), said=said)
    return RequestFailure(str(status), "stop", told, param=param, has_remedy=False)


def _find_rewording(said: str) -> str:
    """The way of asking that the words of a refusal call for."""
    if _NO_SYSTEM_ROLE.search(said):
        return SYSTEM_ROLE
    return STREAM if _ONLY_STREAM.search(said) else ""


def _find_account_failure(
    status: int, codes: set[str], said: str, model: str, where: str
) -> RequestFailure | None:
    """The key, the credit or the model's name is wrong: no request can succeed."""
    if status == 401:
        told = build_message("key-refused", server=where, said=said)
        return RequestFailure("401", "stop", told)
    if status in (402, 429) and (status == 402 or QUOTA_CODES & codes):
        told = build_message("no-credit-left", server=where, said=said)
        return RequestFailure("quota", "stop", told)
    if status == 404 or "model_not_found" in codes:
        told = build_message("model-not-at-server", server=where, model=model, said=said)
        return RequestFailure("404", "stop", told)
    return None


def find_setting(fault: RequestFailure, body: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The choice of the plan that makes the request one that the server may take, with its values,
    the strictest first; an empty name where the refusal tells none.
    """
    said, form = (
        fault.param + describe_part(fault.message),
        body.get("response_format", {}).get("type"),
    )
    contents = (message["content"] for message in body.get("messages", ()))
    if any(isinstance(content, list) for content in contents) and _NO_FILE.search(said):
        return "show", ("text",)
    if form and _NO_FORM.search(said):
        return "structure", ("json", "text") if form == "json_schema" else ("text",)
    return "", ()


def suggest_setting(fault: RequestFailure, body: Mapping[str, Any]) -> Message:
    """The same in words."""
    name, values = find_setting(fault, body)
    if name:
        either = build_message("either", first=values[0], second=values[-1])
        return build_message("set-choice", name=name, value=either if values[1:] else values[0])
    if fault.param in ("max_tokens", "max_completion_tokens"):
        return build_message("set-output-tokens-lower")
    return build_message("trying-tells-what-it-takes")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After, in either of its forms; a year at most."""
    wait = _wait(headers)
    return None if wait is None else min(wait, LONGEST_WAIT)


def _wait(headers: Mapping[str, str]) -> float | None:
    if (millis := _parse_number(headers.get("retry-after-ms"))) is not None:
        return millis / 1000
    value = headers.get("retry-after")
    if value is None or (seconds := _parse_number(value)) is not None:
        return seconds if value is not None else None
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except READING_ERRORS:
        return None


def parse_seconds(text: str | None) -> float | None:
    """`1m12.5s`, `20ms` or a bare number of seconds, as rate-limit headers have it."""
    if not text:
        return None
    parts = _DURATION.findall(text)
    return (
        sum(float(number) * _UNITS[unit] for number, unit in parts)
        if parts
        else _parse_number(text)
    )


def _get_error_object(body: object) -> dict[str, Any]:
    """The error object, with or without the `error` key around it (servers differ)."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    return inner if isinstance(inner, dict) else {"message": inner}


def _is_too_long(status: int, said: str) -> bool:
    """Servers that are not OpenAI say it in words only; OpenAI itself does where one request is
    above the limit of a minute.
    """
    return status in (400, 422, 429, 500) and bool(_TOO_LONG.search(said))


def _parse_number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
