"""`make dashboard`: a taken port is told, and nothing outlives it, whatever ends it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from support.prefect_team import find_free_port

ROOT = Path(__file__).parents[2]


def dashboard(store, port, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "deployments.dashboard", "--port", str(port)],
        cwd=ROOT,
        env=kept | {"RUNS_DIR": str(store), "BOOK2LORA_LANG": "en"} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def serving(process):
    """Wait until it tells its address."""
    for line in process.stderr:
        if line.startswith("dashboard: http"):
            return
    raise AssertionError(f"it ended with {process.wait()}")


def test_a_taken_port_is_told_at_once_and_nothing_is_started(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dashboard(tmp_path, port)
        told = done.communicate(timeout=60)[1]
    assert (
        done.returncode == 1
        and f"port {port}: Address already in use" in told
        and "Traceback" not in told
    )
    assert not (tmp_path / "logs").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_outlives_it_and_it_starts_again_in_spite_of_what_the_environment_says(tmp_path):
    port = find_free_port()
    foreign = {
        "PREFECT_PROFILE": "not-here",
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "PREFECT_API_KEY": "pnu_not_ours",
    }
    for end in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = dashboard(tmp_path, port, **foreign)
        serving(process)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3
        time.sleep(5)  # the workers are up
        process.send_signal(end)
        begun = time.monotonic()
        code = process.wait(60)
        assert not psutil.wait_procs(children, timeout=60)[1], f"left behind after {end.name}"
        if end != signal.SIGKILL:
            told = process.stderr.read()
            assert code == 128 + end and time.monotonic() - begun < 5
            assert told.count("dashboard: stopped") == 1 and "Traceback" not in told


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_password_lies_in_the_store_and_is_not_in_its_log(tmp_path):
    port = find_free_port()
    process = dashboard(tmp_path, port)
    try:
        serving(process)
        told = process.stderr.readline() + process.stderr.readline()
        login = (tmp_path / ".prefect" / "login").read_text("utf-8").strip()
        assert "log in with what stands in" in told and login not in told
        ask = f"http://127.0.0.1:{port}/api/deployments/filter"
        assert httpx.post(ask, json={}, timeout=60).status_code == 401
        assert httpx.post(ask, json={}, timeout=60, auth=tuple(login.split(":"))).json()
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_worker_is_started_again_and_the_server_goes_on(tmp_path):
    process = dashboard(tmp_path, find_free_port())
    try:
        serving(process)
        before = {child.pid for child in psutil.Process(process.pid).children()}
        worker = next(
            child for child in psutil.Process(process.pid).children() if "cpu" in child.cmdline()
        )
        worker.kill()
        told = next(line for line in process.stderr if "ended with code -9" in line)
        assert "worker-cpu" in told and "started again in 1 s" in told
        time.sleep(5)
        now = {child.pid for child in psutil.Process(process.pid).children()}
        assert len(now) == len(before) and before - now == {worker.pid}  # the database, too
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(60)
