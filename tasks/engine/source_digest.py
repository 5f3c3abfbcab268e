"""Which code makes a stage's result, as one digest: a result is never older than the code that
would make it now.

The digest covers the stage's function, every module of `tasks` that it imports (also inside
functions, and modules named in strings, which are run as processes of their own), the data files
(templates) in the folders of these modules, and the files of the languages' folders that they name
("packs/exam.yaml": that file of every language). It is taken over the files as they are: a changed
comment makes a cheap stage run once more, which costs seconds.
"""

import ast
import hashlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]  # the folder of `tasks`
DATA = {".yaml", ".html", ".css", ".js", ".txt", ".json"}
# What only stores, finds, schedules or words errors; a plan's values are in the key themselves.
RELEVANT = ("tasks.engine.report_inputs",)  # the report's data are gathered there
NEUTRAL = (
    "tasks.engine",
    "tasks.stages",
    "tasks.store",
    "tasks.schemas.machine",
    "tasks.schemas.plan",
    "tasks.schemas.plan_file",
    "tasks.schemas.plan_lineage",
    "tasks.schemas.plan_sections",
    "tasks.schemas.plan_file",
    "tasks.schemas.errors",
    "tasks.language.catalogue",
    "tasks.schemas.digest",
    "tasks.schemas.project",
)
MODULE = re.compile(r"tasks(?:\.\w+)+")
PACK_FILE = re.compile(r"packs/\w+\.\w+")


def digest_function(function: Callable[..., Any]) -> str:
    """Digest over a function and all that it imports from `tasks`, directly or not."""
    source = inspect.getsource(function)
    names = _named_modules(ast.parse(inspect.cleandoc(source)))
    return _combine([source, digest_modules(sorted(names), follow=True)])


def digest_modules(names: Iterable[str], *, follow: bool) -> str:
    """Digest over modules and their data files; `follow`: over those that they import, too."""
    modules = sorted(reachable_modules(names) if follow else set(names))
    files = [_path(name) for name in modules]
    data = {found for file in files for found in _pack_files(file)}
    if follow:
        data |= {found for file in files for found in _data_files(file.parent)}
    return _combine(
        f"{file.relative_to(PACKAGE).as_posix()} {_content_digest(file)}"
        for file in [*files, *sorted(data)]
    )


def reachable_modules(names: Iterable[str]) -> set[str]:
    """The modules themselves and all of `tasks` that they import, without those that no result
    depends on.
    """
    found: set[str] = set()
    waiting = [name for name in names if not _is_neutral(name)]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += [one for one in _imports(name) if not _is_neutral(one)]
    return found


def _is_neutral(name: str) -> bool:
    return name not in RELEVANT and any(
        name == one or name.startswith(one + ".") for one in NEUTRAL
    )


@cache
def _imports(name: str) -> frozenset[str]:
    return frozenset(_named_modules(ast.parse(_path(name).read_text("utf-8"))))


def _named_modules(tree: ast.AST) -> set[str]:
    """Modules of `tasks` that a piece of code imports, or names in a string."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and MODULE.fullmatch(node.value)
        ):
            names.add(node.value)
    return {name for name in names if name.startswith("tasks.") and _path(name).is_file()}


def _path(name: str) -> Path:
    base = PACKAGE.joinpath(*name.split(".")[1:])
    file = base.with_suffix(".py")
    return file if file.is_file() else base / "__init__.py"


@cache
def _pack_files(module: Path) -> frozenset[Path]:
    """The files of the languages' folders that a module names."""
    named = {
        node.value.partition("/")[2]
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and PACK_FILE.fullmatch(node.value)
    }
    packs = PACKAGE / "language" / "packs"
    return frozenset(found for name in named for found in packs.glob(f"*/{name}"))


@cache
def _data_files(folder: Path) -> tuple[Path, ...]:
    """Data beside a module, also in folders below that hold no modules."""
    return tuple(sorted(_walk(folder)))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if not (path / "__init__.py").exists() and path.name not in ("__pycache__", "packs"):
                yield from _walk(path)
        elif path.suffix in DATA:
            yield path


@cache
def _content_digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _combine(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
