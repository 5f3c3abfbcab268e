"""What the orchestration costs: a stage beside a plain call of its function, a cached study, and 50 studies queued on two workers.

    python tests/benchmarks/bench_orchestration.py [STUDIES]

The stages do next to nothing, so that what is seen is Prefect and our records; the studies are the tests' small plan, all cached
after the first. Prints a Markdown table.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
FOLDER = Path(tempfile.mkdtemp(prefix="book2lora-bench-"))
os.environ["RUNS_DIR"] = str(FOLDER / "runs")
os.environ["OMP_NUM_THREADS"] = "1"
for name in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[name]

from tasks.engine.orchestration.prefect_settings import configure_prefect  # noqa: E402

configure_prefect()

CALLS = 40


class Cost(NamedTuple):
    """Of a call, median: milliseconds of wall time, and of this process's CPU, which a busy machine disturbs less."""

    how: str
    wall: float
    cpu: float


def per_stage() -> list[Cost]:
    """The function alone, as a stage, and found again."""
    from prefect import flow

    from tasks.engine.prefect_stage import stage
    from tasks.schemas.result_rows import TrainingStep
    from tasks.store import progress
    from tasks.store.artifacts import TrainingSteps

    def write_rows(number: int) -> TrainingSteps:
        """A table of one row."""
        return TrainingSteps.save_rows([TrainingStep(step=number, epoch=0, loss=1.0)])

    progress.console.quiet = True
    write_rows_stage = stage(run_name="rows · {number}")(write_rows)

    @flow(name="bench")
    def calls(how: str) -> Cost:
        measured = []
        for number in range(CALLS):
            begun, used = time.perf_counter(), time.process_time()
            (write_rows if how == "plain function" else write_rows_stage)(number)
            measured.append((time.perf_counter() - begun, time.process_time() - used))
        wall, cpu = (1000 * statistics.median(column) for column in zip(*measured, strict=True))
        return Cost(how, wall, cpu)

    return [calls(how) for how in ("plain function", "stage, done", "stage, cached")]


def command(arguments: list[str]) -> float:
    """Seconds of wall time of `book2lora`."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "flows.cli.main", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - begun


def queued(studies: int) -> tuple[int, float, float, float]:
    """How many ended well; seconds from the first to the last; median seconds of a run; its share that was waiting for a process."""
    from support.prefect_team import start_team
    from support.small_study import build_small_plan

    with start_team(FOLDER) as one:
        one.start_worker("cpu", "cpu-2")
        begun = time.perf_counter()
        runs = [
            one.request_run(
                "study/laptop", plan=build_small_plan(name=f"s{number}").model_dump(mode="json")
            )
            for number in range(studies)
        ]
        done = [one.wait_until_final(run, seconds=3600) for run in runs]
        wall = time.perf_counter() - begun
        seconds = statistics.median(run.total_run_time.total_seconds() for run in done)
        return (
            sum(run.state.is_completed() for run in done),
            wall,
            seconds,
            wall * 2 / studies - seconds,
        )


def main(studies: int = 50) -> None:
    """Print the tables."""
    import yaml
    from headline import print_headline
    from support.small_study import SMALL_PLAN_TREE

    from tasks.engine.orchestration.local_server import run_local_server

    with run_local_server() as wait:
        wait()
        calls = per_stage()
    print(
        f"One stage that saves a table of one row ({CALLS} calls, median)\n\n| how | ms | CPU ms |\n|---|---|---|"
    )
    for cost in calls:
        print(f"| {cost.how} | {cost.wall:.1f} | {cost.cpu:.1f} |")
    plan = FOLDER / "small.yaml"
    plan.write_text(yaml.safe_dump(SMALL_PLAN_TREE), "utf-8")
    first, again = (
        command(["study", str(plan)]),
        min(command(["study", str(plan)]) for _ in range(3)),
    )
    helped = command(["--help"])
    print(
        f"\n| the command | s |\n|---|---|\n| `book2lora --help` | {helped:.1f} |\n| small study, new | {first:.1f} |"
    )
    print(f"| small study, all cached (best of 3) | {again:.1f} |")
    done, wall, seconds, around = queued(studies)
    print(
        f"\n| {studies} studies queued on two workers | |\n|---|---|\n| ended well | {done} of {studies} |\n| all, s | {wall:.0f} |"
    )
    print(
        f"| a study's own run (median), s | {seconds:.1f} |\n| around it: polling, a process, imports, s | {around:.1f} |"
    )
    print(f"| load of the machine (1 min) | {os.getloadavg()[0]:.1f} |")
    print_headline(
        "a stage beside a plain call of its function",
        " / ".join(f"{cost.how} {cost.cpu:.0f} ms CPU" for cost in calls),
    )
    print_headline("a small study, all cached", f"{again:.1f} s")
    print_headline(
        f"{studies} small studies queued on two workers", f"{done} ended well", f"{studies}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
