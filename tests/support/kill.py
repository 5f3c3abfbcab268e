"""Run the command in a process of its own, kill it in a given stage, and tell what was finished by then."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import yaml

from support.small_study import SMALL_PLAN_TREE
from support.stage_records import has_stage_begun, list_stage_records

ROOT = Path(__file__).parents[2]


class StudyCommand(NamedTuple):
    """`book2lora` over one store."""

    store: Path
    plan: Path

    @classmethod
    def with_plan_file(cls, store: Path, tree=SMALL_PLAN_TREE) -> "StudyCommand":
        """The command with a plan file of its own beside the store."""
        plan = store.parent / "small.yaml"
        plan.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
        return cls(store, plan)

    def start_study(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """A study, in a process group of its own."""
        return self.start_python(
            "-m", "flows.cli.main", "study", str(self.plan), *arguments, **environment
        )

    def start_python(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RUNS_"))}
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={
                **kept,
                "RUNS_DIR": str(self.store),
                **environment,
            },  # as many threads as the tests: another number rounds otherwise
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run_to_end(self, *arguments: str, **environment: str) -> str:
        """A study to its end; what it printed."""
        return wait_for_exit(self.start_study(*arguments, **environment))

    def kill_in_stage(
        self, stage: str, seconds: float = 0.1, *arguments: str, **environment: str
    ) -> dict[str, int]:
        """kill -9 so many seconds after a stage has begun; what was finished by then."""
        before = self.list_stage_records()
        process = self.start_study(*arguments, **environment)
        while not has_stage_begun(self.store, stage, before):
            assert process.poll() is None, f"it ended before {stage}: {process.communicate()[0]}"
            time.sleep(0.005)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return self.list_stage_records()

    def list_stage_records(self) -> dict[str, int]:
        """The kept records of stages and when they were written, in ns."""
        return list_stage_records(self.store)

    def read_verdict(self, name: str = "small") -> bytes:
        return (self.store / "studies" / name / "verdict.json").read_bytes()


def wait_for_exit(process: subprocess.Popen[str], code: int = 0) -> str:
    """The output of a process that must end so."""
    output = process.communicate(timeout=280)[0]
    assert process.returncode == code, output[-3000:]
    return output
