"""Which server writes: part of every key under which an answer is kept, and shown in the report.

Two addresses are one server where scheme, host, port and path are equal. Logins, queries and
fragments are no part of
it: they hold secrets. `http://host` and `http://host/v1` are one server, since the client tries the
    second itself.
"""

import hashlib
import os
import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from tasks.generation.openai.request_errors import redact_keys

OPENAI = "https://api.openai.com/v1"
PORTS = {"http": 80, "https": 443}
TAG = 12  # hex digits: 48 bits, where a store knows a handful of servers


class ServerIdentity(BaseModel):
    """A server by its normalised address."""

    model_config = ConfigDict(frozen=True)

    address: str

    @property
    def tag(self) -> str:
        """A short name of the address for keys and file names."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:TAG]


def identify_server(address: str) -> ServerIdentity:
    """The server behind an address as a person or an older version wrote it; doing it twice changes
    nothing.
    """
    text = re.sub(r"(?<=://)…(?=@?)@?", "", address.strip())  # a login that was taken out
    try:
        parts = urlsplit(text)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:  # no port, no host: `open_client` says so before anything is sent
        return ServerIdentity(address=redact_keys(text))
    if not parts.hostname:
        return ServerIdentity(address=redact_keys(text.rstrip("/")))
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    place = host if port == PORTS.get(parts.scheme) else f"{host}:{port}"
    return ServerIdentity(
        address=redact_keys(f"{parts.scheme}://{place}{parts.path.rstrip('/') or '/v1'}")
    )


def configured_server() -> ServerIdentity:
    """The server that the environment names; OpenAI's own where it names none."""
    return identify_server(os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI)
