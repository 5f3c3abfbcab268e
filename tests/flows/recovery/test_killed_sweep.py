"""A sweep of the command line, killed with SIGKILL in the middle of a tuning, goes on where it was."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from support.small_study import SMALL_PLAN_TREE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[3]
SWEEP = {
    "name": "killed",
    "study": SMALL_PLAN_TREE,
    "set": {"finetuning.rank": 8},
    "grid": {"finetuning.learning_rate": [1e-3, 2e-3, 5e-3]},
}


def start(folder, store):
    """The command, in a process group of its own."""
    path = folder / "killed.yaml"
    path.write_text(yaml.safe_dump(SWEEP), "utf-8")
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")
    } | {"RUNS_DIR": str(store), "BOOK2LORA_LANG": "en"}
    command = [sys.executable, "-m", "flows.cli.main", "sweep", str(path)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stderr=subprocess.STDOUT,
        stdout=(folder / "log").open("ab"),
        start_new_session=True,
    )


def test_a_killed_sweep_does_no_finished_setting_again(finished, tmp_path):
    store = shutil.copytree(
        finished.store, tmp_path / "runs", symlinks=True, ignore=shutil.ignore_patterns(".prefect")
    )
    running = start(tmp_path, store)
    while "learning_rate=0.001 · seed 0:" not in (log := tmp_path / "log").read_text("utf-8"):
        assert running.poll() is None, log.read_text("utf-8")
        time.sleep(0.2)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    log.unlink()
    assert start(tmp_path, store).wait() == 0, log.read_text("utf-8")
    tuned = re.findall(r"✓ finetune_adapter +(cached|[\d.]+ s)", log.read_text("utf-8"))
    assert tuned[0] == "cached" and len(tuned) == 3 + 1  # three settings, and the chosen one again
    told = json.loads((store / "sweeps" / "killed" / "sweep.json").read_text("utf-8"))
    assert len(told["settings"]) == 3
    best = store / "sweeps" / "killed" / "best-plan.yaml"
    assert best.is_file()
    assert re.search(
        rf"as a study: (\S*/)?book2lora study {re.escape(str(best))}$", log.read_text("utf-8"), re.M
    )
