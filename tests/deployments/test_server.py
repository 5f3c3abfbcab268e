"""A real server, two process workers in separate homes, one shared store: a study whose tuning runs on the gpu pool."""

import socket
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from small_study import small_plan

pytestmark = pytest.mark.timeout(600)
PATIENCE = 300  # seconds; a study of this size takes about 60


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """Server, pools, deployments and workers; everything stopped at the end."""
    from deployments.dashboard import environment_for, spawn, stop, wait_healthy
    from deployments.register import register

    folder = tmp_path_factory.mktemp("team")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    runs = folder / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(runs))
        patch.setenv("PREFECT_LOCAL_STORAGE_PATH", str(runs / "results"))
        environment = environment_for(address) | {"PREFECT_HOME": str(folder / "server-home"), "PREFECT_WORKER_QUERY_SECONDS": "2"}
        children = [spawn("server", environment, "server", "start", "--host", "127.0.0.1", "--port", str(port))]
        try:
            wait_healthy(f"{address}/api/health", children[0])
            register(environment)

            def hire(pool, name):
                home = environment | {"PREFECT_HOME": str(folder / f"{name}-home")}
                children.append(spawn(f"worker-{name}", home, "worker", "start", "--pool", pool, "--name", name))

            for pool in ("cpu", "gpu"):
                hire(pool, f"{pool}-1")
            yield SimpleNamespace(api=f"{address}/api", runs=runs, hire=hire)
        finally:
            stop(children)


@pytest.fixture(scope="module")
def client(team):
    from prefect.client.orchestration import SyncPrefectClient

    with SyncPrefectClient(team.api) as client:
        yield client


def wait_for(client, run_id):
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        run = client.read_flow_run(run_id)
        if run.state is not None and run.state.is_final():
            return run
        time.sleep(1)
    raise AssertionError(f"the run did not end within {PATIENCE} s: {run.state}")


@pytest.fixture(scope="module")
def study(client):
    """A study that was asked for at its deployment, with tuning sent to tune/gpu; a cron schedule was set before."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    deployment = client.read_deployment_by_name("study/laptop")
    plan = small_plan().model_dump(mode="json")
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron="* * * * *", timezone="Asia/Tehran"), active=True, parameters={"plan": {**plan, "name": "by-cron"}}
    )
    client.create_deployment_schedules(deployment.id, [(schedule.schedule, schedule.active)])
    run = client.create_flow_run_from_deployment(deployment.id, parameters={"plan": plan, "gpu": "tune/gpu"})
    return wait_for(client, run.id)


def flow_runs(client, **filters):
    from prefect.client.schemas.filters import FlowRunFilter

    return client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(filters), limit=200)


def test_the_study_completes_and_the_report_is_there(team, study):
    assert study.state.is_completed(), study.state.message
    assert (team.runs / "studies" / "small" / "verdict.json").is_file()


def test_the_tuning_ran_on_the_gpu_pool(client, study):
    tunes = [run for run in flow_runs(client) if run.work_pool_name == "gpu"]
    assert [run.state.is_completed() for run in tunes] == [True]
    assert study.work_pool_name == "cpu"


def test_the_report_is_an_artifact_of_the_run(client, study):
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["report"])))
    assert any(artifact.flow_run_id == study.id and 'dir="rtl"' in artifact.data for artifact in found)


def test_a_cron_deployment_gets_scheduled_runs_and_one_fires(client, study):
    """SQLAlchemy 2.1 silently stops the scheduler; this is what would tell."""
    begun = time.monotonic()
    while time.monotonic() - begun < 150:
        mine = [run for run in flow_runs(client) if run.auto_scheduled]
        if mine and any(run.start_time for run in mine):
            break
        time.sleep(2)
    assert mine, "no scheduled run was created"
    fired = next(run for run in mine if run.start_time)
    assert fired.start_time - fired.expected_start_time < timedelta(seconds=60)


def test_nothing_of_the_store_is_open_to_others(team, study):
    assert (team.runs / "results").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_sweep_sends_as_many_settings_at_once_as_there_are_workers(team, client, study):
    from itertools import combinations

    team.hire("gpu", "gpu-2")
    while len(client.read_workers_for_work_pool("gpu")) < 2:
        time.sleep(1)
    deployment = client.read_deployment_by_name("sweep/laptop")
    plan = {"name": "team", "study": small_plan().model_dump(mode="json"), "grid": {"finetuning.rank": [2, 4, 8, 16]}}
    run = wait_for(client, client.create_flow_run_from_deployment(deployment.id, parameters={"plan": plan, "gpu": "arm/gpu"}).id)
    assert run.state.is_completed(), run.state.message
    assert (team.runs / "sweeps" / "team" / "index.html").is_file()
    arms = [one for one in flow_runs(client) if one.deployment_id == client.read_deployment_by_name("arm/gpu").id]
    assert len(arms) == 4 + 1 and all(one.state.is_completed() for one in arms)  # the chosen one sits the final questions, too
    together = [max(a.start_time, b.start_time) < min(a.end_time, b.end_time) for a, b in combinations(arms, 2)]
    assert any(together)
    for moment in (one.start_time for one in arms):
        assert sum(one.start_time <= moment < one.end_time for one in arms) <= 2
