"""A team's server under load: no call is refused, and no event is lost."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from support.postgres import open_folder
from support.prefect_team import find_free_port

from deployments.dashboard import DATABASE_URL, build_environment, wait_until_healthy
from deployments.database import find_programs, prepare_database
from deployments.supervisor import spawn, stop
from tasks.engine.orchestration import database_folder
from tasks.engine.orchestration.server_app import server_command, server_environment

pytestmark = [
    pytest.mark.skipif(
        find_programs(None) is None, reason="needs PostgreSQL: apt-get install postgresql"
    ),
    pytest.mark.timeout(1500),
]
STATES = ("PENDING", "RUNNING", "COMPLETED")
READS = ("/flow_runs/filter", "/deployments/filter", "/events/filter", "/work_pools/filter")


@contextmanager
def serving(folder, monkeypatch):
    """The dashboard's server on the dashboard's database: a client of httpx, which tries nothing twice."""
    monkeypatch.setattr(database_folder, "ROOT_FOLDER", folder)
    cluster, port = prepare_database({}), find_free_port()
    part = cluster.build_part()
    part.start()
    address = f"http://127.0.0.1:{port}"
    login = "admin:a-word-of-the-test"
    environment = build_environment(address) | server_environment("127.0.0.1", port, login)
    processes = [part.process]
    try:
        cluster.wait_until_ready(part.process)
        home = {"PREFECT_HOME": str(folder / "home"), DATABASE_URL: cluster.address}
        server = spawn("server", environment | home, server_command("127.0.0.1", port))
        processes.insert(0, server)
        wait_until_healthy(f"{address}/api/health", server)
        limits = httpx.Limits(max_connections=64)
        with httpx.Client(
            base_url=f"{address}/api", auth=tuple(login.split(":")), timeout=300, limits=limits
        ) as client:
            yield client
    finally:
        for process in processes:
            stop([process], 20)


def play_run(client, flow, refused):
    """What a worker and a browser send for one run; the names of what was refused are counted."""

    def post(path, **content):
        answer = client.post(path, json=content)
        if answer.status_code >= 400:
            refused[f"{path.split('/')[-1]}: {answer.status_code}"] += 1
        return answer

    run = post("/flow_runs/", flow_id=flow, state={"type": "SCHEDULED"}).json()["id"]
    for state in STATES:
        post(f"/flow_runs/{run}/set_state", state={"type": state}, force=True)
        logs = {"name": "soak", "level": 20, "message": state, "flow_run_id": run}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        answer = client.post("/logs/", json=[logs | {"timestamp": now}])
        refused["logs"] += answer.status_code >= 400
        for path in READS:
            post(path)
    post("/artifacts/", key="soak", type="markdown", data="x" * 20_000, flow_run_id=run)


def count_completed(client):
    wanted = {"filter": {"event": {"name": ["prefect.flow-run.Completed"]}}, "limit": 1}
    return client.post("/events/filter", json=wanted).json()["total"]


@pytest.mark.parametrize(
    ("runs_in_all", "at_once"), [(12, 4), pytest.param(400, 16, marks=pytest.mark.slow)]
)
def test_no_call_is_refused_and_no_event_is_lost(runs, monkeypatch, runs_in_all, at_once):
    with open_folder() as folder, serving(folder, monkeypatch) as client:
        flow = client.post("/flows/", json={"name": "soak"}).json()["id"]
        refused: Counter = Counter()
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda _: play_run(client, flow, refused), range(runs_in_all)))
        assert not +refused
        until = time.monotonic() + 120
        while (found := count_completed(client)) < runs_in_all and time.monotonic() < until:
            time.sleep(0.5)  # events are written in batches
        assert found == runs_in_all
