"""Where the PostgreSQL of a store's dashboard lies."""

import os
from pathlib import Path

from tasks.schemas.digest import compute_digest
from tasks.store.paths import get_runs_dir

ROOT_FOLDER = Path("/var/lib/book2lora")  # PostgreSQL refuses root; its user sees no private store


def get_database_dir() -> Path:
    """In the store; for root in a place of the machine, by the store's path."""
    if os.geteuid() == 0:
        return ROOT_FOLDER / compute_digest(str(get_runs_dir()).encode()) / "postgres"
    return get_runs_dir() / ".prefect" / "postgres"


def find_outer_database() -> Path | None:
    """Of this store, where one was made outside of it: a copy of the store lacks it."""
    place = get_database_dir()
    return place if place.is_dir() and not place.is_relative_to(get_runs_dir()) else None
