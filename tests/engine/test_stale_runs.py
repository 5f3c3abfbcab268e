"""A run whose process died is told so by the next one; a run that lives, or is just being retried, is left alone."""

import os
import time

import pytest


@pytest.fixture
def running(prefect):
    """A run that Prefect believes to be running."""
    from prefect import flow, get_client
    from prefect.states import Running

    @flow(name="nobody")
    def nobody() -> None:
        """Never called."""

    with get_client(sync_client=True) as client:
        run = client.create_flow_run(nobody)
        client.set_flow_run_state(run.id, Running(), force=True)
        yield client, run


def state(client, run):
    return client.read_flow_run(run.id).state.name


def test_a_mark_that_nobody_holds_is_a_dead_run(running, tmp_path):
    from tasks.engine.orchestration.stale_runs import mark_stale_runs

    client, run = running
    (tmp_path / str(run.id)).touch()
    mark_stale_runs(tmp_path)
    assert state(client, run) == "Crashed"
    assert "run the same command again" in client.read_flow_run(run.id).state.message
    assert not list(tmp_path.iterdir())


def test_a_run_of_another_process_that_lives_is_left_alone(running, tmp_path):
    import subprocess
    import sys

    from tasks.engine.orchestration.stale_runs import mark_stale_runs

    client, run = running
    mark = tmp_path / str(run.id)
    code = f"import fcntl; f = open({str(mark)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        mark_stale_runs(tmp_path)
        assert state(client, run) == "Running" and mark.exists()
        process.kill()
    mark_stale_runs(tmp_path)
    assert state(client, run) == "Crashed"


def test_a_run_that_is_just_being_retried_is_left_alone(running, tmp_path):
    from tasks.engine.orchestration.stale_runs import mark_stale_runs

    client, run = running
    mark = tmp_path / str(run.id)
    mark.touch()
    os.utime(mark, (time.time() - 60, time.time() - 60))  # of its former life
    mark_stale_runs(tmp_path)
    assert state(client, run) == "Running"


def test_a_run_of_another_server_is_forgotten(prefect, tmp_path):
    from uuid import uuid4

    from tasks.engine.orchestration.stale_runs import mark_stale_runs

    (tmp_path / str(uuid4())).touch()
    mark_stale_runs(tmp_path)
    assert not list(tmp_path.iterdir())
