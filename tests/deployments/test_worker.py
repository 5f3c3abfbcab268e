"""The worker of a pool: its limit, its refusals, and a run that comes back while its process still lives."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployments.worker import build_worker_arguments, skip_running_flow_runs

ROOT = Path(__file__).parents[2]


def run(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=kept | {"BOOK2LORA_LANG": "en"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_a_worker_runs_as_many_at_once_as_its_machine_can_unless_it_is_told():
    assert build_worker_arguments("gpu", "--name", "a") == [
        "worker",
        "start",
        "--pool",
        "gpu",
        "--limit",
        "1",
        "--name",
        "a",
    ]
    assert build_worker_arguments("cpu")[-2:] == ["--limit", "2"]
    assert build_worker_arguments("gpu", "--limit", "3") == [
        "worker",
        "start",
        "--pool",
        "gpu",
        "--limit",
        "3",
    ]


def test_a_run_that_is_retried_while_its_process_lives_waits_and_does_not_end_the_worker(prefect):
    import asyncio

    from prefect import flow, get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.states import Scheduled
    from prefect.workers.process import ProcessWorker

    class Worker(ProcessWorker):
        """With a deed that ends at once."""

        type = "process-of-this-test"

        async def _submit_run(self, flow_run):
            taken.append(flow_run.id)

    skip_running_flow_runs(Worker)
    taken = []

    async def retried_too_early():
        async with get_client() as client:
            await client.create_work_pool(WorkPoolCreate(name="once", type="process"))
            deployment = await client.create_deployment(
                flow_id=await client.create_flow(flow(name="nothing")(lambda: None)),
                name="nothing",
                work_pool_name="once",
            )
            again, other = [
                await client.create_flow_run_from_deployment(deployment) for _ in range(2)
            ]
            for one in (again, other):
                await client.set_flow_run_state(
                    one.id, Scheduled(scheduled_time=datetime.now(UTC)), force=True
                )
            async with Worker("once", limit=2) as worker:
                await worker.sync_with_backend()
                worker.limiter.acquire_on_behalf_of_nowait(again.id)  # as by its former process
                await worker.get_and_submit_flow_runs()
                assert worker._submitting_flow_run_ids == {other.id}
                worker.limiter.release_on_behalf_of(again.id)
                await worker.get_and_submit_flow_runs()
                assert worker._submitting_flow_run_ids == {again.id, other.id}
        assert set(taken) == {again.id, other.id}

    asyncio.run(retried_too_early())


@pytest.mark.parametrize("module", ["deployments.worker", "deployments.register"])
def test_without_a_server_it_says_what_to_set(module, tmp_path):
    done = run(module, RUNS_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "set PREFECT_API_URL" in done.stderr and "Traceback" not in done.stderr


def test_a_server_that_is_away_is_told_in_a_sentence_without_its_password(tmp_path):
    done = run(
        "deployments.worker",
        "gpu",
        RUNS_DIR=str(tmp_path),
        PREFECT_API_URL="http://me:hidden-word@127.0.0.1:9/api",
    )
    assert done.returncode == 1, done.stderr
    assert (
        "http://…@127.0.0.1:9/api does not answer" in done.stderr and "Traceback" not in done.stderr
    )
    assert "hidden-word" not in done.stderr + done.stdout


def test_a_pool_that_nobody_sends_runs_to_is_refused(tmp_path):
    done = run("deployments.worker", "gpus", RUNS_DIR=str(tmp_path))
    assert done.returncode == 2 and "'gpus': no such pool. Pools: cpu, gpu" in done.stderr
