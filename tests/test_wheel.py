"""An installed package holds what the program opens at run time, the default study's plan and book among it."""

import os
import shutil
import subprocess
import sys
import sysconfig
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


@pytest.fixture(scope="module")
def application(wheel, tmp_path_factory):
    """The command in an environment of its own, as `pipx install` leaves it; the libraries are this environment's."""
    home = tmp_path_factory.mktemp("application")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    site = next(home.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    packed = next(wheel.parent.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", home / "bin" / "python"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", packed], check=True)
    return home / "bin" / "book2lora"


def test_the_wheel_owns_the_names_that_the_documentation_tells(wheel):
    owned = {p.name for p in wheel.iterdir() if not p.name.endswith(".dist-info")}
    told = (ROOT / "docs" / "contributing.md").read_text("utf-8").partition("## Packaging")[2]
    assert owned == set(PARTS) and all(f"`{name}`" in told for name in owned)


def test_the_command_of_an_environment_of_its_own_takes_no_code_from_the_working_folder(
    application, tmp_path
):
    for name in PARTS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('foreign code')")
    done = subprocess.run(
        [application, "plan", "english"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "book: books/handbook-en.pdf" in done.stdout, done.stderr[
        -2000:
    ]


def test_the_installed_command_keeps_one_store_a_user_and_a_clone_its_own(application, tmp_path):
    places = []
    for command in ([application], [sys.executable, "-m", "flows.cli.main"]):
        folder = tmp_path if command[0] == application else ROOT
        done = subprocess.run(
            [*command, "store", "--path"],
            cwd=folder,
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        places.append(done.stdout.strip())
    assert places == [str(tmp_path / ".local" / "share" / "book2lora"), str(ROOT / "runs")]


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
        [sys.executable, "-c", ask],
        cwd=tmp_path,
        env={**os.environ, "BOOK2LORA_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "Nothing is missing" in done.stdout, done.stderr[-2000:]
