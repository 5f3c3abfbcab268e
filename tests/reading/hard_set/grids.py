"""How many pages of columns and of tables without rules are read wrong: `PYTHONPATH=tests python -m reading.hard_set.grids 2 7` draws those of test_columns_and_tables.py anew with seeds 2 to 6."""

import itertools
import random
import sys
from collections.abc import Iterator

from reading import test_columns_and_tables as drawn

Case = tuple[drawn.Page, list[str]]


def draw_columns(seed: int) -> Iterator[Case]:
    cases = itertools.product(
        ("en", "fa"), drawn.KINDS, drawn.GUTTERS, (True, False), drawn.LAYOUTS
    )
    for case in cases:
        yield drawn.draw_columns(*case, seed=f"new {seed} ")


def draw_tables(seed: int) -> Iterator[Case]:
    """With three to five of the rows, in a new order."""
    cases = itertools.product(("en", "fa"), (2, 3), drawn.LEADINGS, drawn.GAPS, drawn.LAST_COLUMNS)
    for language, count, leading, gap, last in cases:
        if last == 400 or leading > 13:
            rng = random.Random(f"new {seed} {language} {count} {leading} {gap} {last}")
            head, *body = drawn.ROWS[language]
            rows = [head, *rng.sample(body, rng.choice((3, 4, 5)))]
            kept = [row[-count:] if count == 3 else row[::2] for row in rows]
            yield drawn.draw_table(language, kept, gap, leading, last)


if __name__ == "__main__":
    first, end = map(int, sys.argv[1:])
    for name, draw in (("columns", draw_columns), ("tables", draw_tables)):
        cases = [case for seed in range(first, end) for case in draw(seed)]
        wrong = sum(page.read() != wanted for page, wanted in cases)
        print(f"{name}: {wrong} of {len(cases)} wrong")
