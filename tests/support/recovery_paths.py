"""The four ways to go on after a fault, and the plans they are tried with."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from support.prefect_team import NOT_SHARED, WAIT_SECONDS, PrefectTeam
from support.prefect_team import start_team as a_team
from support.small_study import SMALL_PLAN_TREE
from tasks.schemas.plan_file import parse_plan

RECOVERY_WAYS = ("the command again", "dashboard", "prefect flow-run retry", "--redo")
RETRIES = ("dashboard", "prefect flow-run retry")
LEFT_OUT = shutil.ignore_patterns(*NOT_SHARED)
WRITTEN = {
    **SMALL_PLAN_TREE,
    "name": "written",
    "reading": {"last_page": 12},
    "generation": {
        "writer": "gpt",
        "pairs": 16,
        "questions": 24,
        "per_request": 4,
        "budget_usd": 20,
    },
    "validation": {"train_questions": 8},
    "base": {"steps": 4},
    "evaluation": {"modes": ["digits", "cloze"], "screening": False},
}


@contextmanager
def start_experienced_team(
    folder: Path, store: Path | None, *trees: dict, **settings: str
) -> Iterator[PrefectTeam]:
    """A team over an empty store or that of the finished study, after some studies that nothing disturbed: their `verdicts`, the records `made`."""
    if store:
        shutil.copytree(store, folder / "runs", symlinks=True, ignore=LEFT_OUT)
        shutil.rmtree(
            folder / "runs" / "results" / "finetune_adapter"
        )  # another process rounds in another order
    with a_team(folder, **settings) as one:
        one.verdicts, one.made = {}, {}
        for tree in trees:
            before = one.list_stage_records()
            ended = one.wait_until_final(one.request_run("study/laptop", plan=dump_plan(tree)))
            assert ended.state.is_completed(), ended.state.message
            one.verdicts[tree["name"]], one.made[tree["name"]] = (
                one.read_verdict(tree["name"]),
                one.list_stage_records().keys() - before.keys(),
            )
        yield one


def dump_plan(tree: dict) -> dict:
    return parse_plan(tree, {}).model_dump(mode="json")


def remove_results(team: PrefectTeam, *stages: str) -> None:
    for stage in stages:
        shutil.rmtree(team.runs / "results" / stage)


def start_recovery(
    team: PrefectTeam,
    run,
    tree: dict,
    way: str,
    folder: Path,
    redo: str = "compare_answers",
    gpu: str | None = None,
) -> subprocess.Popen[str] | None:
    """Go on in a way, and do not wait; the process, where it is a command of ours."""
    if way in RETRIES:
        team.retry_run(run, way)
        return None
    file = folder / f"{tree['name']}.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return team.start_command(
        str(file), *(("--redo", redo) if way == "--redo" else ()), *(("--gpu", gpu) if gpu else ())
    )


def recover_run(team: PrefectTeam, run, tree: dict, way: str, folder: Path, **options: str) -> None:
    """Go on in a way, to the end."""
    wait_for_recovery(team, run, start_recovery(team, run, tree, way, folder, **options))


def wait_for_recovery(team: PrefectTeam, run, process: subprocess.Popen[str] | None) -> None:
    """Wait for the end of what was started; it must be a good one."""
    if process is None:
        ended = team.wait_until_final(run)
        assert ended.state.is_completed(), ended.state.message
    else:
        told = process.communicate(timeout=WAIT_SECONDS)[0]
        assert process.returncode == 0, told[-3000:]


def kill_flow_processes(team: PrefectTeam, worker: str = "cpu-1") -> None:
    for process in team.list_flow_processes(worker):
        os.kill(process.pid, signal.SIGKILL)


def wait_until_reported_dead(team: PrefectTeam, run):
    """The run, once its death was reported by the runner and, some seconds later, by the worker: a retry between the two is overwritten."""
    dead = team.wait_until_final(run)
    assert dead.state.is_crashed(), dead.state.message
    time.sleep(
        10
    )  # the second report leaves no trace where it changes nothing, so there is nothing to look for
    return dead
