"""Reading beside pypdf, pdfplumber, pdfminer and pdfium on the same pages: CPU time a page, memory,
and how much comes out right.

`make bench ARGS=reading`. pypdf and pdfplumber are no dependencies (pdfplumber pins another
pdfminer.six): name an interpreter that has all four, BENCH_PYTHON=…/bin/python, else they are
missing. BENCH_BOOKS=one.pdf:two.pdf adds books of your own, for which nobody knows what is right.
"""

import itertools
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from headline import print_headline  # noqa: E402

from tasks.language import text  # noqa: E402

PAGES = 40
ROUNDS = 3  # the least CPU time of three: other programs only add to it
OURS = "ours, reading processes counted"
READERS = {
    OURS: "from tasks.reading.pdf import read_pages; from pathlib import Path;"
    " from tasks.schemas.plan_sections import ReadingPlan;"
    " out = [p.text for p in read_pages(Path(book), ReadingPlan(last_page=pages), lang, 1)]",
    "pdfminer": "from pdfminer.high_level import extract_text;"
    " out = [extract_text(book, maxpages=pages)]",
    "pdfplumber": "import pdfplumber; d = pdfplumber.open(book);"
    " out = [p.extract_text() for p in d.pages[:pages]]",
    "pypdf": "import pypdf; d = pypdf.PdfReader(book);"
    " out = [p.extract_text() for p in d.pages[:pages]]",
    "pdfium": "import pypdfium2; d = pypdfium2.PdfDocument(book);"
    " out = [d[i].get_textpage().get_text_range() for i in range(min(pages, len(d)))]",
}
MEASURED = """
import json, resource
used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu, memory = sum(u.ru_utime + u.ru_stime for u in used), sum(u.ru_maxrss for u in used) // 1024
print(json.dumps([chr(10).join(out), cpu, memory]))
"""


class Book(NamedTuple):
    """What is read, and the beginning of it as it was written."""

    name: str
    path: Path
    language: str
    source: Path | None = None


class Run(NamedTuple):
    """One reader's process, from its start to its end."""

    text: str
    cpu: float  # seconds, of its children too
    memory: int  # MiB at the peak, its own and its largest child's


class Measured(NamedTuple):
    """A reader on one book."""

    text: str
    start: float  # CPU seconds of a process that reads one page
    page: float  # CPU seconds that each further page costs
    memory: int


def run_reader(name: str, book: Book, pages: int) -> Run | None:
    """None where the interpreter has not that library."""
    given = f"book, pages, lang = {str(book.path)!r}, {pages}, {book.language!r}\n"
    python = sys.executable if name == OURS else os.environ.get("BENCH_PYTHON", sys.executable)
    command = [python, "-c", given + READERS[name] + "\n" + MEASURED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode and "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(f"{name} on {book.name}: {done.stderr[-500:]}")
    return Run(*json.loads(done.stdout))


def measure(book: Book) -> dict[str, Measured]:
    """Every reader that is there, in turn, so that a busy minute falls on all of them."""
    runs: dict[tuple[str, int], list[Run]] = {}
    for _ in range(ROUNDS):
        for name, pages in itertools.product(READERS, (1, PAGES)):
            if run := run_reader(name, book, pages):
                runs.setdefault((name, pages), []).append(run)
    found = {}
    for name in (name for name in READERS if (name, PAGES) in runs):
        one, all_of_them = runs[name, 1], runs[name, PAGES]
        start, whole = (min(run.cpu for run in group) for group in (one, all_of_them))
        each = (whole - start) / (PAGES - 1)
        memory = max(run.memory for run in all_of_them)
        found[name] = Measured(all_of_them[0].text, start, each, memory)
    return found


def shares_right(read: str, book: Book) -> list[str]:
    """Of the source's words, of its neighbouring words, and of its words with half-spaces."""
    if book.source is None:
        return ["", "", ""]
    markup = re.compile(r"^(?:#+|-|\d+\.) |\*\*", re.MULTILINE)
    source = text.normalize_text(markup.sub("", book.source.read_text("utf-8")), book.language)
    both = source, text.normalize_text(read, book.language)
    words = [re.findall(r"\w+", s.replace("\u200c", "")) for s in both]
    halves = [[w for w in re.findall(r"[\w\u200c]+", s) if "\u200c" in w] for s in both]
    pairs = [list(itertools.pairwise(w)) for w in words]
    return [f"{share(*w):.3f}" if w[0] else "" for w in (words, pairs, halves)]


def share(wanted: Iterable[object], found: Iterable[object]) -> float:
    """Of the wanted, how many are among the found."""
    all_wanted = Counter(wanted)
    return (all_wanted & Counter(found)).total() / all_wanted.total()


def print_book(book: Book) -> None:
    """One table; in short, what a page costs beside pdfminer."""
    found = measure(book)
    base = found["pdfminer"].page
    print(f"\n{PAGES} pages of {book.name}\n")
    print(
        "| reader | pages a CPU second | a page beside pdfminer | start, CPU s | peak, MiB", end=""
    )
    print(" | words | order | half-spaces |\n|---|---|---|---|---|---|---|---|")
    for name in READERS:
        if name not in found:
            print(f"| {name} | not installed (BENCH_PYTHON) | | | | | | |")
            continue
        _, start, page, memory = found[name]
        figures = f"{1 / page:.1f}", f"{page / base:.2f} ×", f"{start:.2f}", str(memory)
        print("|", " | ".join([name, *figures, *shares_right(found[name].text, book)]), "|")
    if book.source:
        right = [
            f"{name.partition(',')[0]} {' / '.join(filter(None, shares_right(one.text, book)))}"
            for name, one in found.items()
        ]
        print_headline(
            f"share of {book.name} read right: words / order / half-spaces", "; ".join(right)
        )
    ratio = found[OURS].page / base
    target = "≤ 2 ×" if book.language != "fa" else ""
    print_headline(f"a page of {book.name}: our CPU beside pdfminer's", f"{ratio:.2f} ×", target)


def main() -> None:
    books = ROOT / "books"
    first = books / "handbook/01-heart-and-vessels.md"
    english = books / "handbook-en/01-infectious-diseases.md"
    print("CPU a page: what each further page costs. Words, order and half-spaces: shares of the")
    print("first chapter's source that came out. Our peak is the parent's and the child's.")
    print_book(Book("the Persian handbook", books / "handbook.pdf", "fa", first))
    print_book(Book("the English handbook", books / "handbook-en.pdf", "en", english))
    for path in filter(None, os.environ.get("BENCH_BOOKS", "").split(":")):
        print_book(Book(Path(path).name, Path(path).resolve(), "en"))


if __name__ == "__main__":
    main()
