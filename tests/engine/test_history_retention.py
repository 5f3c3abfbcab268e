"""Prefect's history of a store is trimmed by Prefect's own code: old runs go, new and unfinished ones stay."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.engine.orchestration import history_retention
from tasks.engine.orchestration.history_retention import (
    count_old_runs,
    find_history_file,
    list_switched_on,
)

ROOT = Path(__file__).parents[2]
MAKE = """
import asyncio
from datetime import UTC, datetime, timedelta
from tasks.engine.orchestration.prefect_settings import configure_prefect
configure_prefect()
from prefect.server import models, schemas
from prefect.server.database import provide_database_interface

async def make():
    db = provide_database_interface()
    await db.create_db()
    async with db.session_context(begin_transaction=True) as session:
        flow = await models.flows.create_flow(session, schemas.core.Flow(name="study"))
        for days, kind in ((200, "Completed"), (100, "Failed"), (40, "Completed"), (200, "Running")):
            ended = None if kind == "Running" else datetime.now(UTC) - timedelta(days=days)
            state = getattr(schemas.states, kind)()
            run = schemas.core.FlowRun(
                flow_id=flow.id, name=f"{kind} {days}", state=state, end_time=ended
            )
            await models.flow_runs.create_flow_run(session, run)
    await (await db.engine()).dispose()

asyncio.run(make())
"""
TRIM = """
import sys
from datetime import timedelta
from tasks.engine.orchestration.prefect_settings import configure_prefect
configure_prefect()
from tasks.engine.orchestration.history_retention import trim_history
trim_history(timedelta(days=int(sys.argv[1])) if sys.argv[1:] else None)
"""


def run_python(code: str, *arguments: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, env=kept, check=True)


def list_names(file: Path) -> set[str]:
    import sqlite3

    return {name for (name,) in sqlite3.connect(file).execute("SELECT name FROM flow_run")}


@pytest.fixture
def history(runs, monkeypatch):
    for name in ("PREFECT_API_URL", "PREFECT_API_DATABASE_CONNECTION_URL"):
        monkeypatch.delenv(name, raising=False)
    run_python(MAKE)
    file = find_history_file()
    assert list_names(file) == {"Completed 200", "Failed 100", "Completed 40", "Running 200"}
    return file


def test_old_ended_runs_go_and_the_rest_stays(history):
    assert (count_old_runs(None), count_old_runs(timedelta(days=30))) == (2, 3)
    run_python(TRIM)
    assert list_names(history) == {"Completed 40", "Running 200"} and count_old_runs(None) == 0
    run_python(TRIM, "30")
    assert list_names(history) == {"Running 200"}


def test_the_history_of_another_server_is_left_alone(runs, monkeypatch):
    (runs / ".prefect").mkdir(parents=True)
    (runs / ".prefect" / "prefect.db").write_bytes(b"no database")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert count_old_runs(None) == 0 and history_retention.trim_history(None) == 0


def make_tables(file: Path, *active: bool) -> None:
    """What Prefect 3.8 keeps of deployments, in the columns that are read."""
    import sqlite3

    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as database:
        database.executescript(
            "CREATE TABLE flow (id, name); CREATE TABLE deployment (id, name, flow_id);"
            "CREATE TABLE deployment_schedule (deployment_id, active);"
            "INSERT INTO flow VALUES (1, 'study'); INSERT INTO deployment VALUES (2, 'laptop', 1);"
        )
        rows = [(2, on) for on in active]
        database.executemany("INSERT INTO deployment_schedule VALUES (?, ?)", rows)


@pytest.mark.parametrize(
    ("active", "names"), [((True, True, False), ("study/laptop",)), ((False,), ())]
)
def test_deployments_whose_schedules_are_on_are_known_by_name(runs, active, names):
    make_tables(runs / ".prefect" / "prefect.db", *active)
    assert list_switched_on() == names


def test_without_a_file_or_with_one_that_is_empty_none_is_on(runs):
    assert list_switched_on() == ()
    (runs / ".prefect").mkdir(parents=True)
    (runs / ".prefect" / "prefect.db").touch()
    assert list_switched_on() == ()
