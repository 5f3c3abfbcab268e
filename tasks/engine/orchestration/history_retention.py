"""How long Prefect's own history of a store is kept.

A run leaves about 0.4 MB of states, events and logs there. A server that lasts trims it by itself
(PREFECT_SERVER_SERVICES_DB_VACUUM_…, set in prefect_settings.py); those of single commands live
for minutes, so `book2lora store --remove` does it for them, with Prefect's own code.
"""

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tasks.store.paths import get_runs_dir

RETENTION = "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"
EVENTS = "PREFECT_SERVER_EVENTS_RETENTION_PERIOD"


def trim_history(older: timedelta | None) -> tuple[int, int] | None:
    """Delete runs that ended before, with their events, logs and artifacts.

    Args:
        older: how long runs are kept; none: as long as a server that lasts would keep them

    Returns:
        Runs and bytes that are gone; none where the history is not in this store's own file.
    """
    file = get_history_file()
    elsewhere = ("PREFECT_API_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
    if not file.is_file() or any(os.environ.get(name) for name in elsewhere):
        return None
    if older is not None:  # Prefect refuses less than an hour
        seconds = str(max(older.total_seconds(), 3601.0))
        os.environ[RETENTION] = os.environ[EVENTS] = seconds
    runs, size = _count_runs(file), _measure_file(file)
    asyncio.run(_vacuum_tables())
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return runs - _count_runs(file), size - _measure_file(file)


def get_history_file() -> Path:
    """Prefect's database of this store."""
    return get_runs_dir() / ".prefect" / "prefect.db"


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


def _count_runs(file: Path) -> int:
    with closing(sqlite3.connect(file, timeout=30)) as database:
        (count,) = database.execute("SELECT count(*) FROM flow_run").fetchone()
    return int(count)


def _measure_file(file: Path) -> int:
    """With its write-ahead log."""
    parts = [file, file.with_name(file.name + "-wal")]
    return sum(part.stat().st_size for part in parts if part.is_file())
