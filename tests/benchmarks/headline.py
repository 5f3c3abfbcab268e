"""The one figure of a bench that the README shows, hidden among its tables until `make bench` gathers them."""

import re
from typing import NamedTuple


class Headline(NamedTuple):
    """What was measured, the figure, and what it was to be."""

    what: str
    figure: str
    target: str


MARK = re.compile(r"<!-- in short \| (.*?) \| (.*?) \| (.*?) -->")


def headline(what: str, figure: str, target: str = "") -> None:
    """Print it as a comment of Markdown."""
    print(f"\n<!-- in short | {what} | {figure} | {target} -->")


def headlines(markdown: str) -> list[Headline]:
    """All that a text holds, in its order."""
    return [Headline(*found) for found in MARK.findall(markdown)]
