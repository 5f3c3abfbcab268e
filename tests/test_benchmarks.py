"""The benches can start, and the reader of foreign files names what breaks its limits."""

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.read_foreign_files import faults_of
from reading.hostile import build_book

BENCHES = Path(__file__).parent / "benchmarks"
OURS = ("benchmarks", "deployments", "flows", "headline", "reading", "support", "tasks")


def imported_names(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of all that a file imports from us, inside its functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from ((node.module or "", alias.name) for alias in node.names)


def is_there(module: str, name: str) -> bool:
    if hasattr(importlib.import_module(module), name):
        return True
    return importlib.util.find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize("path", sorted(BENCHES.glob("*.py")), ids=lambda path: path.stem)
def test_all_that_a_bench_imports_exists(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHES), *sys.path])
    missing = [
        f"{module}.{name}" for module, name in imported_names(path) if not is_there(module, name)
    ]
    assert not missing


def test_foreign_files_end_in_text_or_with_a_reason_and_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "sound.pdf").write_bytes(build_book(1))
    (tmp_path / "broken.PDF").write_bytes(b"no PDF at all")
    out = tmp_path / "rows.jsonl"
    command = [sys.executable, BENCHES / "read_foreign_files.py", tmp_path, out]
    for _ in range(2):
        assert subprocess.run(command, check=False).returncode == 0
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [row["outcome"] for row in rows] == ["refused", "text"]
    assert all(0 < row["cpu_seconds"] < 30 for row in rows)
    assert all(10 < row["parent_mib"] < row["most_mib"] < 1024 for row in rows)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ({"outcome": "crashed"}, "crashed"),
        ({"cpu_seconds": 31}, "31 s"),
        ({"most_mib": 1025}, "1025 MiB"),
    ],
)
def test_a_crash_a_slow_file_and_a_large_one_are_faults(
    broken: dict[str, object], fault: str
) -> None:
    sound = {"outcome": "text", "cpu_seconds": 1, "most_mib": 300}
    assert list(faults_of(sound)) == []
    assert list(faults_of(sound | broken)) == [fault]
