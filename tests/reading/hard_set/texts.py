"""The hard set's texts: blocks of many kinds in a small markup, which is their truth too.

# chapter   ## section   ### part   - item   1. item   | cell | cell |   ^ note to the paragraph before
$ TeX ~ Typst ~ plain formula   =2 two columns from here   =1 one again
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
BOOKS = HERE.parents[2] / "books"


class Block(NamedTuple):
    """A paragraph, heading, item, row of a table, note, formula, or a change of columns."""

    kind: str  # h1, h2, h3, p, item, numbered, row, note, formula, columns
    text: str

    @property
    def cells(self) -> list[str]:
        return [cell.strip() for cell in self.text.strip("| ").split("|")]


_STARTS = (
    ("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("- ", "item"), ("| ", "row"),
    ("^ ", "note"), ("$ ", "formula"), ("=", "columns"),
)  # fmt: skip


def parse_blocks(text: str) -> list[Block]:
    return [_block(line.strip()) for line in text.splitlines() if line.strip()]


def _block(line: str) -> Block:
    for start, kind in _STARTS:
        if line.startswith(start):
            return Block(kind, line[len(start) :])
    numbered = re.match(r"\d+\. ", line)
    return Block("numbered", line[numbered.end() :]) if numbered else Block("p", line)


def load_blocks(name: str, handbook: Sequence[str] = ()) -> list[Block]:
    """A text of this folder, and chapters of a handbook after it."""
    files = [HERE / f"{name}.md", *(BOOKS / f"{chapter}.md" for chapter in handbook)]
    return [
        block for file in files for block in parse_blocks(file.read_text("utf-8").replace("**", ""))
    ]


def grouped(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in order; rows of one table, items of one list and notes of one paragraph together."""
    groups: list[list[Block]] = []
    for block in blocks:
        kind = groups[-1][0].kind if groups else ""
        if block.kind == kind in ("row", "item", "numbered") or (block.kind == "note" and groups):
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups
