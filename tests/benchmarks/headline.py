"""The one figure of a bench that the README shows, hidden among its tables until `make bench` gathers them."""

import re
from typing import NamedTuple


class Headline(NamedTuple):
    """What was measured, the figure, and what it was to be."""

    what: str
    figure: str
    target: str


MARK = re.compile(r"<!-- in short \| (.*?) \| (.*?) \| (.*?) -->\n?")


def print_headline(what: str, figure: str, target: str = "") -> None:
    """Print it as a comment of Markdown."""
    print(f"<!-- in short | {what} | {figure} | {target} -->")


def find_headlines(markdown: str) -> list[Headline]:
    """All that a text holds, in its order."""
    return [Headline(*found) for found in MARK.findall(markdown)]


def move_headlines_last(markdown: str) -> str:
    """The text with its headlines behind it, since a bench prints them when it has them, also in the middle of a table."""
    marks = [found.group().strip() for found in MARK.finditer(markdown)]
    return "\n".join([MARK.sub("", markdown).strip().replace("\n\n\n", "\n\n"), "", *marks]).strip()
