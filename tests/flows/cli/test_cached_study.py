"""A study whose stages are all kept, by the command: the same lines and the same end, without Prefect."""

import shutil
from contextvars import copy_context

import pytest
from support.kill import StudyCommand, wait_for_exit

from flows.cli.main import find_kept_study
from flows.cli.summary import summarize_study
from tasks.language.catalogue import tell_reader
from tasks.schemas.plan_file import load_plan

CACHED = tell_reader("stage-cached").split()
RUN_AND_TELL_MODULES = """
import sys
sys.argv = ["book2lora", "study", *sys.argv[1:]]
from flows.cli.main import main
try:
    main()
except SystemExit as end:
    print("ended with", end.code, sorted({"prefect", "torch", "transformers", "pandas"} & sys.modules.keys()))
"""


def find_kept(*asked):
    """As the command does, but what it told is not left to the tests that follow."""
    return copy_context().run(find_kept_study, *asked)


@pytest.fixture
def command(finished, tmp_path):
    shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    return StudyCommand.with_plan_file(tmp_path / "runs")


def test_nothing_heavy_is_imported_no_server_is_started_and_the_end_is_the_same(command, finished):
    before = command.list_stage_records()
    told = wait_for_exit(
        command.start_python("-c", RUN_AND_TELL_MODULES, str(command.plan))
    ).splitlines()
    assert told[-1] == "ended with 0 []"
    assert told[0].split() == ["small", "·", "books/handbook.pdf"]
    stages = [line.split()[1 : 2 + len(CACHED)] for line in told if "✓" in line]
    assert stages == [[name, *CACHED] for name, _ in finished.stages]
    *others, following = summarize_study(command.store / "studies" / "small")
    assert told[len(stages) + 1 : -2] == others
    plan = command.store / "studies" / "small" / "next-plan.yaml"
    assert told[-2].endswith(f" book2lora study {plan}") and following.endswith(f" study {plan}")
    assert command.list_stage_records() == before
    assert not (command.store / "logs").exists(), "a server was started"


def test_where_one_choice_changed_the_rest_runs_under_prefect_and_each_stage_is_told_once(
    command, finished
):
    told = command.run_to_end("--set", "comparison.margin=0.1")
    stages = [line.split()[1 : 2 + len(CACHED)] for line in told.splitlines() if "✓" in line]
    assert [name for name, *_ in stages] == [name for name, _ in finished.stages]
    assert [name for name, *took in stages if took != CACHED] == [
        "compare_answers",
        "measure_effects",
        "diagnose_tuning",
        "write_report",
    ]
    assert (command.store / "logs" / "own-server.log").exists()


def test_a_server_of_a_persons_own_records_every_run(command, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(command.store))
    plan = load_plan(str(command.plan))
    assert find_kept(plan, [], None, None) == str(command.store / "studies" / "small")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert find_kept(plan, [], None, None) is None


def test_a_stage_to_be_redone_is_not_replayed(command, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(command.store))
    assert find_kept(load_plan(str(command.plan)), ["write_report"], None, None) is None
