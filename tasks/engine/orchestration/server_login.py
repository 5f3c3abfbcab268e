"""The login of the Prefect server over a store: made once, readable by its owner only."""

import os
import secrets
from pathlib import Path

from tasks.store.paths import make_private_dir

USER = "book2lora"
BYTES = 24  # of randomness: 192 bits


def make_login() -> str:
    """A new `user:password`."""
    return f"{USER}:{secrets.token_urlsafe(BYTES)}"


def login_file() -> Path:
    """Where the login of this store lies."""
    return make_private_dir(".prefect") / "login"


def login_of_store() -> str:
    """`user:password` from PREFECT_SERVER_API_AUTH_STRING, or the store's own, made at the first
    call.
    """
    if given := os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        return given
    return keep_secret(login_file(), make_login())


def keep_secret(file: Path, secret: str) -> str:
    """The secret that a file of the store holds, this one where there is no file yet; only its
    owner can read it.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return file.read_text("utf-8").strip()
    with os.fdopen(handle, "w") as new:
        new.write(f"{secret}\n")
    return file.read_text("utf-8").strip()
