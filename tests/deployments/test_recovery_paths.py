"""Each fault of a team's study, gone on with in each of the four ways: the same verdict, nothing finished done twice, nothing answered asked again.

Kills are in test_killed_flow_runs.py, lost machines in test_team_faults.py.
"""

import shutil
from contextlib import contextmanager

import pytest
from support.disk_faults import fill_disk, make_read_only
from support.openai_server.server import start_server
from support.recovery_paths import (
    RECOVERY_WAYS,
    SMALL_PLAN_TREE,
    WRITTEN,
    dump_plan,
    recover_run,
    remove_results,
    start_experienced_team,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
DAMAGED = ("passages", "drafts", "questions", "answers", "checkpoints", "adapters")


@pytest.fixture(scope="module")
def writer():
    with start_server() as server:
        yield server


@pytest.fixture(scope="module")
def team(finished, writer, tmp_path_factory):
    """A team with a study whose items rules made, and one whose items a server has written."""
    asked = {"OPENAI_BASE_URL": writer.url, "OPENAI_API_KEY": "sk-test-0123456789"}
    with start_experienced_team(
        tmp_path_factory.mktemp("ways"), finished.store, SMALL_PLAN_TREE, WRITTEN, **asked
    ) as one:
        yield one


@contextmanager
def read_only_store(team, writer):
    with make_read_only(team.runs):
        yield SMALL_PLAN_TREE, "Read-only"


@contextmanager
def full_disk(team, writer):
    remove_results(team, "compare_answers")
    with fill_disk(team.runs / "comparisons", 4096):
        (team.runs / "comparisons" / "fills").write_bytes(bytes(4096))
        yield SMALL_PLAN_TREE, "Free some space"


@contextmanager
def full_disk_and_a_damaged_adapter(team, writer):
    with full_disk(team, writer) as told:
        yield told
    damage(team, "adapters")


@contextmanager
def full_disk_and_damaged_artifacts_of_each_kind(team, writer):
    with full_disk(team, writer) as told:
        yield told
    damage(team, *DAMAGED)


def damage(team, *places):
    """The last bytes of each file there are others."""
    for place in places:
        for file in [
            path
            for path in (team.runs / place).rglob("*")
            if path.is_file() and path.suffix in (".jsonl", ".safetensors")
        ]:
            file.write_bytes(file.read_bytes()[:-20] + b"damaged")


@contextmanager
def refusing_writer(team, writer):
    with refused(team, writer, insufficient_quota=0.5):
        yield WRITTEN, "quota"


@contextmanager
def busy_writer(team, writer):
    with refused(team, writer, **{"429_hours": 0.8}):
        yield WRITTEN, "Run again later; every answer so far is kept"


@contextmanager
def refused(team, writer, **rates):
    """Some requests meet such a fault, and nothing is in the ledger."""
    for key in team.made[WRITTEN["name"]]:
        if "/generate_drafts/" in key:
            (team.runs / key).unlink()
    shutil.rmtree(team.runs / "ledger")
    writer.entries.clear()
    writer.rates.update(rates)
    yield
    writer.rates.clear()


FAULTS = {  # and what may be done again afterwards
    refusing_writer: {"generate_drafts", "write_report"},  # the report tells what was refused, too
    busy_writer: {"generate_drafts", "write_report"},
    read_only_store: set(),
    full_disk: {"compare_answers"},
    full_disk_and_a_damaged_adapter: {"compare_answers", "finetune_adapter", "write_report"},
    full_disk_and_damaged_artifacts_of_each_kind: {
        *(
            "read_book",
            "generate_drafts",
            "validate_drafts",
            "prepare_base",
            "finetune_adapter",
            "evaluate_model",
        ),
        *("compare_answers", "write_report"),
    },
}


@pytest.mark.parametrize("way", RECOVERY_WAYS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_after_a_fault_every_way_on_ends_with_the_same_verdict(team, writer, tmp_path, fault, way):
    with fault(team, writer) as (tree, cause):
        run = team.wait_until_final(team.request_run("study/laptop", plan=dump_plan(tree)))
        assert run.state.is_failed() and cause in run.state.message, run.state.message
    before, answered = team.list_stage_records(), len(writer.list_answered())
    recover_run(team, run, tree, way, tmp_path)
    redone = {"compare_answers"} if way == "--redo" else set()
    assert team.list_done_since(before) <= FAULTS[fault] | redone
    assert team.read_verdict(tree["name"]) == team.verdicts[tree["name"]]
    assert not team.list_held_locks()
    assert len(writer.list_answered()) == len(set(writer.list_answered())), (
        "what was answered was asked again"
    )
    assert tree is not WRITTEN or len(writer.list_answered()) > answered
