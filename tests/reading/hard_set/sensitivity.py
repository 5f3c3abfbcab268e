"""How far each constant of the reader may move before the hard set is read worse.

PYTHONPATH=tests python -m reading.hard_set.sensitivity FOLDER [open|held|scripts] [FACTOR …]

FOLDER holds the files that `reading.hard_set` drew. Each number that a module of `tasks/reading/layout` or
`tasks/reading/structure` names in capitals is multiplied by each factor (0.8 and 1.25 where none is given; a count
moves by one at least), and all files are read again from the same glyphs, in this process. A row a constant that
changes any score: the greatest loss and the greatest gain of a file, and the loss of the mean, in all scores.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from statistics import mean
from typing import NamedTuple
from unittest.mock import patch

from reading.hard_set.books import Book, list_books
from reading.hard_set.scores import Score, score_reading

import tasks.reading
from tasks.reading.pdf import read
from tasks.reading.sandbox import pool
from tasks.reading.sandbox.page_worker import Reader
from tasks.reading.types import Drawing, Sheet
from tasks.schemas.plan_sections import ReadingPlan

FACTORS = (0.8, 1.25)
LESS_IS_BETTER = ("pieces", "breaks")


class Constant(NamedTuple):
    """A number that a module of the reader names."""

    module: str
    name: str
    value: float


class DrawnReader(Reader):
    """Lays pages out anew from glyphs that are drawn once."""

    def _draw(self, engine: str, number: int, page: object, textpage: object) -> Drawing:
        return _remember(
            str(self._path),
            engine,
            number,
            lambda: Reader._draw(self, engine, number, page, textpage),
        )


_drawn: dict[tuple[str, str, int], Drawing] = {}


def _remember(path: str, engine: str, number: int, draw: Callable[[], Drawing]) -> Drawing:
    key = (path, engine, number)
    if key not in _drawn:
        _drawn[key] = draw()
    return _drawn[key]


@cache
def _open(path: Path, language: str) -> DrawnReader:
    return DrawnReader(path, language, "")


def _read_here(path, pages, language, ocr, workers, each) -> dict[int, Sheet]:  # type: ignore[no-untyped-def]
    return {number: _open(path, language).read(number) for number in pages}


def score_books(books: list[tuple[Book, Path]]) -> list[Score]:
    with patch.object(pool, "read_pages", _read_here):
        return [
            score_reading(read(path, ReadingPlan(), book.language, workers=1), book.blocks)
            for book, path in books
        ]


def list_constants() -> Iterator[Constant]:
    for found in pkgutil.walk_packages(tasks.reading.__path__, "tasks.reading."):
        if not found.ispkg and ".sandbox" not in found.name:
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                own = name.lstrip("_").isupper() and isinstance(value, int | float)
                if own and not isinstance(value, bool) and f"\n{name} = " in _source(module):
                    yield Constant(found.name, name, value)


def _source(module: object) -> str:
    return "\n" + Path(str(module.__file__)).read_text("utf-8")  # type: ignore[attr-defined]


@contextmanager
def moved(constant: Constant, factor: float) -> Iterator[float]:
    """The constant with another value in all modules that know it by its name."""
    value = constant.value * factor
    if isinstance(constant.value, int):
        step = 1 if factor > 1 else -1
        value = constant.value + step * max(1, round(abs(value - constant.value)))
    holders = [
        module
        for name, module in sys.modules.items()
        if name.startswith("tasks.reading")
        and getattr(module, constant.name, None) == constant.value
    ]
    for module in holders:
        setattr(module, constant.name, value)
    try:
        yield value
    finally:
        for module in holders:
            setattr(module, constant.name, constant.value)


def compare_scores(before: list[Score], after: list[Score]) -> tuple[float, float, float]:
    """Greatest loss of a file, greatest gain, and loss of the mean, each in the score that has it."""
    gains = [
        [(-1 if name in LESS_IS_BETTER else 1) * (b - a) for a, b in zip(one, two, strict=True)]
        for name, one, two in zip(
            Score._fields, zip(*before, strict=True), zip(*after, strict=True), strict=True
        )
    ]
    return (
        -min(min(row) for row in gains),
        max(max(row) for row in gains),
        -min(mean(row) for row in gains),
    )


def main(folder: str, which: str = "open", *factors: str) -> None:
    books = [
        (book, path)
        for book in list_books(which)
        if (path := book.folder(Path(folder)) / "book.pdf").is_file()
    ]
    before = score_books(books)
    if score_books(books) != before:
        raise SystemExit("The same glyphs were read in two ways: the figures would mean nothing.")
    print(f"{len(books)} files\n\n| constant | value | moved to | worst file | best file | mean |")
    print("|---|---|---|---|---|---|")
    still = 0
    for constant in list_constants():
        for factor in map(float, factors or FACTORS):
            with moved(constant, factor) as value:
                loss, gain, whole = compare_scores(before, score_books(books))
            if max(loss, gain) < 0.0005:
                still += 1
                continue
            name = f"{constant.module.rpartition('.')[2]}.{constant.name}"
            print(
                f"| `{name}` | {constant.value:g} | {value:g} | −{loss:.3f} | +{gain:.3f} | −{whole:.4f} |",
                flush=True,
            )
    print(f"\n{still} moves changed no score by 0.0005.")


if __name__ == "__main__":
    main(*sys.argv[1:])
