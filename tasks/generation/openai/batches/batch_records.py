"""What the ledger knows of batches, and the lines of their files."""

import json
from typing import Any, NamedTuple

from tasks.generation.response_cache import ResponseCache
from tasks.store.paths import write_atomically


class BatchRecord(NamedTuple):
    """What the ledger knows of a batch; without an id it was not begun for certain."""

    mark: str
    keys: list[str]
    id: str = ""
    done: bool = False
    since: float = 0.0  # seconds since 1970, to give up a batch that never ends


def load_records(ledger: ResponseCache) -> list[BatchRecord]:
    """All batches that the ledger knows of."""
    return [
        BatchRecord(**json.loads(file.read_text("utf-8")))
        for file in sorted((ledger.folder / "batches").glob("*.json"))
    ]


def save_record(ledger: ResponseCache, record: BatchRecord) -> BatchRecord:
    """Put a record on disk."""
    write_atomically(
        ledger.folder / "batches" / f"{record.mark}.json", json.dumps(record._asdict()).encode()
    )
    return record


def build_request_line(key: str, body: dict[str, Any]) -> bytes:
    """A line of the file that is uploaded."""
    line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def parse_line(line: str) -> dict[str, Any]:
    """A line of a file that came; empty where it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
