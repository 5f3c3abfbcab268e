"""Processes, workers and the server are killed under a study of the team; each way to go on ends with the same verdict."""

import os
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore
from small_study import small_plan
from team import team as a_team

from tasks.errors import StudyError

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def team(finished, tmp_path_factory):
    """A team over the store of the finished study, with a tuning of its own (another process rounds in another order)."""
    folder = tmp_path_factory.mktemp("team")
    shutil.copytree(
        finished.store, folder / "runs", symlinks=True, ignore=shutil.ignore_patterns(".prefect", "locks", "alive", "scratch", "logs")
    )
    with a_team(folder) as one:
        hasten(one.client)
        shutil.rmtree(one.runs / "results" / "finetune_adapter")
        assert one.ended(one.ask("study/laptop", plan=small_plan().model_dump(mode="json"))).state.is_completed()
        yield one


@pytest.fixture(scope="module")
def verdict(team):
    """That of the study that nothing disturbed."""
    return team.verdict()


def hasten(client):
    """The watch for dead runs waits for minutes; here for one."""
    watch = client.read_automations_by_name("book2lora · a run is dead")[0]
    client.delete_automation(watch.id)
    client.create_automation(AutomationCore.model_validate(tree_of_the_watch()))


def tree_of_the_watch():
    tree = yaml.safe_load((ROOT / "deployments" / "automations.yaml").read_text("utf-8"))["automations"][0]
    return tree | {"trigger": tree["trigger"] | {"within": 70}}


@pytest.fixture
def begun(team, verdict):
    """A study whose tuning is under way; how many times it was asked for."""
    shutil.rmtree(team.runs / "results" / "finetune_adapter", ignore_errors=True)
    shutil.rmtree(team.runs / "scratch", ignore_errors=True)
    (team.runs / "studies" / "small" / "verdict.json").unlink(missing_ok=True)

    def ask(**parameters):
        before = team.begun("finetune_adapter")
        run = team.ask("study/laptop", plan=small_plan().model_dump(mode="json"), **parameters)
        team.when(run, lambda state: team.begun("finetune_adapter") != before)
        return run

    return ask


@pytest.mark.parametrize("way", ["dashboard", "prefect flow-run retry"])
def test_a_killed_flow_process_is_told_and_retried(team, begun, verdict, way):
    run = begun()
    before = team.records()
    os.kill(team.flow_process().pid, signal.SIGKILL)
    assert team.ended(run).state.is_crashed()
    time.sleep(10)  # runner and worker report the death one after the other; a retry in between is overwritten
    assert team.retried(run, way).state.is_completed()
    assert team.done_since(before) <= {"finetune_adapter", "write_report"}
    assert team.verdict() == verdict
    assert not team.locks_held()


def test_a_killed_server_is_started_again_and_the_study_ends(team, begun, verdict):
    run = begun()
    before = team.records()
    team.kill("server")
    team.serve()
    ended = team.ended(run)
    if not ended.state.is_completed():
        ended = team.retried(run, "dashboard")
    assert ended.state.is_completed(), ended.state.message
    assert team.done_since(before) <= {"finetune_adapter", "write_report"}
    assert team.verdict() == verdict
    assert not team.locks_held()


def test_a_lost_worker_is_noticed_and_another_one_goes_on(team, begun, verdict):
    """The machine that tunes is gone with all its processes; whoever waits for it is told, and a retry needs only a new one."""
    run = begun(gpu="tune/gpu")
    before = team.records()
    worker = psutil.Process(team.processes["gpu-1"].pid)
    children = worker.children(recursive=True)
    team.kill("gpu-1")
    for child in children:
        if child.is_running():
            child.kill()
    failed = team.ended(run)
    assert failed.state.is_failed()
    assert "no sign of life" in failed.state.message
    team.hire("gpu", "gpu-2")
    assert team.retried(run, "dashboard").state.is_completed()
    assert team.done_since(before) <= {"finetune_adapter", "write_report"}
    assert team.verdict() == verdict
    assert not team.locks_held()


def test_three_studies_at_once_do_nothing_twice(team, begun, verdict):
    before = team.records()
    runs = [begun(), *(team.ask("study/laptop", plan=small_plan(name=f"small-{n}").model_dump(mode="json")) for n in range(2))]
    assert all(team.ended(run).state.is_completed() for run in runs)
    tuned = [key for key in team.records() if "finetune_adapter" in key]
    assert len(tuned) == 1
    assert team.done_since(before) <= {"finetune_adapter", "write_report", "diagnose_tuning"}


def test_without_a_worker_the_study_is_told_so_in_time(team, finished, tmp_path, monkeypatch):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows import placement
    from flows.study import study

    for name in [name for name in team.processes if name.startswith("gpu")]:
        team.kill(name)
    shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(placement, "PICKUP_SECONDS", 8.0)
    with temporary_settings({PREFECT_API_URL: team.api}), pytest.raises(StudyError, match="no worker took up tune/gpu within 8 s"):
        study(small_plan(), gpu="tune/gpu")
