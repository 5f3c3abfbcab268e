"""The database of a store's dashboard lies in the store, and for root outside of it; that is told."""

import pytest
from support.command_call import call_command

from tasks.engine.orchestration import database_folder
from tasks.engine.orchestration.database_folder import find_outer_database, get_database_dir


@pytest.fixture
def place(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(database_folder, "ROOT_FOLDER", tmp_path / "of-root")
    return tmp_path / "of-root"


def test_of_a_user_it_lies_in_the_store_and_is_none_outside(runs, place, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert get_database_dir() == runs / ".prefect" / "postgres"
    get_database_dir().mkdir(parents=True)
    assert find_outer_database() is None


def test_of_root_each_store_has_its_own_outside(runs, place, tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    first = get_database_dir()
    assert first.is_relative_to(place) and find_outer_database() is None
    first.mkdir(parents=True)
    assert find_outer_database() == first
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "other"))
    assert get_database_dir() != first and find_outer_database() is None


def test_store_tells_where_a_database_outside_of_it_lies_and_its_size(runs, place, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    runs.mkdir(exist_ok=True)
    assert "PostgreSQL" not in call_command("store", BOOK2LORA_LANG="en").stdout
    get_database_dir().mkdir(parents=True)
    (get_database_dir() / "base").write_bytes(b"x" * 2_000_000)
    told = call_command("store", BOOK2LORA_LANG="en").stdout
    (line,) = [line for line in told.splitlines() if "PostgreSQL" in line]
    assert str(get_database_dir()) in line and "2.0 MB" in line
    assert told.startswith("store: ") and "2.0 MB" not in told.splitlines()[0]
