"""Keep keys out of what is told: errors reach the dashboard, its database and the logs in clear."""

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from tasks.schemas.messages import Message

SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|AUTH")  # in the names of environment variables
MIN_SECRET_CHARACTERS = 8  # characters; shorter values would black out ordinary words
LOGIN = re.compile(
    r"(?<=://)[^/?#\s@]*(?:@[^/?#\s@]*)*@"
)  # user:password@ of a URL; a password may hold an @
ADDRESS_LOGIN = re.compile(r"://([^/?#\s]+)@")
SECRET_PARAMETER = re.compile(
    r"([?&][\w-]*(?:key|token|secret|password|signature|sig)=)([^&\s\"']+)", re.IGNORECASE
)
REDACTED = "…"


def redact_secrets(text: str) -> str:
    """Each value of an environment variable that holds a secret becomes the variable's name; logins
    in addresses are taken out.
    """
    for name, secret in _find_secrets():
        text = text.replace(secret, f"${name}")
    return SECRET_PARAMETER.sub(rf"\1{REDACTED}", redact_login(text))


def redact_login(text: str) -> str:
    """`http://user:password@host` → `http://…@host`, wherever it stands."""
    return LOGIN.sub(f"{REDACTED}@", text)


def _find_secrets() -> Iterator[tuple[str, str]]:
    """Whole values of variables with a telling name, the longest first; logins and keys of those
    that are addresses (OPENAI_BASE_URL, proxies …), in each form that a server may echo.
    """
    found = [
        (name, secret)
        for name, value in os.environ.items()
        for secret in (
            _split_login(value) if SECRET_NAME.search(name.upper()) else _split_address(value)
        )
        if len(secret) >= MIN_SECRET_CHARACTERS
    ]
    yield from sorted(set(found), key=lambda pair: (-len(pair[1]), pair))


def _split_address(value: str) -> list[str]:
    logins = [part for login in ADDRESS_LOGIN.findall(value) for part in _split_login(login)]
    return logins + [
        key for _, key in SECRET_PARAMETER.findall(value) for key in (key, unquote(key))
    ]


def _split_login(login: str) -> list[str]:
    """`user:password` whole, its password, and both as the header `Authorization: Basic` has
    them.
    """
    plain = unquote(login)
    packed = base64.b64encode(plain.encode()).decode()
    words = [part for whole in (login, plain) for part in (whole, whole.partition(":")[2])]
    return [*words, packed, packed.rstrip("=")]


def redact_error(error: BaseException) -> None:
    """Take the secrets out of an error and of all that led to it, in place."""
    seen: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen[id(one)] = one
        one.args = tuple(_redact_part(part) for part in one.args)
        if notes := getattr(one, "__notes__", None):
            notes[:] = [redact_secrets(note) for note in notes]
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def _redact_part(part: Any) -> Any:
    """A part of an error's arguments; what is no text stays, unless a secret is in it."""
    if isinstance(part, Message):
        values = {name: _redact_part(value) for name, value in part.values.items()}
        return part.model_copy(update={"values": values})
    if isinstance(part, tuple):
        return tuple(map(_redact_part, part))
    told = part if isinstance(part, str) else repr(part)
    return part if redact_secrets(told) == told else redact_secrets(told)


@contextmanager
def redact_raised_errors() -> Iterator[None]:
    """Whatever is raised inside is raised without secrets."""
    try:
        yield
    except BaseException as error:
        redact_error(error)
        raise
