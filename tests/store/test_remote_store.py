"""A store in an object store: what one machine saves another loads, and neither side is believed."""

import pytest
from support.object_store import serve_bucket

from tasks.schemas.errors import MissingArtifact, StoreError
from tasks.store import remote_store
from tasks.store.artifact_folders import Adapter
from tasks.store.artifacts import Causes
from tasks.store.study_folder import StudyFolder


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, serve_bucket(patch) as url:
        yield url


@pytest.fixture
def machine(server, tmp_path, monkeypatch, request):
    """Work on a machine of that name, with its own mirror of one store."""
    remote_store._open_remote_store.cache_clear()
    monkeypatch.setenv("RUNS_DIR", f"{server}/{request.node.name}")

    def at(name):
        monkeypatch.setenv("RUNS_MIRROR", str(tmp_path / name))
        return tmp_path / name

    at("first")
    return at


def filled(text):
    def fill(folder):
        (folder / "deep").mkdir()
        (folder / "config.json").write_text(text, "utf-8")
        (folder / "deep" / "weights.bin").write_bytes(bytes(1000))

    return fill


def test_a_table_saved_on_one_machine_is_loaded_on_another(machine):
    table = Causes.save_rows([])
    here = machine("second")
    assert not table.path.exists()
    table.verify_content()
    assert table.load_rows() == []
    assert table.path.is_relative_to(here)


def test_a_folder_saved_on_one_machine_is_whole_on_another(machine):
    adapter = Adapter.build_folder(filled("۱۲"))
    machine("second")
    adapter.verify_content()
    assert (adapter.path / "deep" / "weights.bin").stat().st_size == 1000
    assert (adapter.path / "config.json").read_text("utf-8") == "۱۲"


def test_what_was_damaged_here_is_fetched_again(machine):
    adapter = Adapter.build_folder(filled("sound"))
    (adapter.path / "config.json").write_text("damaged")
    adapter.verify_content()
    assert (adapter.path / "config.json").read_text() == "sound"


def test_what_was_damaged_there_is_refused_and_made_whole_by_saving_again(machine, server):
    table = Causes.save_rows([])
    far = remote_store._get_remote_store()
    far.filesystem.pipe_file(far.get_remote_path(table.path), b"forged\n")
    machine("second")
    with pytest.raises(MissingArtifact, match="changed"):
        table.verify_content()
    Causes.save_rows([])
    machine("third")
    table.verify_content()


def test_what_is_nowhere_is_missing(machine):
    adapter = Adapter(digest="0" * 16)
    with pytest.raises(MissingArtifact, match="gone"):
        adapter.verify_content()


def test_a_study_folder_that_is_replaced_leaves_nothing_of_the_old_one(machine):
    StudyFolder.replace_folder("s", lambda folder: (folder / "old.txt").write_text("old"))
    new = StudyFolder.replace_folder("s", lambda folder: (folder / "new.txt").write_text("new"))
    machine("second")
    new.verify_content()
    assert sorted(p.name for p in new.path.iterdir()) == [".files", "new.txt"]
    assert [p.parent.name for p in remote_store.list_remote_paths("studies/*/new.txt")] == ["s"]


def test_a_store_that_does_not_answer_says_what_to_do(machine, monkeypatch):
    remote_store._open_remote_store.cache_clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    with pytest.raises(StoreError, match="Check address"):
        Causes.save_rows([])
    s3fs.S3FileSystem.clear_instance_cache()
    remote_store._open_remote_store.cache_clear()


def test_an_unknown_kind_of_store_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNS_DIR", "nowhere://bucket")
    monkeypatch.setenv("RUNS_MIRROR", str(tmp_path))
    with pytest.raises(StoreError, match="cannot be opened"):
        Causes.save_rows([])


def test_without_a_url_nothing_leaves_this_machine(runs):
    table = Causes.save_rows([])
    table.path.unlink()
    assert not remote_store.pull_file(table.path)
    assert remote_store.list_remote_paths("*") == []
