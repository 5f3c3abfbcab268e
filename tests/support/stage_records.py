"""What a store tells of its stages: which are finished, and whether one is being done now."""

from collections.abc import Mapping
from pathlib import Path

from tasks.store.lock_files import is_locked


def list_stage_records(store: Path) -> dict[str, int]:
    """The kept records of stages and when they were written, in ns."""
    return {
        str(p.relative_to(store)): p.stat().st_mtime_ns
        for p in (store / "results").glob("*/*")
        if not p.name.startswith(".")
    }


def has_stage_begun(store: Path, stage: str, before: Mapping[str, int]) -> bool:
    """Whether a process is in the stage, or has finished it since the records were as `before`: a
    stage of some ms may be over between two looks.
    """
    if any(is_locked(lock) for lock in (store / "locks").glob(f"{stage}-*")):
        return True
    now = {key: time for key, time in list_stage_records(store).items() if f"/{stage}/" in key}
    return any(before.get(key) != time for key, time in now.items())
