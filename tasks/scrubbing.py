"""Keep keys out of what is told: errors reach the dashboard, its database and the logs in clear."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|AUTH")  # in the names of environment variables
SHORTEST = 8  # characters; shorter values would black out ordinary words


def scrub(text: str) -> str:
    """Each value of an environment variable that holds a secret becomes the variable's name."""
    for name, value in os.environ.items():
        if SECRET.search(name.upper()) and len(value) >= SHORTEST:
            text = text.replace(value, f"${name}")
    return text


def scrub_error(error: BaseException) -> None:
    """Take the secrets out of an error and of those that led to it, in place."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.args = tuple(scrub(part) if isinstance(part, str) else part for part in error.args)
        following = error.__cause__ or error.__context__
        if following is None:
            return
        error = following


@contextmanager
def scrubbed() -> Iterator[None]:
    """Whatever is raised inside is raised without secrets."""
    try:
        yield
    except BaseException as error:
        scrub_error(error)
        raise
