"""What compose.yaml would run, run without Docker: its processes with its own variables and secrets, on a PostgreSQL, from a fresh clone."""

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient
from support.postgres import serve_database
from support.prefect_team import find_free_port
from support.small_study import build_small_plan

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "deployments" / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
PASSWORD = "admin:a-word-of-the-test"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A fresh clone, at a path with a space."""
    place = tmp_path_factory.mktemp("some where") / "book2lora"
    done = subprocess.run(
        ["git", "clone", "--quiet", "--shared", str(ROOT), str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"needs a git repository: {done.stderr.strip()}")
    return place


@pytest.fixture(scope="module")
def stack(clone, tmp_path_factory):
    """All services but the database's own image; how to start one, and a client that knows the password."""
    folder, port, port_of_database = (
        tmp_path_factory.mktemp("compose"),
        find_free_port(),
        find_free_port(),
    )
    names = {"PUBLIC_ADDRESS": f"http://127.0.0.1:{port}"}
    ports = {service: find_free_port() for service in ("worker-cpu", "worker-gpu")}
    places = {"/runs": folder / "runs", "/models": folder / "models"}
    addresses = {"database": "127.0.0.1", "5432": str(port_of_database)}
    secrets = folder / "secrets"
    secrets.mkdir()
    for name in COMPOSE["secrets"]:
        (secrets / name).write_text({"prefect_login": f"{PASSWORD}\n"}.get(name, "unused\n"))

    def here(value):
        """As compose would fill it in, with this machine's addresses and places."""
        value = re.sub(r"\$\{(\w+)(?::[-?][^}]*)?\}", lambda found: names.get(found[1], ""), value)
        value = value.replace("//server:4200", f"//127.0.0.1:{port}")
        value = value.replace("/run/secrets", str(secrets))
        return str(places.get(value, addresses.get(value, value)))

    def environment(service):
        home = folder / f"home of {service}"
        home.mkdir(exist_ok=True)
        given = {name: here(value) for name, value in SERVICES[service]["environment"].items()}
        if service in ports:  # the containers have an 8080 each
            given["PREFECT_WORKER_WEBSERVER_PORT"] = str(ports[service])
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {"PATH": programs, "HOME": str(home)} | given

    @contextmanager
    def running(service, *arguments):
        with (folder / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                [clone / "deployments" / "entrypoint.sh", *arguments],
                cwd=clone,
                env=environment(service),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    with ExitStack() as started:
        started.enter_context(serve_database(folder / "postgres", port_of_database))
        entrypoint, *serve = (
            {"0.0.0.0": "127.0.0.1", "4200": str(port), "/app": str(clone)}.get(word, word)
            for word in SERVICES["server"]["entrypoint"]
        )
        assert entrypoint == "/app/entrypoint.sh"
        started.enter_context(running("server", *serve))
        until_healthy(SERVICES["server"]["healthcheck"]["test"][1:], "4200", port)
        with running("deploy", *SERVICES["deploy"]["command"]) as deploy:
            assert deploy.wait(200) == 0, (folder / "deploy.log").read_text()
        for service in ("worker-cpu", "worker-gpu"):
            worker, *options = SERVICES[service]["command"]
            assert worker == "book2lora-worker"  # the clone's, not the installed one
            started.enter_context(running(service, "python3", "-m", "deployments.worker", *options))
            until_healthy(SERVICES[service]["healthcheck"]["test"][1:], "8080", ports[service])
        yield (
            SyncPrefectClient(f"http://127.0.0.1:{port}/api", auth_string=PASSWORD),
            folder / "runs",
            port,
        )


def until_healthy(check, port_inside, port):
    """The healthcheck's own command."""
    until = time.monotonic() + 150
    while subprocess.run(
        [sys.executable, *(word.replace(port_inside, str(port)) for word in check[1:])],
        capture_output=True,
    ).returncode:
        assert time.monotonic() < until, "not healthy"
        time.sleep(1)


def test_a_study_runs_in_both_pools_and_its_report_is_there(stack):
    client, runs, _ = stack
    deployment = client.read_deployment_by_name("study/laptop")
    run = client.create_flow_run_from_deployment(
        deployment.id,
        parameters={"plan": build_small_plan().model_dump(mode="json"), "gpu": "tune/gpu"},
    )
    until = time.monotonic() + 400
    while not (now := client.read_flow_run(run.id)).state.is_final():
        assert time.monotonic() < until, now.state
        time.sleep(1)
    assert now.state.is_completed(), now.state.message
    assert (runs / "studies" / "small" / "verdict.json").is_file()
    assert {one.work_pool_name for one in client.read_flow_runs()} >= {"cpu", "gpu"}


def test_nobody_gets_in_without_the_password(stack):
    import httpx

    _, _, port = stack
    assert httpx.post(f"http://127.0.0.1:{port}/api/flow_runs/filter", json={}).status_code == 401


def test_the_password_is_in_nothing_that_is_left_behind(stack):
    _, runs, _ = stack
    left = [
        path
        for path in runs.rglob("*")
        if path.is_file() and b"a-word-of-the-test" in path.read_bytes()
    ]
    left += [
        path for path in runs.parent.glob("*.log") if b"a-word-of-the-test" in path.read_bytes()
    ]
    assert not left
