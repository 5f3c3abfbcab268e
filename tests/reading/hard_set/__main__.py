"""Draw the hard set and measure the reader on it: PYTHONPATH=tests python -m reading.hard_set FOLDER [held|scripts]

Needs xelatex with xepersian, lualatex, soffice, chromium and the package typst; fonts Amiri, Nazli (farsiweb), Noto,
Liberation, DejaVu. Files that are already in FOLDER are not drawn again.
"""

import sys
import traceback
from pathlib import Path
from statistics import mean
from subprocess import SubprocessError

from reading.hard_set.books import Book, list_books
from reading.hard_set.scores import Score, score_reading

from tasks.reading.pdf import read
from tasks.schemas.errors import BookError
from tasks.schemas.plan_sections import ReadingPlan


def measure_book(book: Book, folder: Path) -> Score:
    out = book.folder(folder)
    path = out / "book.pdf"
    if not path.is_file():
        book.draw(book.blocks, out)
    return score_reading(read(path, ReadingPlan(), book.language, workers=1), book.blocks)


def main(folder: str, which: str = "open") -> None:
    print("| file | " + " | ".join(Score._fields) + " |\n|---|" + "---|" * len(Score._fields))
    scores: list[Score] = []
    for book in list_books(which):
        try:
            scores.append(measure_book(book, Path(folder)))
        except (OSError, RuntimeError, ImportError, SubprocessError, BookError):
            # a program that is missing; the other rows are still worth having
            traceback.print_exc(limit=2)
            continue
        _print_row(f"{book.language}: {book.name}", scores[-1])
    _print_row("**mean**", Score(*map(mean, zip(*scores, strict=True))))


def _print_row(name: str, score: Score) -> None:
    print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in score) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
