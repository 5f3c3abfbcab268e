"""The flow's process is killed in every stage, and two studies' at once, and each of the four ways goes on: nothing is done or asked twice."""

import shutil
import time
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from itertools import cycle

import pytest
from prefect.client.schemas.filters import TaskRunFilter
from support.openai_server.server import start_server
from support.prefect_team import WAIT_SECONDS
from support.recovery_paths import (
    RECOVERY_WAYS,
    SMALL_PLAN_TREE,
    WRITTEN,
    dump_plan,
    kill_flow_processes,
    recover_run,
    start_experienced_team,
    start_recovery,
    wait_for_recovery,
    wait_until_reported_dead,
)

from tasks.engine.stage import StageRecord

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
PLAN = {
    **WRITTEN,
    "evaluation": {"modes": ["digits", "cloze"]},
}  # screening, too: every stage of a study
OTHER = {**SMALL_PLAN_TREE, "name": "other"}


@pytest.fixture(scope="module")
def writer():
    with start_server(latency=0.3) as server:
        yield server


@pytest.fixture(scope="module")
def team(writer, tmp_path_factory):
    asked = {"OPENAI_BASE_URL": writer.url, "OPENAI_API_KEY": "sk-test-0123456789"}
    with start_experienced_team(tmp_path_factory.mktemp("kills"), None, PLAN, **asked) as one:
        records = one.list_stage_records()
        one.full = count(sorted(records, key=records.get))  # in the order of the flow
        one.seconds = read_longest(one.runs / key for key in one.made[PLAN["name"]])
        yield one


def read_longest(records):
    """Seconds of each stage's longest call, while nothing disturbed it."""
    longest = {}
    for record in (StageRecord.model_validate_json(path.read_bytes()) for path in records):
        longest[record.stage] = max(longest.get(record.stage, 0.0), record.seconds)
    return longest


def count(records):
    """How many records each stage has."""
    return Counter(key.split("/")[1] for key in records)


def killed_in(team, stage, run, begin):
    """kill -9 of the flow's process in a stage, before it is finished."""
    for part in (
        1 / 3,
        1 / 30,
        0,
    ):  # of what it took when nothing disturbed it; the machine may have been busier then
        records = team.list_stage_records()
        process, begun = begin(), time.monotonic()
        while not team.has_begun(stage, records):
            assert time.monotonic() - begun < WAIT_SECONDS and (
                process is None or process.poll() is None
            ), f"never came to {stage}"
            time.sleep(0.01)
        wait_inside(team, stage, part)
        kill(team, run, process)
        if count(team.list_stage_records())[stage] < team.full[stage]:
            return
        for key in team.list_stage_records().keys() - records.keys():
            (team.runs / key).unlink()
    raise AssertionError(f"{stage} was always finished before the kill")


def wait_inside(team, stage, part):
    """Into the midst of a stage that has just begun: an answer has come, or some of its time is over."""
    if stage == "generate_drafts":
        while not stored(team):
            time.sleep(0.01)
        return
    time.sleep(min(1.0, part * team.seconds[stage]))


def kill(team, run, process):
    """kill -9 of the command, or of the flow's process of the worker."""
    if process is None:
        kill_flow_processes(team)
        wait_until_reported_dead(team, run)
    else:
        process.kill()
        process.wait()


def stored(team):
    """The requests whose answers lie in the ledger."""
    return {path.stem for path in (team.runs / "ledger").rglob("responses/*/*.json")}


def test_killed_in_every_stage_and_gone_on_with_in_each_way_in_turn(team, writer, tmp_path):
    """Each way follows three or four of the kills; all ways after each kill take four times as long
    and meet the same stores.
    """
    for place in ("results", "ledger", "scratch", "studies/written"):
        shutil.rmtree(team.runs / place, ignore_errors=True)
    writer.entries.clear()
    run, kept, was = team.request_run("study/laptop", plan=dump_plan(PLAN)), {}, ""
    ways = cycle(RECOVERY_WAYS)
    for stage in team.full:
        way = next(ways) if was else ""
        go_on = partial(start_recovery, team, run, PLAN, way, tmp_path, redo=was)
        killed_in(team, stage, run, go_on if was else lambda: None)
        kept, was = keep_finished(team, kept, was if way == "--redo" else ""), stage
        if stage == "generate_drafts":
            had, asked = stored(team), len(writer.entries)
    way = next(ways)
    recover_run(team, run, PLAN, way, tmp_path, redo=was)
    assert count(keep_finished(team, kept, was if way == "--redo" else "")) == team.full
    assert team.read_verdict(PLAN["name"]) == team.verdicts[PLAN["name"]]
    assert not team.list_held_locks()
    again = {entry["hash"] for entry in writer.entries[asked:]}
    assert again and not again & had, "what was answered was asked again"


def keep_finished(team, kept, redone):
    """The records of now; of the kept ones only those of the stage that was to be redone are others."""
    now = team.list_stage_records()
    changed = {key.split("/")[1] for key in kept if now.get(key) != kept[key]}
    assert changed <= {redone}
    return now


@pytest.fixture(scope="module")
def undisturbed(team):
    """The verdicts of both studies, one after the other."""
    for tree in (SMALL_PLAN_TREE, OTHER):
        assert team.wait_until_final(
            team.request_run("study/laptop", plan=dump_plan(tree))
        ).state.is_completed()
    return [team.read_verdict(tree["name"]) for tree in (SMALL_PLAN_TREE, OTHER)]


@pytest.mark.parametrize("way", RECOVERY_WAYS)
def test_two_studies_at_once_are_killed_and_both_gone_on_with_at_once(
    team, undisturbed, tmp_path, way
):
    for place in ("results", "scratch"):
        shutil.rmtree(team.runs / place, ignore_errors=True)
    trees = (SMALL_PLAN_TREE, OTHER)
    runs = [team.request_run("study/laptop", plan=dump_plan(tree)) for tree in trees]
    team.wait_until(
        runs[0],
        lambda state: (
            team.has_begun("finetune_adapter", {}) and len(team.list_flow_processes()) == len(runs)
        ),
    )
    kill_flow_processes(team)
    for run in runs:
        wait_until_reported_dead(team, run)
    kept, begun = team.list_stage_records(), datetime.now(UTC)
    started = [
        start_recovery(team, run, tree, way, tmp_path)
        for run, tree in zip(runs, trees, strict=True)
    ]
    for run, process in zip(runs, started, strict=True):
        wait_for_recovery(team, run, process)
    assert not {"read_book", "generate_drafts", "validate_drafts", "prepare_base"} & {
        key.split("/")[1] for key in kept if team.list_stage_records()[key] != kept[key]
    }
    done = work_done(team, begun)
    assert done["tune · r4 · 1.0 epochs"] == done["report · small"] == done["report · other"] == 1
    assert {name for name, times in done.items() if times > 1} <= {
        name for name in done if way == "--redo" and name.startswith("compare")
    }
    assert [team.read_verdict(tree["name"]) for tree in trees] == undisturbed
    assert not team.list_held_locks()


def work_done(team, begun):
    """How often each stage was really done since then, as the server tells."""
    mine = TaskRunFilter.model_validate({"state": {"name": {"any_": ["Completed"]}}})
    until = time.monotonic() + 30  # the server hears of them a little later
    while True:
        found = team.client.read_task_runs(task_run_filter=mine, limit=200, sort="END_TIME_DESC")
        done = Counter(
            run.name for run in found if run.state.timestamp >= begun and " · " in run.name
        )  # stages, not flows
        if (
            time.monotonic() > until
            or len([name for name in done if name.startswith("report")]) == 2
        ):
            return done
        time.sleep(1)
