"""Output for terminals and files that cannot hold every letter: signs get their nearest ASCII form
instead of ending the command. And for readers that go away (`book2lora runs | head`).
"""

import codecs
import json
import os
import select
import signal
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import Any

NEAREST = {
    "✓": "+",
    "→": "->",
    "←": "<-",
    "·": "-",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "’": "'",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
    "‖": "||",
    "\u202f": " ",
    "\u00a0": " ",
    "\u200e": "",
    "\u200f": "",
    "━": "-",
    "╸": "-",
    "╺": "-",
}
ERRORS = "book2lora-nearest"


def allow_any_letter() -> None:
    """Let standard output and error write what their encoding lacks in its nearest form, other
    letters as \\u escapes.
    """
    codecs.register_error(ERRORS, _replace_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not is_unicode(stream.encoding):
            stream.reconfigure(errors=ERRORS)


def end_if_nobody_reads() -> None:
    """End this process as SIGPIPE would where the reader of its standard output has gone."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # errors are told unasked
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        # Python flushes again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


def write_json_lines(out: Path | None, rows: Iterable[Any]) -> None:
    """One row a line, into a file or on standard output; escaped where that is not Unicode."""
    escaped = out is None and not is_unicode(sys.stdout.encoding)
    lines = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows)
    if out is None:
        sys.stdout.write(lines)
    else:
        out.write_text(lines, "utf-8")


def is_unicode(encoding: str | None) -> bool:
    """Whether an encoding holds every letter; a stream of none (in memory) does."""
    return encoding is None or codecs.lookup(encoding).name.startswith("utf")


def _replace_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    nearest = (NEAREST.get(c, c.encode("ascii", "backslashreplace").decode()) for c in letters)
    return "".join(nearest), error.end
