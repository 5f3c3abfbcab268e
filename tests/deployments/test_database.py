"""The store's own PostgreSQL: made once, whole or not at all, closed to others, and alive again after a kill."""

import os
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.postgres import open_folder

from deployments import dashboard, database
from deployments.database import find_programs, prepare_database
from deployments.supervisor import stop
from tasks.engine.orchestration import database_folder
from tasks.schemas.errors import StudyError

needs_postgres = pytest.mark.skipif(
    find_programs(None) is None, reason="needs PostgreSQL: apt-get install postgresql"
)


@pytest.fixture
def place(runs, monkeypatch):
    """Where root's databases lie: pytest's own folders are closed to the database's user."""
    with open_folder() as folder:
        monkeypatch.setattr(database_folder, "ROOT_FOLDER", folder)
        yield folder


@contextmanager
def running(cluster):
    part = cluster.build_part()
    part.start()
    try:
        cluster.wait_until_ready(part.process)
        yield part
    finally:
        stop([part.process], 10)


def ask(cluster, sql):
    done = subprocess.run(
        [
            cluster.programs / "psql",
            "-h",
            cluster.sockets,
            "-U",
            "prefect",
            "postgres",
            "-Atc",
            sql,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "given",
    [
        {"PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://x@y/z"},
        {"PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:////tmp/x.db"},
        {"PREFECT_SERVER_DATABASE_HOST": "y"},
    ],
)
def test_a_database_that_the_environment_names_is_used_and_none_is_made(runs, given):
    assert prepare_database(given) is None
    assert not runs.exists()


def test_without_postgresql_it_is_sqlite(runs, monkeypatch):
    monkeypatch.setattr(database, "find_programs", lambda version: None)
    assert prepare_database({}) is None


@needs_postgres
def test_it_is_made_once_keeps_what_is_in_it_and_survives_a_kill(place):
    first = prepare_database({})
    with running(first) as part:
        ask(first, "create table t (n int); insert into t values (7)")
        os.kill(part.process.pid, signal.SIGKILL)
        part.process.wait()
    again = prepare_database({})
    assert again == first
    with running(again):
        assert ask(again, "select n from t") == "7"
        assert ask(again, "show listen_addresses") == ""


@needs_postgres
def test_its_files_are_closed_to_others_and_its_process_is_not_roots(place):
    cluster = prepare_database({})
    with running(cluster) as part:
        assert cluster.data.stat().st_mode & 0o077 == 0
        owner = Path(f"/proc/{part.process.pid}").stat().st_uid
        assert owner == cluster.data.stat().st_uid != 0
        secrets = Path(f"/proc/{part.process.pid}/environ").read_bytes()
        assert b"AUTH" not in secrets and b"KEY" not in secrets


@needs_postgres
def test_what_was_interrupted_is_made_anew(place):
    cluster = prepare_database({})
    cluster.data.rename(cluster.data.with_suffix(".new"))
    (cluster.data.with_suffix(".new") / "PG_VERSION").unlink()
    with running(prepare_database({})) as part:
        assert part.process.poll() is None


@needs_postgres
def test_files_of_another_version_are_told_not_touched(place):
    cluster = prepare_database({})
    (cluster.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(StudyError, match="PostgreSQL 9"):
        prepare_database({})
    assert (cluster.data / "base").is_dir()


@needs_postgres
def test_a_new_database_tells_which_schedules_the_earlier_one_leaves_behind(place, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    monkeypatch.setattr(dashboard, "list_switched_on", lambda: ("study/laptop",))
    first, second = prepare_database({}), prepare_database({})
    told = [*dashboard.describe_history(first, {})]
    assert len(told) == 2 and "study/laptop" in told[1] and "prefect.db" in told[1]
    assert len([*dashboard.describe_history(second, {})]) == 1
