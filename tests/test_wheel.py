"""An installed package holds what the program opens at run time, the default study's plan and book among it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("tasks", "flows", "deployments", "plans", "books")
NOT_OPENED = {".py", ".pyc", ".md"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Unpacked; built from a copy, so that the checkout stays as it is."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in PARTS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[-2000:]
    with zipfile.ZipFile(next(out.glob("*.whl"))) as packed:
        packed.extractall(out / "site")
    return out / "site"


def test_every_file_that_the_program_opens_is_in_the_wheel(wheel):
    opened = [
        p.relative_to(ROOT)
        for part in ("tasks", "flows", "plans")
        for p in (ROOT / part).rglob("*")
        if p.is_file()
    ]
    wanted = {p for p in opened if p.suffix not in NOT_OPENED} | {
        Path("books/handbook.pdf"),
        Path("books/handbook-en.pdf"),
    }
    assert len(wanted) > 20 and not [str(p) for p in wanted if not (wheel / p).is_file()]


def test_the_default_study_is_ready_without_a_checkout(wheel, tmp_path):
    ask = f"import sys; sys.path.insert(0, {str(wheel)!r}); sys.argv = ['book2lora', 'check']; from flows.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "Nothing is missing" in done.stdout, done.stderr[-2000:]
