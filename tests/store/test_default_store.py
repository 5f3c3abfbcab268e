"""Where artifacts lie when nothing is said: in the clone that runs, else in one place for each user; an old ./runs is told."""

import pytest
from support.command_call import call_command

from tasks.engine.store_notes import tell_older_store
from tasks.schemas.errors import StoreError
from tasks.store import paths
from tasks.store.paths import find_old_store, get_runs_dir


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """As the code lies among installed packages, and nothing is said about the store."""
    (tmp_path / "site-packages").mkdir()
    monkeypatch.setattr(paths, "PROJECT_ROOT", tmp_path / "site-packages")
    monkeypatch.delenv("RUNS_DIR")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def test_an_installed_command_has_one_store_a_user_whatever_the_folder(installed, monkeypatch):
    assert get_runs_dir() == installed / "home" / ".local" / "share" / "book2lora"
    monkeypatch.setenv("XDG_DATA_HOME", str(installed / "data"))
    assert get_runs_dir() == installed / "data" / "book2lora"
    monkeypatch.setenv("RUNS_DIR", "mine")
    assert get_runs_dir() == installed / "work" / "mine"


def test_a_clone_has_its_own_whatever_the_folder(installed):
    (installed / "site-packages" / "pyproject.toml").touch()
    assert get_runs_dir() == installed / "site-packages" / "runs"


def test_a_user_without_a_home_is_told_what_to_set(installed, monkeypatch):
    def raise_error() -> None:
        raise RuntimeError("no home")

    monkeypatch.setattr(paths.Path, "home", raise_error)
    with pytest.raises(StoreError, match="set RUNS_DIR"):
        get_runs_dir()


def test_an_old_store_here_is_found_and_told_and_one_that_is_used_or_none_is_not(
    installed, monkeypatch, capsys
):
    old = installed / "work" / "runs"
    old.mkdir()
    assert find_old_store() is None, "a folder of that name, and nothing of ours in it"
    (old / "studies").mkdir()
    assert find_old_store() == old
    tell_older_store()
    told = " ".join(capsys.readouterr().err.split())
    assert str(old) in told and f"RUNS_DIR={old}" in told
    assert str(get_runs_dir()) in told
    assert str(old) in call_command("runs").stderr
    assert str(old) in call_command("store").stdout
    monkeypatch.setenv("RUNS_DIR", str(old))
    assert find_old_store() is None
