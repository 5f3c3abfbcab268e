"""`make dashboard`: a Prefect server on the same store as the laptop runs, with both pools, all
deployments and one worker each.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from urllib.error import URLError

import cyclopts
import psutil
from rich.markup import escape

from deployments.database import DatabaseCluster, names_database, prepare_database
from deployments.register import POOLS, register_deployments
from deployments.supervisor import Part, log_of, stop, supervise
from flows.app.serve_app import open_listener
from tasks.engine.orchestration.history_retention import get_sqlite_file, list_switched_on
from tasks.engine.orchestration.server_app import server_command, server_environment
from tasks.engine.orchestration.server_login import login_file, login_of_store
from tasks.language.catalogue import tell_error, tell_reader
from tasks.schemas.errors import StudyError
from tasks.schemas.messages import build_message
from tasks.store.parent_death import adopt_orphans
from tasks.store.paths import get_runs_dir
from tasks.store.progress import console, print_status
from tasks.store.stop_signals import kill_children, stop_on_signals

STARTUP_SECONDS = 600.0  # while the server is alive; about 120 were seen at a load of 11 on 2 cores
WORKER_SECONDS = 3.0  # for workers to end their runs and tell Prefect, deployments/worker.py
SERVER_SECONDS = 0.6  # for the server after them
DATABASE_SECONDS = (
    0.4  # and for its database, so that all is over within 5 s; what is killed recovers
)
DATABASE_URL = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
SERVER_LOGIN = "PREFECT_SERVER_API_AUTH_STRING"
WILDCARD_HOSTS = ("0.0.0.0", "::")


def serve_dashboard(host: str, port: int) -> None:
    """Run until a signal ends this process and everything that it started."""
    open_listener(host, port).close()  # a server that is there would be taken for ours
    name = "127.0.0.1" if host in WILDCARD_HOSTS else f"[{host}]" if ":" in host else host
    address = f"http://{name}:{port}"
    environment = build_environment(address)
    database = prepare_database(environment)
    server = Part(
        "server",
        server_command(host, port),
        environment
        | server_environment(host, port, login_of_store())
        | ({DATABASE_URL: database.address} if database else {}),
    )
    workers = [
        Part(f"worker-{pool}", worker_command(pool, f"{pool}-1"), environment) for pool in POOLS
    ]
    parts = [*workers, server, *([database.build_part()] if database else [])]
    stop_on_signals(
        lambda: tell_reader("dashboard-stopped"),
        lambda: stop_all(parts, len(workers)),
        seconds=WORKER_SECONDS + SERVER_SECONDS + DATABASE_SECONDS + 0.3,
    )
    adopt_orphans()
    if database:
        parts[-1].start()
        database.wait_until_ready(parts[-1].process)
    for line in describe_history(database, environment):
        print_status("  " + escape(line))
    server.start()
    wait_until_healthy(f"{address}/api/health", server.process)
    register_deployments(environment)
    for worker in workers:
        worker.start()
    store = str(get_runs_dir())
    print_status(escape(tell_reader("dashboard-at", address=address, store=store)))
    say_how_to_log_in(address)
    supervise(parts)


def describe_history(
    database: DatabaseCluster | None, environment: Mapping[str, str]
) -> Iterator[str]:
    """Where Prefect's history lies, and which schedules an earlier one leaves behind."""
    if database:
        yield tell_reader("history-postgres", data=str(database.data))
        if database.is_new and (names := list_switched_on()):
            file = str(get_sqlite_file())
            yield tell_reader("history-left-schedules", file=file, names=names)
    elif names_database(environment):
        yield tell_reader("history-named")
    else:
        yield tell_reader("history-sqlite")


def stop_all(parts: Sequence[Part], workers: int) -> None:
    """Workers and orphaned runs first, since they tell the server; then the server, and last its
    database.
    """
    known = {part.process.pid for part in parts if part.started}
    orphans = [child for child in psutil.Process().children() if child.pid not in known]
    for orphan in orphans:  # runs whose worker died
        orphan.terminate()
    until = time.monotonic() + WORKER_SECONDS
    stop([part.process for part in parts[:workers] if part.started], WORKER_SECONDS)
    psutil.wait_procs(orphans, timeout=max(0.0, until - time.monotonic()))
    for part, seconds in zip(parts[workers:], (SERVER_SECONDS, DATABASE_SECONDS), strict=False):
        if part.started:
            stop([part.process], seconds)


def worker_command(pool: str, name: str) -> list[str]:
    """Python with a worker of a pool."""
    return [sys.executable, "-m", "deployments.worker", pool, "--name", name]


def say_how_to_log_in(address: str) -> None:
    """The login itself is shown at a terminal only: other outputs are logs, which others
    may read.
    """
    if os.environ.get(SERVER_LOGIN):
        print_status("  " + escape(tell_reader("login-is-variable", variable=SERVER_LOGIN)))
        return
    if console.is_terminal:
        told = tell_reader("login-is", login=login_of_store())
    else:
        told = tell_reader("login-lies-in", path=str(login_file()))
    command = (
        f'export PREFECT_API_URL={address}/api PREFECT_API_AUTH_STRING="$(cat {login_file()})"'
    )
    print_status("  " + escape(told))
    print_status("  " + escape(tell_reader("login-for-commands", command=command)))


def build_environment(address: str) -> dict[str, str]:
    """What server, workers and commands need to find one another; the settings of
    tasks/engine/orchestration/prefect_settings.py are in it already.
    """
    return {
        **os.environ,
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        "PREFECT_API_AUTH_STRING": login_of_store(),
    }


def wait_until_healthy(health: str, server: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < STARTUP_SECONDS:
        if server.poll() is not None:
            raise StudyError(build_message("server-ended", log=str(log_of("server"))))
        try:
            with urllib.request.urlopen(health, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise StudyError(
        build_message("server-silent", seconds=round(STARTUP_SECONDS), log=str(log_of("server")))
    )


def main(host: str = "127.0.0.1", port: int = 4200) -> None:
    """Serve Prefect's dashboard over this store until Ctrl-C.

    Parameters
    ----------
    host
        address to listen on; everybody needs the password, which is told at the start
    port
        port of the server
    """
    from tasks.engine.orchestration.prefect_settings import configure_prefect

    configure_prefect(verbose=True)
    try:
        serve_dashboard(host, port)
    except StudyError as error:
        sys.exit(f"dashboard: {tell_error(error)}")
    finally:
        kill_children()


if __name__ == "__main__":
    cyclopts.run(main)
