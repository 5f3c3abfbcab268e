"""Registering on Prefect's own server: what people changed there stays, what is ours is brought up to date."""

from types import SimpleNamespace

import pytest
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolUpdate
from prefect.client.schemas.schedules import CronSchedule

from deployments import register
from deployments.declared_deployments import read_declared_deployments
from deployments.register import POOLS, RECORD_NAME, register_deployments
from tasks.schemas.errors import PlanError

LAPTOP = "study/laptop"
pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def server(prefect, runs, monkeypatch):
    """The session's server, with nothing registered before and after."""
    from prefect import get_client
    from prefect.settings import PREFECT_API_URL

    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    with get_client(sync_client=True) as client:
        remove_everything(client)
        yield SimpleNamespace(
            client=client, environment={"PREFECT_API_URL": PREFECT_API_URL.value()}
        )
        remove_everything(client)


def remove_everything(client):
    for one in client.read_deployments():
        client.delete_deployment(one.id)
    for pool in client.read_work_pools():
        client.delete_work_pool(pool.name)
    for one in client.read_automations():
        client.delete_automation(one.id)
    if client.read_variable_by_name(RECORD_NAME):
        client.delete_variable_by_name(RECORD_NAME)


def registered(server, **options):
    return {one.name: one for one in register_deployments(server.environment, **options)}


def change_declared(monkeypatch, name=LAPTOP, **fields):
    """As if prefect.yaml or the flow had been changed by an upgrade."""
    declared = read_declared_deployments()
    for one in declared:
        if one.full_name == name:
            one.fields.update({key.replace("__", "."): value for key, value in fields.items()})
    monkeypatch.setattr(register, "read_declared_deployments", lambda: declared)


def test_all_is_created_and_a_second_time_nothing_is_changed(server, capfd):
    first = registered(server)
    assert first.keys() >= {"pool cpu", "pool gpu", LAPTOP, "tune/gpu", "arm/gpu", "sweep/laptop"}
    assert all(one.is_new for one in first.values())
    assert "registered: " in capfd.readouterr().err
    there = server.client.read_deployment_by_name(LAPTOP)
    assert there.work_pool_name == "cpu" and there.enforce_parameter_schema
    assert [(one.slug, one.active) for one in there.schedules] == [("nightly", False)]
    sweep = server.client.read_deployment_by_name("sweep/laptop")
    assert sweep.global_concurrency_limit.limit == 1
    again = registered(server)
    assert not [one for one in again.values() if one.is_new or one.changed or one.kept]
    assert "nothing was changed" in capfd.readouterr().err
    assert server.client.read_deployment_by_name(LAPTOP).updated == there.updated


def test_what_a_person_switched_and_limited_stays(server):
    registered(server)
    client = server.client
    there = client.read_deployment_by_name(LAPTOP)
    client.update_deployment_schedule(there.id, there.schedules[0].id, active=True)
    client.update_deployment(
        there.id,
        DeploymentUpdate(concurrency_limit=3, job_variables={"env": {"A": "b"}}, paused=True),
    )
    client.update_work_pool("gpu", WorkPoolUpdate(concurrency_limit=7, is_paused=True))
    watch = client.read_automations()[0]
    client.pause_automation(watch.id)
    registered(server)
    now = client.read_deployment_by_name(LAPTOP)
    assert now.schedules[0].active and now.paused
    assert now.global_concurrency_limit.limit == 3 and now.job_variables == {"env": {"A": "b"}}
    pool = client.read_work_pool("gpu")
    assert pool.concurrency_limit == 7 and pool.is_paused
    assert not client.read_automations()[0].enabled


def test_an_upgrade_changes_what_nobody_touched_and_tells_it(server, monkeypatch, capfd):
    registered(server)
    client = server.client
    there = client.read_deployment_by_name(LAPTOP)
    client.update_deployment_schedule(there.id, there.schedules[0].id, active=True)
    client.update_deployment(there.id, DeploymentUpdate(concurrency_limit=3, paused=True))
    capfd.readouterr()
    declared = read_declared_deployments()
    one = next(one for one in declared if one.full_name == LAPTOP)
    one.active["weekly"] = False
    one.fields.update(
        {
            "entrypoint": "flows/elsewhere.py:study",
            "parameters.plan": {"name": "laptop", "language": "en"},
            "schedules.nightly": {"cron": "0 5 * * *", "timezone": "Asia/Tehran"},
            "schedules.weekly": {"cron": "0 6 * * 5", "timezone": "Asia/Tehran"},
        }
    )
    monkeypatch.setattr(register, "read_declared_deployments", lambda: declared)
    done = registered(server)[LAPTOP]
    assert set(done.changed) == {
        "entrypoint",
        "parameters.plan",
        "schedules.nightly",
        "schedules.weekly",
    }
    assert "study/laptop: brought up to date in entrypoint" in capfd.readouterr().err
    now = client.read_deployment_by_name(LAPTOP)
    assert (
        now.entrypoint == "flows/elsewhere.py:study" and now.parameters["plan"]["language"] == "en"
    )
    when = {one.slug: (one.schedule.cron, one.active) for one in now.schedules}
    assert when == {"nightly": ("0 5 * * *", True), "weekly": ("0 6 * * 5", False)}
    assert now.paused and now.global_concurrency_limit.limit == 3


