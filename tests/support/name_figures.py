"""How a code base names things: `python tests/support/name_figures.py FOLDER…` prints a row for each.

Counted over functions and methods without those that begin with two underscores. A name begins with a verb where its
first word is in `verbs.txt` beside this file (base forms, and is, has, are, can for questions); words that are more
often nouns (page, line, place) are not in it.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

VERBS = frozenset(Path(__file__).with_name("verbs.txt").read_text("utf-8").split())
MOST_POSITIONAL = 6
COLUMNS = 100


class NameFigures(NamedTuple):
    """What is counted in one code base; shares are of its functions."""

    files: int
    lines: int
    functions: int
    verb_share: float
    one_word_share: float
    long_lines: int
    many_positional: tuple[str, ...]  # functions with more than MOST_POSITIONAL
    classes_twice: tuple[str, ...]  # names of more than one class


def measure_names(folders: list[Path]) -> NameFigures:
    """The figures over all Python files below the folders."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    texts = [path.read_text("utf-8") for path in paths]
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    functions = list(_list_functions(nodes))
    words = [node.name.strip("_").split("_") for node in functions]
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    lines = [line for text in texts for line in text.splitlines()]
    return NameFigures(
        files=len(paths),
        lines=len(lines),
        functions=len(functions),
        verb_share=sum(word[0] in VERBS for word in words) / max(1, len(words)),
        one_word_share=sum(len(word) == 1 for word in words) / max(1, len(words)),
        long_lines=sum(len(line) > COLUMNS for line in lines),
        many_positional=tuple(
            node.name for node in functions if count_positional(node) > MOST_POSITIONAL
        ),
        classes_twice=tuple(sorted({name for name in classes if classes.count(name) > 1})),
    )


def _list_functions(nodes: list[ast.AST]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and not node.name.startswith("__"):
            yield node


def count_positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Parameters that may be given by position; without self and cls."""
    names = [arg.arg for arg in [*node.args.posonlyargs, *node.args.args]]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def format_row(name: str, found: NameFigures) -> str:
    """A row of the table in docs/names.md."""
    return (
        f"| {name} | {found.functions:,} | {found.verb_share:.0%} | {found.one_word_share:.0%} |"
        f" {found.long_lines:,} | {len(found.many_positional)} | {len(found.classes_twice)} |"
    )


def main(folders: list[str]) -> None:
    """One row for all folders together."""
    found = measure_names([Path(folder) for folder in folders])
    print(
        "| code | functions | begin with a verb | one word | lines over 100 | > 6 by position | class names twice |"
    )
    print("|---|---|---|---|---|---|---|")
    print(format_row(", ".join(folders), found))
    for kind in ("many_positional", "classes_twice"):
        if names := getattr(found, kind):
            print(f"\n{kind}: {', '.join(names)}")


if __name__ == "__main__":
    main(sys.argv[1:])
