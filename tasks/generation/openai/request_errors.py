"""What went wrong with a request, whether trying again can help, and the remedy in words that never
hold a key.
"""

import os
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Literal, NamedTuple

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
OPTIONAL_PARAMETERS = (
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "seed",
    ARRAY_BOUNDS,
)  # of the request, that some servers lack or call otherwise
_UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed",
    re.IGNORECASE,
)
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
    message: str  # scrubbed
    charged: bool = (
        True  # the server may have charged for it; False only on proof (`proves_nothing_charged`)
    )
    wait: float | None = None  # seconds that the server asks us to wait
    param: str = ""  # the request's field that the server does not know


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
        return _build_abort(
            "403",
            f"{where} does not allow this: {said} Check the key's project and rights, and whether"
            " your region is served.",
        )
    if status in (408, 409, 425, 429) or status >= 500:
        asks = f" It asks to wait {wait:.0f} s." if wait and wait > 60 else ""
        return RequestFailure(
            str(status) if status < 500 else "5xx",
            "again",
            f"HTTP {status} from {where}: {said}{asks}",
            wait=wait,
        )
    param = str(error.get("param") or "") or next((p for p in OPTIONAL_PARAMETERS if p in said), "")
    if "minItems" in said or "maxItems" in said:  # `param` is then response_format
        param = ARRAY_BOUNDS
    if (
        status in (400, 422)
        and param in OPTIONAL_PARAMETERS
        and _UNSUPPORTED.search(f"{code} {said}")
    ):
        return RequestFailure(str(status), "dialect", said, param=param)
    return _build_abort(
        str(status),
        f"{where} refuses the request (HTTP {status}): {said} {_suggest_setting(param, said)}",
    )


def _find_account_failure(
    status: int, codes: set[str], said: str, model: str, where: str
) -> RequestFailure | None:
    """The key, the credit or the model's name is wrong: no request can succeed."""
    if status == 401:
        return _build_abort(
            "401",
            f"{where} refuses the key: {said} Set OPENAI_API_KEY to a valid key (or OPENAI_BASE_URL"
            " to another server).",
        )
    if status in (402, 429) and (status == 402 or QUOTA_CODES & codes):
        return _build_abort(
            "quota",
            f"the account at {where} has no credit left: {said} Add credit there, then run again;"
            " answers so far are kept.",
        )
    if status == 404 or "model_not_found" in codes:
        return _build_abort(
            "404",
            f"{where} does not know {model!r}: {said} Set generation.model to one it has (see"
            " `book2lora check`).",
        )
    return None


def _suggest_setting(param: str, said: str) -> str:
    if "response_format" in param + said or "schema" in said:
        return "Set generation.structure to json or text."
    return (
        "Set generation.max_output_tokens lower."
        if param in ("max_tokens", "max_completion_tokens")
        else "See `book2lora check`."
    )


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


def _build_abort(name: str, message: str) -> RequestFailure:
    return RequestFailure(name, "stop", message)


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
