"""Whole runs as records: other plans beside the first, failed ones in the list, and a store from which what nobody needs can go."""

import json
import shutil
from contextvars import copy_context

import pytest
from support.command_call import call_command
from support.small_study import build_small_plan, run_study_in

from flows.study import run_study
from tasks.engine.replay import replay
from tasks.schemas.errors import StudyError
from tasks.store.studies.study_records import list_runs


def read_states() -> dict[str, str]:
    return {run.folder.name: run.state for run in list_runs()}


def replay_study(plan) -> str | None:
    """As the command does, but what it told is not left to the tests that follow."""
    return copy_context().run(replay, run_study, plan)


def read_all(folder) -> dict[str, bytes]:
    names = ("verdict.json", "study.json", "index.html", "run.json")
    return {name: (folder / name).read_bytes() for name in names}


def test_another_plan_leaves_the_first_study_as_it_is_and_what_only_it_needs_can_go(
    rerun, monkeypatch, capsys
):
    first = rerun.store / "studies" / "small"
    before = read_all(first)
    other = build_small_plan(**{"finetuning.seed": 1})
    ran = rerun(other)
    assert ("finetune_adapter", "done") in ran
    assert "small-2: " in capsys.readouterr().err and read_all(first) == before
    assert read_states() == {"small": "done", "small-2": "done"}
    second = rerun.store / "studies" / "small-2"
    assert (rerun.store / "latest").resolve() == second
    told = json.loads((second / "verdict.json").read_text("utf-8"))
    assert told["name"] == "small-2" and told["look"] == 2
    assert (
        "small-2/next-plan.yaml" in json.loads((second / "study.json").read_text())["next_command"]
    )
    assert replay_study(other) == str(second), "the same plan again is the same study"
    assert replay_study(build_small_plan()) == str(first)
    assert (rerun.store / "latest").resolve() == first

    done = call_command("store", "small-2", "--remove", "--yes", BOOK2LORA_LANG="en")
    assert done.returncode == 0 and "removed: " in done.stdout, done.stderr
    assert read_states() == {"small": "done"} and read_all(first) == before
    assert replay_study(build_small_plan()) == str(first), "it still needs nothing"
    assert replay_study(other) is None
    assert {how for _, how in rerun()} == {"cached"}
    assert len(list((rerun.store / "adapters").iterdir())) == 1


def test_a_failed_run_is_a_record_with_its_stage_and_reason_and_goes_on_under_its_name(
    rerun, monkeypatch
):
    plan = build_small_plan(name="tight", **{"finetuning.max_tokens": 8})
    with pytest.raises(StudyError, match="max_tokens = 8"):
        rerun(plan)
    (run,) = [run for run in list_runs() if run.folder.name == "tight"]
    assert (run.state, run.record.stage) == ("failed", "finetune_adapter")
    assert run.record.failure[0].code == "texts-over-limit" and run.record.ended
    assert any(name.startswith("validate_drafts/") for name in run.record.needs)
    assert (rerun.store / "latest").resolve().name != "tight"
    with pytest.raises(StudyError):
        rerun(plan)
    assert read_states() == {"small": "done", "tight": "failed"}, "the same plan, the same folder"


def test_a_study_of_an_earlier_version_is_known_and_told_what_it_needs_when_all_is_cached(
    rerun, monkeypatch
):
    monkeypatch.setenv("RUNS_DIR", str(rerun.store))
    place = rerun.store / "studies" / "small" / "run.json"
    noted = json.loads(place.read_text())["needs"]
    place.unlink()
    assert read_states() == {"small": "done"}
    assert replay_study(build_small_plan()) == str(place.parent)
    assert json.loads(place.read_text())["needs"] == noted and len(noted) > 10


def test_a_person_s_folder_of_that_name_is_not_written_over(finished, tmp_path, monkeypatch):
    shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    shutil.rmtree(tmp_path / "runs" / "studies" / "small")
    mine = tmp_path / "runs" / "studies" / "small" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    ran = run_study_in(tmp_path / "runs", monkeypatch, build_small_plan())
    assert mine.read_text() == "mine" and sorted(p.name for p in mine.parent.iterdir()) == [
        mine.name
    ]
    assert (tmp_path / "runs" / "studies" / "small-2" / "verdict.json").is_file()
    assert [name for name, how in ran if how == "done"] == ["write_report"]
