"""Reading beside pdfplumber and pypdf, on the same Persian pages: seconds of processor time, and how much comes out right.

`make bench ARGS=reading`. The two are no dependencies (pdfplumber pins another pdfminer.six): name an interpreter that has them,
BENCH_PYTHON=/tmp/other/bin/python, else only our own figures are shown.
"""

import itertools
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from headline import print_headline  # noqa: E402

from tasks.language import text  # noqa: E402
from tasks.reading.pdf import read_pages  # noqa: E402
from tasks.schemas.plan import ReadingPlan  # noqa: E402

BOOK = ROOT / "books" / "handbook.pdf"
PAGES = 40
OTHERS = {
    "pdfplumber": "import pdfplumber; d = pdfplumber.open(book); out = [p.extract_text() for p in d.pages[:pages]]",
    "pypdf": "import pypdf; d = pypdf.PdfReader(book); out = [p.extract_text() for p in d.pages[:pages]]",
}


def processor_seconds() -> float:
    """Of this process and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def ours(workers: int) -> tuple[str, float, float]:
    """(text, processor seconds, seconds by the clock)"""
    start, clock = processor_seconds(), time.monotonic()
    pages = read_pages(BOOK, ReadingPlan(last_page=PAGES), "fa", workers=workers)
    return "\n".join(p.text for p in pages), processor_seconds() - start, time.monotonic() - clock


def other(name: str) -> tuple[str, float, float] | None:
    """The same of another library, or none when the interpreter has it not."""
    start, clock = processor_seconds(), time.monotonic()
    code = (
        f"import json\nbook, pages = {str(BOOK)!r}, {PAGES}\n{OTHERS[name]}\nprint(json.dumps(out))"
    )
    done = subprocess.run(
        [os.environ.get("BENCH_PYTHON", sys.executable), "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return None
    return "\n".join(json.loads(done.stdout)), processor_seconds() - start, time.monotonic() - clock


def right(read: str) -> tuple[float, float, float]:
    """Share of the source's words, of its neighbouring words, and of its words with half-spaces that came out."""
    source = text.normalize_text(
        re.sub(
            r"^(?:#+|-) |\*\*",
            "",
            (ROOT / "books/handbook/01-heart-and-vessels.md").read_text("utf-8"),
            flags=re.MULTILINE,
        )
    )
    read = text.normalize_text(read)
    words = [re.findall(r"\w+", s.replace("\u200c", "")) for s in (source, read)]
    halves = [[w for w in re.findall(r"[\w\u200c]+", s) if "\u200c" in w] for s in (source, read)]
    return recall(*words), recall(*(list(itertools.pairwise(w)) for w in words)), recall(*halves)


def recall(wanted: list, found: list) -> float:  # type: ignore[type-arg]
    left = Counter(found)
    return sum(min(n, left[x]) for x, n in Counter(wanted).items()) / len(wanted)


def main() -> None:
    print(f"{PAGES} pages of the handbook; shares of the first chapter's source that came out.\n")
    print("| reader | CPU s | clock s | words | order | half-spaces |\n|---|---|---|---|---|---|")
    found = {"ours, 1 worker": ours(1), "ours, 2 workers": ours(2)} | {
        name: other(name) for name in OTHERS
    }
    for name, result in found.items():
        if result is None:
            print(f"| {name} | not installed (BENCH_PYTHON) | | | | |")
            continue
        read, used, clock = result
        print(
            f"| {name} | {used:.1f} | {clock:.1f} | "
            + " | ".join(f"{share:.3f}" for share in right(read))
            + " |"
        )
        if name in ("ours, 2 workers", *OTHERS):
            shares = ", ".join(
                f"{what} {share:.3f}"
                for what, share in zip(("words", "order", "half-spaces"), right(read), strict=True)
            )
            print_headline(
                f"{PAGES} Persian pages read by {name}",
                f"{shares}; {used / PAGES * 1000:.0f} ms CPU a page",
            )


if __name__ == "__main__":
    main()