def test_what_a_person_changed_stays_through_an_upgrade_and_is_told(server, monkeypatch, capfd):
    registered(server)
    client = server.client
    there = client.read_deployment_by_name(LAPTOP)
    mine = {"plan": {"name": "my-book", "language": "en"}, "gpu": "tune/gpu"}
    client.update_deployment(
        there.id, DeploymentUpdate(parameters=mine, description="ours", tags=["house"])
    )
    slot = there.schedules[0]
    client.update_deployment_schedule(
        there.id, slot.id, schedule=CronSchedule(cron="0 1 * * *", timezone="Asia/Tehran")
    )
    change_declared(monkeypatch, parameters__plan={"name": "laptop", "language": "fa"})
    done = registered(server)[LAPTOP]
    assert set(done.kept) == {"parameters.plan", "description", "tags", "schedules.nightly"}
    assert "left as it is on the server" in capfd.readouterr().err
    now = client.read_deployment_by_name(LAPTOP)
    assert (now.parameters, now.description, now.tags) == (mine, "ours", ["house"])
    assert now.schedules[0].schedule.cron == "0 1 * * *"


def test_a_schedule_that_was_deleted_by_hand_does_not_come_back(server):
    registered(server)
    there = server.client.read_deployment_by_name(LAPTOP)
    server.client.delete_deployment_schedule(there.id, there.schedules[0].id)
    for _ in range(2):
        registered(server)
    assert not server.client.read_deployment_by_name(LAPTOP).schedules


def test_a_store_of_the_version_before_keeps_its_schedules_and_its_plans(server):
    """Schedules had no slugs, and nothing was remembered."""
    registered(server)
    client = server.client
    there = client.read_deployment_by_name(LAPTOP)
    client.delete_deployment_schedule(there.id, there.schedules[0].id)
    nightly = CronSchedule(cron="30 2 * * *", timezone="Asia/Tehran")
    client.create_deployment_schedules(there.id, [(nightly, True)])
    client.update_deployment(
        there.id, DeploymentUpdate(parameters={"plan": {"name": "old"}}, entrypoint="old.py:study")
    )
    client.delete_variable_by_name(RECORD_NAME)
    for _ in range(2):
        assert set(registered(server)[LAPTOP].kept) == {"parameters.plan"}
    now = client.read_deployment_by_name(LAPTOP)
    assert [(one.slug, one.active) for one in now.schedules] == [(None, True)]
    assert now.parameters == {"plan": {"name": "old"}}
    assert now.entrypoint == "flows/entrypoints.py:study"


def test_parameters_that_fit_no_more_are_told_and_stop_nothing_else(server, monkeypatch, capfd):
    registered(server)
    there = server.client.read_deployment_by_name(LAPTOP)
    mine = {"plan": {"name": "x"}, "gpu": "tune/gpu"}
    server.client.update_deployment(there.id, DeploymentUpdate(parameters=mine))
    declared = read_declared_deployments()
    by_name = {one.full_name: one for one in declared}
    by_name[LAPTOP].fields["parameter_openapi_schema"]["properties"]["gpu"] = {"type": "integer"}
    by_name["arm/gpu"].fields["description"] = "another"
    monkeypatch.setattr(register, "read_declared_deployments", lambda: declared)
    done = registered(server)
    assert "tune/gpu" in done[LAPTOP].refused and done["arm/gpu"].changed == ("description",)
    assert "does not fit any more" in capfd.readouterr().err
    assert server.client.read_deployment_by_name(LAPTOP).parameters == mine


def test_a_deployment_whose_pool_was_deleted_gets_it_back(server):
    registered(server)
    server.client.delete_work_pool("gpu")
    registered(server)
    assert server.client.read_deployment_by_name("tune/gpu").work_pool_name == "gpu"


def test_a_pools_template_that_was_changed_by_hand_stays(server):
    registered(server)
    template = server.client.read_work_pool("cpu").base_job_template
    template["variables"]["properties"]["env"]["default"] = {"HF_HOME": "/models"}
    server.client.update_work_pool("cpu", WorkPoolUpdate(base_job_template=template))
    assert registered(server)["pool cpu"].kept == ("base_job_template",)
    assert server.client.read_work_pool("cpu").base_job_template == template


def test_process_pools_are_not_made_kubernetes_in_silence(server):
    registered(server)
    with pytest.raises(PlanError, match="cpu is there as process, and kubernetes is asked for"):
        registered(server, kubernetes=True)


def test_kubernetes_pools_carry_our_templates(server):
    registered(server, kubernetes=True)
    pools = {pool: server.client.read_work_pool(pool) for pool in POOLS}
    assert {pool.type for pool in pools.values()} == {"kubernetes"}
    again = registered(server, kubernetes=True)
    assert not [one for one in again.values() if one.changed or one.kept]
