"""kill -9 in every stage: the next run does only what was not finished, to the same verdict."""

import json
import shutil

import pytest
from support.kill import StudyCommand, wait_for_exit

from tasks.language.catalogue import tell_reader
from tasks.stages import list_stages

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
]  # real processes, real faults: a minute and more each; run with -m slow


def emptied(finished, tmp_path, *stages: str) -> StudyCommand:
    """The store of the finished study on a machine of its own, with some stages not done."""
    store = tmp_path / "runs"
    shutil.copytree(
        finished.store,
        store,
        symlinks=True,
        ignore=shutil.ignore_patterns(".prefect", "locks", "alive", "scratch"),
    )
    for stage in stages:
        shutil.rmtree(store / "results" / stage)
    return StudyCommand.with_plan_file(store)


def states(command: StudyCommand) -> list[dict[str, str]]:
    """The study runs as Prefect's own command lists them."""
    ask = (
        "import json, sys; sys.path.insert(0, '.')\n"
        "from tasks.engine.orchestration.prefect_settings import configure_prefect; configure_prefect()\n"
        "from prefect import get_client\n"
        "with get_client(sync_client=True) as client:\n"
        "    runs = client.read_flow_runs()\n"
        "    print(json.dumps([{'id': str(r.id), 'state': r.state.name, 'name': r.name, 'parent': str(r.parent_task_run_id)} for r in runs]))"
    )
    return json.loads(wait_for_exit(command.start_python("-c", ask)).splitlines()[-1])


def test_a_killed_tuning_is_finished_by_the_same_command_and_its_run_is_told_dead(
    finished, tmp_path
):
    command = emptied(finished, tmp_path, "finetune_adapter")
    before = command.kill_in_stage("finetune_adapter", 0.3)
    assert not any("finetune_adapter" in key for key in before)
    command.run_to_end()
    after = command.list_stage_records()
    assert {key: after[key] for key in before} == before, "a finished stage was done again"
    assert (
        command.read_verdict()
        == (finished.store / "studies" / "small" / "verdict.json").read_bytes()
    )
    found = [run["state"] for run in states(command) if run["parent"] == "None"]
    assert sorted(found) == ["Completed", "Crashed"]


@pytest.mark.parametrize("seconds", [0.0, 0.4])
def test_killed_in_every_stage_one_after_the_other(finished, tmp_path, seconds):
    command = StudyCommand.with_plan_file(tmp_path / "runs")
    command.store.mkdir()
    kept: dict[str, int] = {}
    for stage in [
        name for name in list_stages() if list((finished.store / "results" / name).glob("*"))
    ]:
        if any(f"/{stage}/" in key for key in kept) and stage not in (
            "generate_drafts",
            "evaluate_model",
        ):
            continue  # it was finished before the kill came
        done = command.kill_in_stage(stage, seconds)
        assert {key: done[key] for key in kept} == kept, (
            f"killed in {stage}: a finished stage was done again"
        )
        kept = done
    command.run_to_end()
    done = command.list_stage_records()
    assert {key: done[key] for key in kept} == kept
    assert (
        command.read_verdict()
        == (finished.store / "studies" / "small" / "verdict.json").read_bytes()
    )


def test_a_killed_run_of_the_command_is_retried_by_prefects_own(finished, tmp_path):
    command = emptied(finished, tmp_path, "finetune_adapter")
    command.kill_in_stage("finetune_adapter", 0.3)
    command.kill_in_stage("finetune_adapter", 0.3)  # this one tells that the first is dead
    killed = next(
        run for run in states(command) if run["state"] == "Crashed" and run["parent"] == "None"
    )
    retry = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tasks.engine.orchestration.prefect_settings import configure_prefect; configure_prefect()\n"
        "from prefect.cli import app\n"
        f"sys.argv = ['prefect', 'flow-run', 'retry', '{killed['id']}', '--entrypoint', 'flows/entrypoints.py:study']\n"
        "app()"
    )
    before = command.list_stage_records()
    wait_for_exit(command.start_python("-c", retry))
    after = command.list_stage_records()
    assert {key: after[key] for key in before} == before
    assert (
        command.read_verdict()
        == (finished.store / "studies" / "small" / "verdict.json").read_bytes()
    )


def test_redo_after_a_kill_does_that_stage_again_and_comes_to_the_same_verdict(finished, tmp_path):
    command = emptied(finished, tmp_path, "evaluate_model")
    before = command.kill_in_stage("evaluate_model", 0.2)
    command.run_to_end("--redo", "finetune_adapter")
    after = command.list_stage_records()
    assert {key for key in before if after[key] != before[key]} == {
        key for key in before if "finetune_adapter" in key
    }
    assert (
        command.read_verdict()
        == (finished.store / "studies" / "small" / "verdict.json").read_bytes()
    )


def test_two_studies_at_once_do_nothing_twice(finished, tmp_path):
    command = emptied(finished, tmp_path, "finetune_adapter", "evaluate_model", "write_report")
    both = [command.start_study(), command.start_study()]
    outputs = [wait_for_exit(process) for process in both]
    done = [
        line.split()[1]
        for output in outputs
        for line in output.splitlines()
        if "✓" in line and tell_reader("stage-cached") not in line
    ]
    assert sorted(done) == ["evaluate_model", "evaluate_model", "finetune_adapter", "write_report"]
    assert (
        command.read_verdict()
        == (finished.store / "studies" / "small" / "verdict.json").read_bytes()
    )


def test_no_process_is_left_behind(finished, tmp_path):
    """The server that Prefect starts for the command outlives a kill -9; the next run stops it."""
    psutil = pytest.importorskip("psutil", reason="needs psutil (dev extra)")

    def servers():
        place = str(command.store)
        found = []
        for process in psutil.process_iter(["cmdline", "environ"]):
            line, environment = process.info["cmdline"] or [], process.info["environ"] or {}
            if (
                "prefect.server.api.server:create_app" in line
                and environment.get("RUNS_DIR") == place
            ):
                found.append(process)
        return found

    command = emptied(finished, tmp_path, "finetune_adapter")
    command.kill_in_stage("finetune_adapter", 0.2)
    orphans = servers()
    command.run_to_end()
    psutil.wait_procs(orphans, timeout=20)
    assert not servers()
