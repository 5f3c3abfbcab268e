"""Each fault of a team's study, gone on with in each of the four ways: the same verdict, nothing finished done twice, nothing answered asked again.

More kills are in test_team_faults.py and flows/test_kills.py.
"""

import os
import shutil
import signal
import time
from contextlib import contextmanager

import pytest
import yaml
from faults import full, read_only
from openai_server import serving
from small_study import TREE
from team import team as a_team

from tasks.plan_file import parse_plan

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WAYS = ("the command again", "dashboard", "prefect flow-run retry", "--redo")
WRITTEN = {
    **TREE,
    "name": "written",
    "reading": {"last_page": 12},
    "generation": {"writer": "gpt", "pairs": 16, "questions": 24, "per_request": 4, "budget_usd": 20},
    "validation": {"train_questions": 8},
    "base": {"steps": 4},
    "evaluation": {"modes": ["digits", "cloze"], "screening": False},
}


@pytest.fixture(scope="module")
def writer():
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def team(finished, writer, tmp_path_factory):
    """A team over the store of the finished study, and a study whose items a server has written."""
    folder = tmp_path_factory.mktemp("ways")
    left_out = shutil.ignore_patterns(".prefect", "locks", "alive", "scratch", "logs")
    shutil.copytree(finished.store, folder / "runs", symlinks=True, ignore=left_out)
    with a_team(folder, OPENAI_BASE_URL=writer.url, OPENAI_API_KEY="sk-test-0123456789") as one:
        shutil.rmtree(one.runs / "results" / "finetune_adapter")  # another process rounds in another order
        assert one.ended(one.ask("study/laptop", plan=plan_of(TREE))).state.is_completed()
        assert one.ended(one.ask("study/laptop", plan=plan_of(WRITTEN))).state.is_completed()
        one.verdicts = {name: one.verdict(name) for name in ("small", "written")}
        yield one


def plan_of(tree):
    return parse_plan(tree, {}).model_dump(mode="json")


def undone(team, *stages):
    for stage in stages:
        shutil.rmtree(team.runs / "results" / stage)


def wait_and_see(run):
    """The fault comes by itself."""


@contextmanager
def read_only_store(team, writer):
    with read_only(team.runs):
        yield TREE, "Read-only", wait_and_see


@contextmanager
def full_disk(team, writer):
    undone(team, "compare_answers")
    with full(team.runs / "comparisons", 4096):
        (team.runs / "comparisons" / "fills").write_bytes(bytes(4096))
        yield TREE, "Free some space", wait_and_see


@contextmanager
def full_disk_and_a_damaged_adapter(team, writer):
    with full_disk(team, writer) as told:
        yield told
    file = next((team.runs / "adapters").rglob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-20] + b"damaged")


@contextmanager
def killed_flow_process(team, writer):
    """In the middle of the tuning."""
    undone(team, "finetune_adapter")
    shutil.rmtree(team.runs / "scratch", ignore_errors=True)
    before = team.begun("finetune_adapter")

    def kill(run):
        team.when(run, lambda state: team.begun("finetune_adapter") != before)
        os.kill(team.flow_process().pid, signal.SIGKILL)

    yield TREE, "-9", kill


@contextmanager
def refusing_writer(team, writer):
    """Every other answer is refused for want of quota, and nothing is in the ledger."""
    undone(team, "generate_drafts")
    shutil.rmtree(team.runs / "ledger")
    writer.entries.clear()
    writer.rates["insufficient_quota"] = 0.5
    yield WRITTEN, "quota", wait_and_see
    writer.rates.clear()


FAULTS = {  # and what may be done again afterwards; the others undo stages of both studies
    refusing_writer: {"generate_drafts", "write_report"},  # the report tells what was refused, too
    read_only_store: set(),
    full_disk: {"compare_answers"},
    full_disk_and_a_damaged_adapter: {"compare_answers", "finetune_adapter", "write_report"},
    killed_flow_process: {"finetune_adapter", "write_report"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_after_a_fault_every_way_on_ends_with_the_same_verdict(team, writer, tmp_path, fault, way):
    with fault(team, writer) as (tree, cause, meanwhile):
        run = team.ask("study/laptop", plan=plan_of(tree))
        meanwhile(run)
        run = team.ended(run)
        assert (run.state.is_failed() or run.state.is_crashed()) and cause in run.state.message, run.state.message
    if run.state.is_crashed():
        time.sleep(10)  # runner and worker report the death one after the other; a retry in between is overwritten
    before, answered = team.records(), len(writer.answered())
    go_on(team, run, tree, way, tmp_path)
    redone = {"compare_answers"} if way == "--redo" else set()
    assert team.done_since(before) <= FAULTS[fault] | redone
    assert team.verdict(tree["name"]) == team.verdicts[tree["name"]]
    assert not team.locks_held()
    assert len(writer.answered()) == len(set(writer.answered())), "what was answered was asked again"
    assert fault is not refusing_writer or len(writer.answered()) > answered


def go_on(team, run, tree, way, tmp_path):
    if way in ("dashboard", "prefect flow-run retry"):
        assert team.retried(run, way).state.is_completed()
        return
    file = tmp_path / f"{tree['name']}.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    team.commanded(str(file), *(("--redo", "compare_answers") if way == "--redo" else ()))
