"""The server that a command starts for itself: it takes no code from the working folder, and its silence is told."""

import time

import psutil
import pytest
from support.kill import StudyCommand
from support.stage_records import has_stage_begun

from tasks.engine.orchestration.local_server import run_local_server

pytestmark = pytest.mark.slow


def test_a_module_of_the_working_folder_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    for name in ("uvicorn", "prefect", "json"):
        (tmp_path / f"{name}.py").write_text("open('taken over', 'w')")
    monkeypatch.chdir(tmp_path)
    with run_local_server() as wait:
        wait()
    assert not (tmp_path / "taken over").exists()


def test_a_server_that_goes_silent_midway_is_told_with_its_remedy(tmp_path):
    command = StudyCommand.with_plan_file(tmp_path / "runs")
    command.store.mkdir()
    process = command.start_study(
        PREFECT_API_REQUEST_TIMEOUT="8", PREFECT_CLIENT_MAX_RETRIES="1", BOOK2LORA_LANG="en"
    )
    while not has_stage_begun(command.store, "read_book", {}):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    for child in psutil.Process(process.pid).children(recursive=True):
        if any("uvicorn" in word for word in child.cmdline()):
            child.suspend()
    told = process.communicate(timeout=200)[0]
    assert process.returncode == 1
    assert (
        "ServerError: Prefect's server at http://127.0.0.1" in told
        and "own-server.log" in told
        and "the same command again" in told
    )
    assert "Traceback" not in told
