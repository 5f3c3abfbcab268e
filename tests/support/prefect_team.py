"""A team's machines on this one: a Prefect server with our deployments, and process workers in homes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import AwaitingRetry

from deployments.dashboard import build_environment, wait_until_healthy, worker_command
from deployments.register import register_deployments
from deployments.supervisor import spawn, stop
from support.stage_records import has_stage_begun, list_stage_records
from tasks.engine.orchestration.server_app import server_command, server_environment
from tasks.schemas.project import PROJECT_ROOT
from tasks.store.lock_files import is_locked

WAIT_SECONDS = (
    600  # seconds; a study of the small plan takes about 60, on a busy machine many times that
)
NOT_SHARED = (".prefect", "locks", "alive", "scratch", "logs")  # of the machine that made a store


class PrefectTeam:
    """What a test can do with them."""

    def __init__(self, folder: Path, environment: dict[str, str], port: int, shared: bool) -> None:
        self.folder, self.port, self._shared, self._environment = folder, port, shared, environment
        self.address = f"http://127.0.0.1:{port}"
        self.api = f"{self.address}/api"
        self.login = environment["PREFECT_API_AUTH_STRING"]
        self.client = SyncPrefectClient(self.api, auth_string=self.login)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def runs(self) -> Path:
        """The store as the cpu worker sees it."""
        return self.folder / "runs" if self._shared else self.folder / "cpu-1-mirror"

    def serve_prefect(self) -> None:
        """Start the server, or start it again."""
        home = (
            self._environment
            | {"PREFECT_HOME": str(self.folder / "server-home")}
            | server_environment("127.0.0.1", self.port, self.login)
        )
        self.processes["server"] = spawn("server", home, server_command("127.0.0.1", self.port))
        wait_until_healthy(f"{self.api}/health", self.processes["server"])

    def start_worker(self, pool: str, name: str) -> None:
        """A worker in a home of its own; with an object store in a mirror of its own, too."""
        home = self._environment | {"PREFECT_HOME": str(self.folder / f"{name}-home")}
        mirror = {} if self._shared else {"RUNS_MIRROR": str(self.folder / f"{name}-mirror")}
        self.processes[name] = spawn(f"worker-{name}", home | mirror, worker_command(pool, name))

    def kill_process(self, name: str, with_children: bool = True) -> None:
        """kill -9."""
        process = self.processes.pop(name)
        (os.killpg if with_children else os.kill)(process.pid, signal.SIGKILL)
        process.wait()

    def request_run(self, deployment: str, **parameters: object) -> FlowRun:
        """Ask for a run, as the dashboard's form does."""
        found = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(found.id, parameters=parameters)

    def wait_until_final(self, run: FlowRun, seconds: float = WAIT_SECONDS) -> FlowRun:
        """The run in its final state."""
        return self.wait_until(run, lambda state: state.is_final(), seconds)

    def wait_until(self, run: FlowRun, is_so, seconds: float = WAIT_SECONDS) -> FlowRun:
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            now = self.client.read_flow_run(run.id)
            if now.state is not None and is_so(now.state):
                return now
            time.sleep(0.5)
        raise AssertionError(f"not within {seconds} s: {now.state}")

    def read_flow_runs(self, **filters: object) -> list[FlowRun]:
        return self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(filters), limit=200
        )

    def has_begun(self, stage: str, before: Mapping[str, int]) -> bool:
        """Whether a stage is being done, or was since its records were as `before`."""
        return has_stage_begun(self.runs, stage, before)

    def list_flow_processes(self, worker: str = "cpu-1") -> list[psutil.Process]:
        """The processes that a worker started for its runs."""
        children = psutil.Process(self.processes[worker].pid).children(recursive=True)
        return [
            child
            for child in children
            if any(part.startswith("prefect.") for part in child.cmdline())
        ]

    def list_stage_records(self) -> dict[str, int]:
        """The kept records of stages and when they were written, in ns."""
        return list_stage_records(self.runs)

    def list_done_since(self, before: dict[str, int]) -> set[str]:
        """Stages whose record was written anew."""
        return {
            key.split("/")[1]
            for key, time in self.list_stage_records().items()
            if before.get(key) != time
        }

    def read_verdict(self, name: str = "small") -> bytes:
        return (self.runs / "studies" / name / "verdict.json").read_bytes()

    def retry_run(self, run: FlowRun, way: str) -> None:
        """The same run again, by the dashboard's button or by Prefect's command."""
        if way == "dashboard":
            self.client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
        else:
            subprocess.run(
                [sys.executable, "-m", "prefect", "flow-run", "retry", str(run.id)],
                env=self._environment,
                cwd=PROJECT_ROOT,
                check=True,
                capture_output=True,
            )
        self.wait_until(run, lambda state: not state.is_final(), 60)

    def start_command(self, *arguments: str) -> subprocess.Popen[str]:
        """`book2lora study …` of somebody whose PREFECT_API_URL names this server."""
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli.main", "study", *arguments],
            cwd=PROJECT_ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def list_held_locks(self) -> list[str]:
        """Locks of stages and cards that a process still holds."""
        return [place.name for place in (self.runs / "locks").iterdir() if is_locked(place)]


def find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def start_team(
    folder: Path, store: str | None = None, database: str | None = None, **settings: str
) -> Iterator[PrefectTeam]:
    """Server, pools, deployments, one worker a pool; everything stopped at the end."""
    port = find_free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_LOCAL_STORAGE_PATH", raising=False)
        patch.setenv("RUNS_DIR", store or str(folder / "runs"))
        patch.setenv("RUNS_MIRROR", str(folder / "own-mirror"))
        environment = (
            build_environment(f"http://127.0.0.1:{port}")
            | {"PREFECT_WORKER_QUERY_SECONDS": "2"}
            | settings
        )
        environment |= {"PREFECT_API_DATABASE_CONNECTION_URL": database} if database else {}
        one = PrefectTeam(folder, environment, port, shared=store is None)
        try:
            one.serve_prefect()
            register_deployments(environment)
            for pool in ("cpu", "gpu"):
                one.start_worker(pool, f"{pool}-1")
            yield one
        finally:
            stop([process for name, process in one.processes.items() if name != "server"], 10)
            stop([process for name, process in one.processes.items() if name == "server"], 10)
