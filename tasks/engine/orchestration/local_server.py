"""A Prefect server for one command, on loopback, over the store's own history; ended with the
command, whatever ends it.

Prefect would start one by itself, but only after loading all of its server into this process as
well, which takes longer than a
cached study; and it would leave it running after a kill -9. Where PREFECT_API_URL names a server,
that one is used and asked first
whether it is there.
"""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from tasks.engine.orchestration.server_login import make_login
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.messages import build_message
from tasks.store.lock_files import free_lock, lock_file, open_log
from tasks.store.parent_death import die_with_parent
from tasks.store.paths import get_runs_dir, make_private_dir

STARTUP_SECONDS = 120.0


@contextmanager
def run_local_server(deployment: str | None = None) -> Iterator[Callable[[], None]]:
    """Start the server, and yield what waits for it, so that it boots while this process imports
    the rest.

    Raises PlanError where a deployment is asked for: its workers ask a server that lasts.
    """
    if os.environ.get("PREFECT_API_URL"):
        from tasks.engine.orchestration.prefect_api import ensure_reachable, translate_api_errors

        with translate_api_errors():
            yield ensure_reachable
        return
    if deployment is not None:
        raise PlanError(build_message("gpu-without-server", deployment=deployment))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # two that create the database at once would disturb each other
    with lock_file(make_private_dir(".prefect") / "booting") as booting:
        login = make_login()  # of this command alone
        process = _start_server(port, login)
        with _environment(
            PREFECT_API_URL=f"http://127.0.0.1:{port}/api", PREFECT_API_AUTH_STRING=login
        ):
            try:
                from tasks.engine.orchestration.prefect_api import (
                    translate_api_errors,  # and with it Prefect, while the server boots
                )

                with translate_api_errors(
                    build_message("started-for-this-command", log=str(_get_log_path()))
                ):
                    yield lambda: _wait_for_server(process, port, booting)
            finally:
                _stop_server(process)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def _stop_server(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _get_log_path() -> Path:
    return get_runs_dir() / "logs" / "own-server.log"


def _start_server(port: int, login: str) -> subprocess.Popen[bytes]:
    """As Prefect starts its own: without the dashboard, and with those services only that a single
    run needs.
    """
    from tasks.engine.orchestration.server_app import LOOPBACK, server_command, server_environment

    flags = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"}
    flags |= server_environment(LOOPBACK[0], port, login)
    with os.fdopen(open_log(_get_log_path()), "ab") as log:
        return subprocess.Popen(
            server_command(LOOPBACK[0], port),
            env={**os.environ, **flags},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C goes to the whole process group of a terminal
            preexec_fn=die_with_parent,  # no thread is running yet
        )


def _wait_for_server(process: subprocess.Popen[bytes], port: int, booting: int) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < STARTUP_SECONDS:
        if process.poll() is not None:
            raise StudyError(build_message("server-ended", log=str(_get_log_path())))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5):
                return free_lock(booting)
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    raise StudyError(
        build_message("server-silent", seconds=round(STARTUP_SECONDS), log=str(_get_log_path()))
    )
