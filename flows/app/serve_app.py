"""`book2lora app`: the local page for people who do not live in a terminal."""

import os
import socket
import threading
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from flows.cli.arguments import choose_language
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.messages import Ordinal, build_message
from tasks.store.progress import print_status

LOOPBACK = "127.0.0.1"


def serve_app(
    *,
    host: Annotated[
        str | None,
        Parameter(
            help="address to listen on for others, too; asks for the password in"
            " $BOOK2LORA_APP_PASSWORD. Default: this machine alone"
        ),
    ] = None,
    port: Annotated[int, Parameter(help="port to listen on")] = 8420,
    lang: Annotated[str | None, Parameter(help="language that the page begins in: en, fa")] = None,
) -> int:
    """Open the local page: bring a book, choose, check, approve items, run, watch, read, compare,
    talk. Runs until Ctrl-C; studies that it has started go on without it.
    """
    choose_language(lang)
    from flows.app.access import PASSWORD_VARIABLE, load_token

    password = os.environ.pop(PASSWORD_VARIABLE, "")
    if host is not None and not password:
        raise PlanError(build_message("app-needs-password", variable=PASSWORD_VARIABLE))
    listener = open_listener(host or LOOPBACK, port)
    import uvicorn

    from flows.app.site import build_site

    secret = password or load_token()
    site = build_site(secret, host or LOOPBACK, port)
    address = f"http://{host or LOOPBACK}:{port}/"
    shown = address if password else f"{address}?token={secret}"
    print_status(escape(tell_reader("app-at", address=shown)))
    config = uvicorn.Config(site, log_level="warning", lifespan="off", server_header=False)
    # In the main thread uvicorn would take the signals that end this command.
    server = threading.Thread(
        target=uvicorn.Server(config).run, kwargs={"sockets": [listener]}, daemon=True
    )
    server.start()
    server.join()
    return 0


def open_listener(host: str, port: int) -> socket.socket:
    """Raises StudyError where another program has the port."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StudyError(
            build_message(
                "port-taken",
                host=host,
                port=Ordinal(port),
                why=str(error.strerror),
                other=Ordinal(port + 1),
            )
        ) from error
    return listener
