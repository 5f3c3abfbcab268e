"""`make dashboard`: a Prefect server on the same store as the laptop runs, with both pools, all deployments and one worker each."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from urllib.error import URLError

import cyclopts
from rich.markup import escape

from deployments.register import POOLS, register
from tasks.errors import StudyError
from tasks.parent_death import die_with_parent
from tasks.progress import say
from tasks.store import HOUSE, runs_dir

STARTUP_SECONDS = 120.0
STOP_SECONDS = 20.0
EVERYWHERE = ("0.0.0.0", "::")


def serve(host: str, port: int) -> None:
    """Run until interrupted, then stop everything that was started."""
    ensure_free(host, port)
    address = f"http://{'127.0.0.1' if host in EVERYWHERE else f'[{host}]' if ':' in host else host}:{port}"
    environment = environment_for(address)
    children: dict[str, subprocess.Popen[bytes]] = {}
    for number in (signal.SIGINT, signal.SIGTERM):  # a script's `&` lets the first be ignored
        signal.signal(number, _interrupt)
    try:
        children["server"] = spawn("server", environment, "prefect", "server", "start", "--host", host, "--port", str(port))
        wait_healthy(f"{address}/api/health", children["server"])
        register(environment)
        for pool in POOLS:
            children[f"worker-{pool}"] = spawn(f"worker-{pool}", environment, "deployments.worker", pool, "--name", f"{pool}-1")
        say(f"dashboard: {address}   (studies in {escape(str(runs_dir()))}; Ctrl-C stops it)")
        while not (ended := [name for name, child in children.items() if child.poll() is not None]):
            time.sleep(0.5)
        raise StudyError(f"{ended[0]} ended by itself with code {children[ended[0]].returncode}; see the end of {_logs() / ended[0]}.log")
    except KeyboardInterrupt:
        say("stopping …")
    finally:
        stop(children)


def ensure_free(host: str, port: int) -> None:
    """Raises StudyError where we cannot listen; else a server that is there already would be taken for ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: what has just ended is no hindrance
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StudyError(
                f"cannot listen on {host}, port {port}: {error.strerror}. Is a dashboard running there? Try --port {port + 1}."
            ) from error
    if host not in ("127.0.0.1", "localhost", "::1") and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        say(f"[yellow]{host} lets others in without a password[/]: set PREFECT_SERVER_API_AUTH_STRING=user:password")


def environment_for(address: str) -> dict[str, str]:
    """What server, workers and commands need to find one another; the settings of flows/settings.py are in it already."""
    password = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    return {
        **os.environ,
        "PREFECT_API_URL": f"{address}/api",
        "PREFECT_SERVER_UI_API_URL": f"{address}/api",
        **({"PREFECT_API_AUTH_STRING": password} if password else {}),
    }


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _logs() -> Path:
    return runs_dir() / "logs"


def spawn(name: str, environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """A long-lived part, in a process group of its own, with its output in runs/logs/<name>.log; ended with us, whatever ends us."""
    _logs().mkdir(parents=True, exist_ok=True)
    with (_logs() / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=environment,
            cwd=HOUSE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def wait_healthy(health: str, server: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < STARTUP_SECONDS:
        if server.poll() is not None:
            raise StudyError(f"the server ended at once; see the end of {_logs() / 'server.log'}")
        try:
            with urllib.request.urlopen(health, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise StudyError(f"the server did not answer at {health} within {STARTUP_SECONDS:.0f} s; see {_logs() / 'server.log'}")


def stop(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Workers first and together, then the server; what does not end in time is killed with its children."""
    for is_server in (False, True):
        alive = [child for name, child in children.items() if (name == "server") == is_server and child.poll() is None]
        for child in alive:
            child.send_signal(signal.SIGINT)
        until = time.monotonic() + STOP_SECONDS
        for child in alive:
            _end(child, until)


def _end(child: subprocess.Popen[bytes], until: float) -> None:
    try:
        child.wait(timeout=max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def main(host: str = "127.0.0.1", port: int = 4200) -> None:
    """Serve Prefect's dashboard over this store until Ctrl-C.

    Parameters
    ----------
    host
        address to listen on; anything but loopback lets others in: set PREFECT_SERVER_API_AUTH_STRING then
    port
        port of the server
    """
    from flows.settings import settle

    settle(verbose=True)
    try:
        serve(host, port)
    except StudyError as error:
        sys.exit(f"dashboard: {error}")


if __name__ == "__main__":
    cyclopts.run(main)
