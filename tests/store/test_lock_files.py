"""A link in the place of a lock or a log changes no other file, and is told; locks exclude one another."""

import os

import pytest

from tasks.schemas.errors import StoreError
from tasks.store.lock_files import lock_file, open_log, try_lock_file
from tasks.store.paths import hold_lock


@pytest.fixture
def diary(tmp_path):
    file = tmp_path / "diary.txt"
    file.write_text("not ours")
    return file


def test_a_link_in_the_folder_of_locks_is_refused_and_its_file_stays(runs, diary):
    (runs / "locks").mkdir(parents=True)
    (runs / "locks" / "read_book-1").symlink_to(diary)
    with pytest.raises(StoreError, match="is a link"), hold_lock("read_book/1"):
        pass
    assert diary.read_text() == "not ours"


def test_a_link_in_the_place_of_a_log_is_refused_and_its_file_stays(tmp_path, diary):
    (tmp_path / "server.log").symlink_to(diary)
    with pytest.raises(StoreError, match="is a link"):
        open_log(tmp_path / "server.log")
    assert diary.read_text() == "not ours"


def test_a_log_is_continued(tmp_path):
    for line in (b"one\n", b"two\n"):
        handle = open_log(tmp_path / "logs" / "run.log")
        os.write(handle, line)
        os.close(handle)
    assert (tmp_path / "logs" / "run.log").read_bytes() == b"one\ntwo\n"


def test_a_held_lock_is_not_given_twice_and_a_freed_one_is(tmp_path):
    with lock_file(tmp_path / "lock"):
        assert try_lock_file(tmp_path / "lock") is None
    handle = try_lock_file(tmp_path / "lock")
    assert handle is not None
    os.close(handle)


def test_a_lock_empties_no_file(tmp_path):
    (tmp_path / "lock").write_text("kept")
    with lock_file(tmp_path / "lock"):
        pass
    assert (tmp_path / "lock").read_text() == "kept"
