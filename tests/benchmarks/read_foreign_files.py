"""Read every PDF below a folder, or of a list, as `book2lora read` does, and say how each ended.

`python tests/benchmarks/read_foreign_files.py PDFS OUT.jsonl`, with PDFS a folder or a text file
of paths. Test suites of other PDF libraries are good folders: their files are broken in all the
ways that were ever reported. Each must end in text or in a BookError that says why, within
30 s of CPU (those of the clock are the machine's) and 1 GiB. One JSON line a file; files that
have a line in OUT already are not read again. Pages that were lost are told with their reason.
The exit code is 1 where a file broke a limit.
"""

import json
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from tasks.reading.pdf import read  # noqa: E402
from tasks.reading.sandbox.pool import MOST_CHILDREN  # noqa: E402
from tasks.schemas.errors import BookError  # noqa: E402
from tasks.schemas.plan_sections import ReadingPlan  # noqa: E402

PLAN = ReadingPlan(ocr="skip", most_bad_pages=1.0)  # as the command has it
MOST_SECONDS = 30
MOST_MIB = 1024  # of our process and as many children as a machine with many cores starts
HANGING = 1800  # s by the clock, after which a file is given up: a busy machine is no fault


def read_file(path: Path, answer: Connection) -> None:
    """How one file ended; the peaks of this process and of its largest child."""
    start = time.monotonic()
    row: dict[str, Any] = {"file": str(path)}
    try:
        reading = read(path, PLAN, "en", workers=1)
    except BookError as error:
        row |= {"outcome": "refused", "message": str(error)}
    except BaseException:  # noqa: BLE001 - every other end is what is looked for
        row |= {"outcome": "crashed", "message": traceback.format_exc()}
    else:
        letters = sum(len(page.text) for page in reading.pages)
        row |= {"outcome": "text", "pages": len(reading.pages), "characters": letters}
        row["lost"] = reading.faults  # pages that could not be read, or only by one library
    row["seconds"] = round(time.monotonic() - start, 2)
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    row["cpu_seconds"] = round(sum(each.ru_utime + each.ru_stime for each in used), 2)
    row["parent_mib"], row["child_mib"] = (each.ru_maxrss // 1024 for each in used)
    row["most_mib"] = row["parent_mib"] + MOST_CHILDREN * row["child_mib"]
    answer.send(row)


def watch_file(path: Path) -> dict[str, Any]:
    """Read a file in a process of its own; one that hangs is killed with its children."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=read_file, args=(path, sender))
    process.start()
    sender.close()
    try:
        if receiver.poll(HANGING):
            row: dict[str, Any] = receiver.recv()
        else:
            os.kill(process.pid or 0, signal.SIGKILL)  # its children die with it
            row = {"file": str(path), "outcome": "hung", "seconds": HANGING}
    except EOFError:
        row = {"file": str(path), "outcome": "killed", "seconds": 0}
    process.join()
    return row | {"faults": list(faults_of(row))}


def faults_of(row: dict[str, Any]) -> Iterator[str]:
    """What it broke."""
    if row["outcome"] not in ("text", "refused"):
        yield row["outcome"]
    if row.get("cpu_seconds", 0) > MOST_SECONDS:
        yield f"{row['cpu_seconds']} s"
    if row.get("most_mib", 0) > MOST_MIB:
        yield f"{row['most_mib']} MiB"


def main(pdfs: Path, out: Path) -> int:
    """Read the files in order."""
    paths = (
        sorted(path for path in pdfs.rglob("*") if path.suffix.lower() == ".pdf")
        if pdfs.is_dir()
        else [Path(line) for line in pdfs.read_text("utf-8").splitlines()]
    )
    known = out.read_text("utf-8").splitlines() if out.is_file() else []
    rows = [json.loads(line) for line in known]
    done = {row["file"] for row in rows}
    with out.open("a", encoding="utf-8") as lines:
        for path in paths:
            if str(path) not in done:
                rows.append(watch_file(path))
                lines.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
                lines.flush()
    broken = [row for row in rows if row["faults"]]
    print(len(rows), "files:", dict(Counter(row["outcome"] for row in rows)))
    for row in broken:
        print(row["file"], ", ".join(row["faults"]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
