"""Prefect's server behind a check of the Host and Origin headers, and how it is started.

Prefect 3.8.8 takes any Host, and its CORS setting only decides what a browser lets a page read. A
page
of another site could still send requests here, directly or after its name was rebound to 127.0.0.1.
"""

import os
import socket
import sys
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tasks.schemas.project import PROJECT_ROOT

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ORIGINS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"  # whose pages may call the API: ours, or a proxy's
HOST = "PREFECT_SERVER_API_HOST"  # the address that the server listens on


def create_app() -> ASGIApp:
    """For uvicorn's --factory."""
    os.environ["PREFECT__SERVER_FINAL"] = "1"  # as `prefect server start` does
    from prefect.server.api.server import create_app as create_prefect

    return OwnAddressOnly(create_prefect(), os.environ[ORIGINS], os.environ[HOST])


class OwnAddressOnly:
    """Refuses (403) a request that names another host, or that a page of another origin sends."""

    def __init__(self, app: ASGIApp, origins: str, listens_on: str) -> None:
        self.app = app
        self.origins = frozenset(origins.split(","))
        self.hosts = frozenset(urlsplit(origin).hostname or "" for origin in self.origins)
        self.is_public = not _is_loopback(listens_on)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._is_allowed(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # the connection's request
            await send({"type": "websocket.close", "code": 1008})  # which answers 403
        else:
            refusal = PlainTextResponse("This server answers only to its own address.\n", 403)
            await refusal(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        hosts, origins = _header(scope, b"host"), _header(scope, b"origin")
        if len(hosts) != 1 or len(origins) > 1 or not self._is_own_host(hosts[0]):
            return False
        return not origins or origins[0] in self.origins or _same(origins[0], hosts[0])

    def _is_own_host(self, host: str) -> bool:
        """A number can be no rebound name; where others may come, they may use it."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self.hosts or (self.is_public and _is_number(name))


def _same(origin: str, host: str) -> bool:
    return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())


def _header(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ip_address(host).is_loopback)


def own_origins(host: str, port: int) -> str:
    """The origins of the server's own pages, comma-separated."""
    names = [*LOOPBACK]
    if not _is_loopback(host):
        names += [f"[{host}]" if ":" in host else host, socket.gethostname()]
    return ",".join(f"http://{name}:{port}" for name in dict.fromkeys(names))


def server_command(host: str, port: int) -> list[str]:
    """Python with uvicorn; `-P` and `--app-dir`: a file of the working folder is no module."""
    options = ["--host", host, "--port", str(port), "--log-level", "error", "--lifespan", "on"]
    options += ["--app-dir", str(PROJECT_ROOT)]
    return [
        sys.executable,
        "-P",
        "-m",
        "uvicorn",
        "--factory",
        "tasks.engine.orchestration.server_app:create_app",
        *options,
    ]


def server_environment(host: str, port: int, login: str) -> dict[str, str]:
    """What the server needs beside this process's own environment."""
    return {
        "PREFECT_SERVER_API_AUTH_STRING": login,
        HOST: host,
        ORIGINS: ",".join(filter(None, [own_origins(host, port), os.environ.get(ORIGINS)])),
    }
