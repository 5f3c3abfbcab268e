"""Processes, workers and the server are killed under a study of the team; each way to go on ends with the same verdict."""

import shutil
from pathlib import Path

import psutil
import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore
from support.recovery_paths import (
    RECOVERY_WAYS,
    RETRIES,
    SMALL_PLAN_TREE,
    recover_run,
    start_experienced_team,
)
from support.small_study import build_small_plan

from tasks.schemas.errors import StudyError

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def team(finished, tmp_path_factory):
    """A team over the store of the finished study, with a tuning of its own."""
    with start_experienced_team(
        tmp_path_factory.mktemp("team"), finished.store, SMALL_PLAN_TREE
    ) as one:
        hasten(one.client)
        yield one


@pytest.fixture(scope="module")
def verdict(team):
    """That of the study that nothing disturbed."""
    return team.verdicts["small"]


def hasten(client):
    """The watch for dead runs waits for minutes; here for 100 s, since a busy machine is late with the beats of 30 s."""
    watch = client.read_automations_by_name("book2lora · a run is dead")[0]
    client.delete_automation(watch.id)
    client.create_automation(AutomationCore.model_validate(tree_of_the_watch()))


def tree_of_the_watch():
    tree = yaml.safe_load((ROOT / "deployments" / "automations.yaml").read_text("utf-8"))[
        "automations"
    ][0]
    return tree | {"trigger": tree["trigger"] | {"within": 100}}


@pytest.fixture
def begun(team, verdict):
    """A study whose tuning is under way; how many times it was asked for."""
    shutil.rmtree(team.runs / "results" / "finetune_adapter", ignore_errors=True)
    shutil.rmtree(team.runs / "scratch", ignore_errors=True)
    (team.runs / "studies" / "small" / "verdict.json").unlink(missing_ok=True)

    def ask(**parameters):
        before = team.list_stage_records()
        run = team.request_run(
            "study/laptop", plan=build_small_plan().model_dump(mode="json"), **parameters
        )
        team.wait_until(run, lambda state: team.has_begun("finetune_adapter", before))
        return run

    return ask


def test_a_killed_server_is_started_again_and_the_study_goes_on_by_itself(team, begun, verdict):
    run = begun()
    before = team.list_stage_records()
    team.kill_process("server")
    team.serve_prefect()
    ended = team.wait_until_final(run)
    assert ended.state.is_completed(), ended.state.message
    assert team.list_done_since(before) <= {"finetune_adapter", "write_report"}
    assert team.read_verdict() == verdict
    assert not team.list_held_locks()


@pytest.mark.parametrize("way", RECOVERY_WAYS)
def test_a_lost_machine_with_server_and_flow_process_is_started_again_and_every_way_goes_on(
    team, begun, verdict, tmp_path, way
):
    """Nobody is left who could tell that the run is dead: the watch of the new server does, or the command that goes on."""
    run = begun()
    before = team.list_stage_records()
    flow_processes = team.list_flow_processes()
    team.kill_process("server")
    team.kill_process("cpu-1")
    for process in flow_processes:
        process.kill()
    team.serve_prefect()
    team.start_worker("cpu", "cpu-1")
    if way in RETRIES:
        assert team.wait_until_final(run).state.is_crashed()
    recover_run(team, run, SMALL_PLAN_TREE, way, tmp_path)
    assert team.wait_until_final(run).state.is_completed() == (way in RETRIES)
    assert_same(team, before, verdict, way)


@pytest.mark.parametrize("way", RECOVERY_WAYS)
def test_a_lost_worker_is_noticed_and_every_way_goes_on_with_another(
    team, begun, verdict, tmp_path, way
):
    """The machine that tunes is gone with all its processes; whoever waits for it is told, and a new one is all that is needed."""
    name = next(name for name in team.processes if name.startswith("gpu"))
    run = begun(gpu="tune/gpu")
    before = team.list_stage_records()
    children = psutil.Process(team.processes[name].pid).children(recursive=True)
    team.kill_process(name)
    for child in children:
        if child.is_running():
            child.kill()
    failed = team.wait_until_final(run)
    assert failed.state.is_failed()
    assert "no sign of life" in failed.state.message
    team.start_worker("gpu", f"{name}-again")
    recover_run(team, run, SMALL_PLAN_TREE, way, tmp_path, gpu="tune/gpu")
    assert_same(team, before, verdict, way)


def assert_same(team, before, verdict, way):
    """The same verdict, nothing finished done again, no lock left."""
    redone = {"compare_answers"} if way == "--redo" else set()
    assert team.list_done_since(before) <= {"finetune_adapter", "write_report"} | redone
    assert team.read_verdict() == verdict
    assert not team.list_held_locks()


def test_three_studies_at_once_do_nothing_twice(team, begun, verdict):
    before = team.list_stage_records()
    runs = [
        begun(),
        *(
            team.request_run(
                "study/laptop", plan=build_small_plan(name=f"small-{n}").model_dump(mode="json")
            )
            for n in range(2)
        ),
    ]
    assert all(team.wait_until_final(run).state.is_completed() for run in runs)
    tuned = [key for key in team.list_stage_records() if "finetune_adapter" in key]
    assert len(tuned) == 1
    assert team.list_done_since(before) <= {"finetune_adapter", "write_report", "diagnose_tuning"}


def test_without_a_worker_the_study_is_told_so_in_time(team, finished, tmp_path, monkeypatch):
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    from flows.study import run_study
    from tasks.engine.orchestration import remote_run

    for name in [name for name in team.processes if name.startswith("gpu")]:
        team.kill_process(name)
    shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(remote_run, "PICKUP_SECONDS", 8.0)
    with (
        temporary_settings({PREFECT_API_URL: team.api, PREFECT_API_AUTH_STRING: team.login}),
        pytest.raises(StudyError, match="no worker took up tune/gpu within 8 s"),
    ):
        run_study(build_small_plan(), gpu="tune/gpu")
