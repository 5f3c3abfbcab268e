"""`make dashboard`: a Prefect server on the same store as the laptop runs, with both pools, all deployments and one worker each."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType
from urllib.error import URLError

import cyclopts

from deployments.register import POOLS, register
from deployments.worker import start
from tasks.errors import StudyError
from tasks.progress import say
from tasks.store import HOUSE, runs_dir

STARTUP_SECONDS = 120.0


def serve(host: str, port: int) -> None:
    """Run until interrupted, then stop everything that was started."""
    address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"
    environment = environment_for(address)
    children: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        children.append(spawn("server", environment, "server", "start", "--host", host, "--port", str(port)))
        wait_healthy(f"{address}/api/health", children[0])
        register(environment)
        children += [spawn(f"worker-{pool}", environment, *start(pool, "--name", f"{pool}-1")) for pool in POOLS]
        say(f"dashboard: {address}   (studies in {runs_dir()}; Ctrl-C stops it)")
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        raise StudyError(f"a part of the dashboard ended by itself; see the logs in {_logs()}")
    except KeyboardInterrupt:
        say("stopping …")
    finally:
        stop(children)


def environment_for(address: str) -> dict[str, str]:
    """What server, workers and commands need to find one another; the settings of flows/settings.py are in it already."""
    return {**os.environ, "PREFECT_API_URL": f"{address}/api", "PREFECT_SERVER_UI_API_URL": f"{address}/api"}


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _logs() -> Path:
    return runs_dir() / "logs"


def spawn(name: str, environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """A long-lived part, in a process group of its own, with its output in runs/logs/<name>.log."""
    _logs().mkdir(parents=True, exist_ok=True)
    with (_logs() / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments], env=environment, cwd=HOUSE, stdout=log, stderr=log, start_new_session=True
        )


def wait_healthy(health: str, server: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < STARTUP_SECONDS:
        if server.poll() is not None:
            raise StudyError(f"the server ended at once (is the port taken? try --port 4201); see {_logs() / 'server.log'}")
        try:
            with urllib.request.urlopen(health, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise StudyError(f"the server did not answer at {health} within {STARTUP_SECONDS:.0f} s; see {_logs() / 'server.log'}")


def stop(children: list[subprocess.Popen[bytes]]) -> None:
    """Workers first, then the server; what does not end in time is killed with its children."""
    for child in reversed(children):
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(timeout=20)
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
