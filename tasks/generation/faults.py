"""What went wrong with a request, whether trying again can help, and the remedy in words that never hold a key."""

import os
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Literal, NamedTuple

Course = Literal["again", "smaller", "filtered", "dialect", "stop"]

_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk|key|gsk|hf|xai)[-_][A-Za-z0-9*._-]{6,}|\bBearer\s+\S+|(?<=://)[^/\s@]+@", re.IGNORECASE)
_SECRETS = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_WEBHOOK_SECRET")
READING_ERRORS = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError)  # what foreign text may do
LONGEST_WAIT = 365 * 86400.0  # seconds
UNREAD = "unread answer"  # the name of a fault
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
REFUSALS = {400, 401, 403, 404, 413, 422}  # a server that answers so has not let a model write
_LIMITED = re.compile(r"rate.?limit|too many requests|too large|quota|limit reached|(requests|tokens) per|slow down", re.IGNORECASE)
QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"}
LENGTH_CODES = {"context_length_exceeded", "string_above_max_length", "request_too_large"}
FIELDS = ("max_tokens", "max_completion_tokens", "temperature", "seed")  # of the request, that some servers lack or call otherwise
_LACKS = re.compile(r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum context|too many tokens|(prompt|input|request) is too (long|large)|request too large"
    r"|exceeds? the (model's |model |available |maximum )*(context|input)",
    re.IGNORECASE,
)
FILTER_CODES = {"content_filter", "content_policy_violation", "invalid_prompt"}


class Fault(NamedTuple):
    """One failed attempt."""

    name: str  # for counting: 429, 5xx, timeout, connection, broken body, …
    course: Course
    message: str  # scrubbed
    charged: bool = True  # the server may have charged for it; False only on proof (`proves_nothing_charged`)
    wait: float | None = None  # seconds that the server asks us to wait
    param: str = ""  # the request's field that the server does not know


def scrub(text: str) -> str:
    """A text without keys: neither those of the environment nor what looks like one."""
    for name in _SECRETS:
        value = os.environ.get(name, "").strip()
        if len(value) > 3:
            text = text.replace(value, "…")
    return _KEY_LIKE.sub("…", text)[:600]


def proves_nothing_charged(status: int, body: object) -> bool:
    """Whether an error response proves that no model wrote: a refusal, or a rate limit that says so.

    Gateways answer 408, 5xx, or 429 with a page of their own also after the model behind them has written.
    """
    error = _error(body) if isinstance(body, dict) else {}
    return status in REFUSALS or (
        status == 429 and bool(_LIMITED.search(f"{error.get('code')} {error.get('type')} {error.get('message')}"))
    )


def fault_of_status(status: int, body: object, headers: Mapping[str, str], model: str, url: str) -> Fault:
    """Class, course and remedy of an error response."""
    return _sorted(status, body, headers, model, url)._replace(charged=not proves_nothing_charged(status, body))


def _sorted(status: int, body: object, headers: Mapping[str, str], model: str, url: str) -> Fault:
    error = _error(body)
    code, kind = str(error.get("code") or ""), str(error.get("type") or "")
    said = scrub(str(error.get("message") or body or ""))
    where, wait = scrub(url), wait_of(headers)
    if status == 401:
        return _stop("401", f"{where} refuses the key: {said} Set OPENAI_API_KEY to a valid key (or OPENAI_BASE_URL to another server).")
    if status in (402, 429) and (status == 402 or QUOTA_CODES & {code, kind}):
        return _stop(
            "quota", f"the account at {where} has no credit left: {said} Add credit there, then run again; answers so far are kept."
        )
    if status == 404 or code == "model_not_found":
        return _stop("404", f"{where} does not know {model!r}: {said} Set generation.model to one it has (see `book2lora check`).")
    if status == 413 or code in LENGTH_CODES or _too_long(status, said):
        return Fault("too long", "smaller", said)
    if FILTER_CODES & {code, kind}:
        return Fault("content_filter", "filtered", said)
    if status == 403:
        return _stop("403", f"{where} does not allow this: {said} Check the key's project and rights, and whether your region is served.")
    if status in (408, 409, 425, 429) or status >= 500:
        asks = f" It asks to wait {wait:.0f} s." if wait and wait > 60 else ""
        return Fault(str(status) if status < 500 else "5xx", "again", f"HTTP {status} from {where}: {said}{asks}", wait=wait)
    param = str(error.get("param") or "") or next((p for p in FIELDS if p in said), "")
    if status in (400, 422) and param in FIELDS and _LACKS.search(f"{code} {said}"):
        return Fault(str(status), "dialect", said, param=param)
    return _stop(str(status), f"{where} refuses the request (HTTP {status}): {said} {_hint(param, said)}")


def _hint(param: str, said: str) -> str:
    if "response_format" in param + said or "schema" in said:
        return "Set generation.structure to json or text."
    return "Set generation.max_output_tokens lower." if param in ("max_tokens", "max_completion_tokens") else "See `book2lora check`."


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After, in either of its forms; a year at most."""
    wait = _wait(headers)
    return None if wait is None else min(wait, LONGEST_WAIT)


def _wait(headers: Mapping[str, str]) -> float | None:
    if (millis := _number(headers.get("retry-after-ms"))) is not None:
        return millis / 1000
    value = headers.get("retry-after")
    if value is None or (seconds := _number(value)) is not None:
        return seconds if value is not None else None
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except READING_ERRORS:
        return None


def seconds(text: str | None) -> float | None:
    """`1m12.5s`, `20ms` or a bare number of seconds, as rate-limit headers have it."""
    if not text:
        return None
    parts = _DURATION.findall(text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else _number(text)


def _stop(name: str, message: str) -> Fault:
    return Fault(name, "stop", message)


def _error(body: object) -> dict[str, Any]:
    """The error object, with or without the `error` key around it (servers differ)."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    return inner if isinstance(inner, dict) else {"message": inner}


def _too_long(status: int, said: str) -> bool:
    """Servers that are not OpenAI say it in words only; OpenAI itself does where one request is above the limit of a minute."""
    return status in (400, 422, 429, 500) and bool(_TOO_LONG.search(said))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
