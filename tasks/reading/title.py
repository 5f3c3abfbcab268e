"""The title that a PDF gives itself, asked in a child process like all that comes from a foreign
file; else the file's name.
"""

import re
import subprocess
import sys
from pathlib import Path

from tasks.store.foreign import child_process

SECONDS = 20
NO_TITLE = re.compile(
    r"^(untitled|document\d*|microsoft word\b.*|.*\.(docx?|odt|indd|pdf|tex|dvi|qxd|rtf))$|^\W*$",
    re.IGNORECASE,
)
MOST = 200  # characters


def title_of(path: Path) -> str:
    """What the report calls the book."""
    return titled(_told(path)) or path.stem


def titled(told: str) -> str:
    """A title as it is worth showing: none where it is a program's or a file's name, or damaged."""
    told = " ".join(told.replace("\0", "").split())[:MOST]
    return "" if NO_TITLE.match(told) or "\ufffd" in told else told


def _told(path: Path) -> str:
    asked = child_process.command("tasks.reading.title", str(path))
    try:
        done = subprocess.run(
            asked,
            capture_output=True,
            env=child_process.environment(),
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    import pypdfium2

    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(str(pypdfium2.PdfDocument(sys.argv[1]).get_metadata_dict().get("Title", "")))
