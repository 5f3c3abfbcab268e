"""Commands at once and killed: what the list says of them, and that each goes on in its own folder."""

import shutil
import time

import pytest
from support.kill import StudyCommand, wait_for_exit

from tasks.store.studies.study_records import list_runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # three whole commands


def read_states() -> dict[int, tuple[str, str, str]]:
    """Name, state and stage by the seed of the tuning."""
    return {
        run.record.plan["finetuning"]["seed"]: (run.folder.name, run.state, run.record.stage)
        for run in list_runs()
    }


def wait_for_stage(process, seed: int, stage: str) -> None:
    while read_states().get(seed, ("", "", ""))[2] != stage:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def test_two_at_once_under_one_name_one_killed_and_gone_on_with(finished, tmp_path, monkeypatch):
    shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    command = StudyCommand.with_plan_file(tmp_path / "runs")
    monkeypatch.setenv("RUNS_DIR", str(command.store))
    before = command.read_verdict()
    one, two = (command.start_study("--set", f"finetuning.seed={seed}") for seed in (1, 2))
    wait_for_stage(one, 1, "finetune_adapter")
    one.kill()
    one.wait()
    wait_for_exit(two)
    states = read_states()
    assert {name for name, _, _ in states.values()} == {"small", "small-2", "small-3"}
    assert states[0][:2] == ("small", "done") and states[2][1] == "done"
    assert states[1][1:] == ("stopped", "finetune_adapter")
    command.run_to_end("--set", "finetuning.seed=1")
    after = read_states()
    assert {seed: name for seed, (name, _, _) in after.items()} == {
        seed: name for seed, (name, _, _) in states.items()
    }
    assert {state for _, state, _ in after.values()} == {"done"}
    assert command.read_verdict() == before
