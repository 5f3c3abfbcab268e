"""How long Prefect's own history of a store is kept.

A run leaves about 0.4 MB of states, events and logs there. A server that lasts trims it by itself
(PREFECT_SERVER_SERVICES_DB_VACUUM_…, set in prefect_settings.py); those of single commands live
for minutes, so `book2lora store --remove` does it for them, with Prefect's own code.
"""

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tasks.store.paths import get_runs_dir

RETENTION = "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"
EVENTS = "PREFECT_SERVER_EVENTS_RETENTION_PERIOD"
DEFAULT_RETENTION = timedelta(days=90)  # of Prefect, where a setting does not say otherwise
LEAST_RETENTION = timedelta(hours=1, seconds=1)  # Prefect refuses less


def count_old_runs(older: timedelta | None) -> int:
    """Runs that `trim_history` would delete, their subflows not counted."""
    file = find_history_file()
    if file is None:
        return 0
    until = datetime.now(UTC) - _get_period(older)
    with closing(sqlite3.connect(file, timeout=30)) as database:
        (count,) = database.execute(
            "SELECT count(*) FROM flow_run WHERE parent_task_run_id IS NULL AND end_time < ?"
            " AND state_type IN ('COMPLETED', 'CANCELLED', 'FAILED', 'CRASHED')",
            (f"{until:%Y-%m-%d %H:%M:%S.%f}",),
        ).fetchone()
    return int(count)


def trim_history(older: timedelta | None) -> int:
    """Delete runs that ended before, with their subflows, events, logs and artifacts.

    Args:
        older: how long runs are kept; none: as long as a server that lasts would keep them

    Returns:
        Bytes by which the history is smaller.
    """
    file = find_history_file()
    if file is None:
        return 0
    if older is not None:
        seconds = int(_get_period(older).total_seconds())
        os.environ |= {RETENTION: str(seconds), EVENTS: f"PT{seconds}S"}
    size = _measure_file(file)
    asyncio.run(_vacuum_tables())
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return size - _measure_file(file)


def find_history_file() -> Path | None:
    """Prefect's database of this store; none where the history is a server's own."""
    elsewhere = ("PREFECT_API_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
    return None if any(map(os.environ.get, elsewhere)) else find_sqlite_file()


def find_sqlite_file() -> Path | None:
    """The store's SQLite of Prefect, where there is one."""
    return get_sqlite_file() if get_sqlite_file().is_file() else None


def get_sqlite_file() -> Path:
    """The place of single commands' history, and of dashboards' without PostgreSQL."""
    return get_runs_dir() / ".prefect" / "prefect.db"


def list_switched_on() -> tuple[str, ...]:
    """Deployments in the store's SQLite with a schedule that somebody switched on."""
    file = find_sqlite_file()
    if file is None:
        return ()
    with closing(sqlite3.connect(file, timeout=30)) as database:
        table = "SELECT 1 FROM sqlite_master WHERE name = 'deployment_schedule'"
        if database.execute(table).fetchone() is None:  # its first server was killed at once
            return ()
        found = database.execute(
            "SELECT DISTINCT flow.name || '/' || deployment.name FROM deployment_schedule"
            " JOIN deployment ON deployment.id = deployment_schedule.deployment_id"
            " JOIN flow ON flow.id = deployment.flow_id"
            " WHERE deployment_schedule.active ORDER BY 1"
        ).fetchall()
    return tuple(name for (name,) in found)


def _get_period(older: timedelta | None) -> timedelta:
    if older is not None:
        return max(older, LEAST_RETENTION)
    own = os.environ.get(RETENTION)
    return timedelta(seconds=float(own)) if own else DEFAULT_RETENTION


async def _vacuum_tables() -> None:
    from prefect.server.database import provide_database_interface
    from prefect.server.services import db_vacuum

    database = provide_database_interface()
    await db_vacuum.vacuum_old_flow_runs(db=database)
    await db_vacuum.vacuum_old_events(db=database)
    await db_vacuum.vacuum_orphaned_logs(db=database)
    await db_vacuum.vacuum_orphaned_artifacts(db=database)
    await db_vacuum.vacuum_stale_artifact_collections(db=database)
    engine = await database.engine()
    await engine.dispose()


def _measure_file(file: Path) -> int:
    """With its write-ahead log."""
    parts = [file, file.with_name(file.name + "-wal")]
    return sum(part.stat().st_size for part in parts if part.is_file())
