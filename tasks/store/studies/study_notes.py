"""A person's notes on a study: lines of notes.md in its folder, which stay when it is written
again. Words that begin with # are its tags.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

from tasks.store.paths import hold_lock

NOTES_NAME = "notes.md"
TAG = re.compile(r"(?<![\w#])#(\w[\w\u200c-]*)")  # with Persian half-spaces


def add_note(folder: Path, text: str) -> None:
    """Append a line with today's date, never while a run puts a new folder in its place."""
    line = " ".join(text.split())
    with hold_lock(folder.parent.name), (folder / NOTES_NAME).open("a", encoding="utf-8") as notes:
        notes.write(f"- {datetime.now(UTC):%Y-%m-%d} {line}\n")


def read_notes(folder: Path) -> list[str]:
    """The lines, those that a person wrote into the file among them; none where there are none."""
    try:
        text = (folder / NOTES_NAME).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()]


def list_tags(notes: list[str]) -> list[str]:
    """In the order in which they were first given."""
    return list(dict.fromkeys(tag for line in notes for tag in TAG.findall(line)))
