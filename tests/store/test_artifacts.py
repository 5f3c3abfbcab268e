"""Handles: equal content is an equal handle, half-written files are never seen, damage is noticed."""

import errno
import math

import pytest

from tasks.schemas.errors import MissingArtifact, PlanError, StoreError
from tasks.schemas.item_rows import Pair, Passage
from tasks.schemas.result_rows import TrainingStep
from tasks.store.artifact_folders import Adapter, Checkpoint
from tasks.store.artifacts import Book, Pairs, Passages, TrainingSteps
from tasks.store.paths import translate_disk_errors, write_atomically
from tasks.store.study_folder import StudyFolder

PASSAGE = Passage(id="p001-01", chapter="فصل ۱", page=1, text="می‌شود ۱۲۰/۸۰")


def test_rows_come_back_as_they_were_saved(runs):
    handle = Passages.save_rows([PASSAGE], label="فصل ۱")
    assert handle.load_rows() == [PASSAGE]
    assert handle.count == 1


def test_what_is_no_number_comes_back_as_it_was_saved(runs):
    handle = TrainingSteps.save_rows(
        [TrainingStep(step=1, epoch=1.0, loss=loss) for loss in (math.nan, math.inf, 2.0)]
    )
    nan, infinite, finite = (step.loss for step in handle.load_rows())
    assert math.isnan(nan) and infinite == math.inf and finite == 2.0


def test_persian_can_be_read_in_the_file(runs):
    assert "می‌شود ۱۲۰/۸۰" in Passages.save_rows([PASSAGE]).path.read_text("utf-8")


def test_equal_rows_make_an_equal_handle(runs):
    assert Passages.save_rows([PASSAGE]) == Passages.save_rows([PASSAGE])
    assert Passages.save_rows([PASSAGE]) != Passages.save_rows([PASSAGE, PASSAGE])


def test_a_line_separator_inside_a_row_does_not_break_it(runs):
    pair = Pair(id="1", fact="f", symptom="a\u2028b\u0085c\x1cd\ne", diagnosis="d")
    assert Pairs.save_rows([pair]).load_rows() == [pair]


def test_a_changed_file_is_refused(runs):
    handle = Passages.save_rows([PASSAGE])
    handle.path.write_text(handle.path.read_text("utf-8").replace("۱۲۰", "۱۳۰"), "utf-8")
    with pytest.raises(MissingArtifact, match="was changed"):
        handle.load_rows()


def test_a_missing_file_says_what_to_do(runs):
    handle = Passages.save_rows([PASSAGE])
    handle.path.unlink()
    with pytest.raises(MissingArtifact, match="run the same command again"):
        handle.verify_content()


def test_saving_again_mends_a_damaged_file(runs):
    handle = Passages.save_rows([PASSAGE])
    handle.path.write_bytes(b"damaged")
    assert Passages.save_rows([PASSAGE]).load_rows() == [PASSAGE]


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "file", "text, not bytes")
    assert list(tmp_path.iterdir()) == []


def fill(folder):
    (folder / "weights").write_bytes(b"1")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "Free some space"), (errno.EROFS, "Make it writable"), (errno.ENOLCK, "NFS")],
)
def test_what_the_disk_refuses_is_told_with_its_remedy(runs, number, remedy):
    with (
        pytest.raises(
            StoreError, match=f"{runs} cannot be written: .*{remedy}.*what was finished is kept"
        ),
        translate_disk_errors(),
    ):
        raise OSError(number, "as the kernel says")


def test_other_faults_of_the_system_stay_as_they_are():
    with pytest.raises(FileNotFoundError), translate_disk_errors():
        raise FileNotFoundError(errno.ENOENT, "no such file")


def test_a_folder_is_named_by_its_content(runs):
    adapter = Adapter.build_folder(fill)
    assert adapter == Adapter.build_folder(fill)
    assert (adapter.path / "weights").read_bytes() == b"1"
    adapter.verify_content()


def test_a_changed_folder_is_refused_and_mended_by_building_again(runs):
    adapter = Adapter.build_folder(fill)
    (adapter.path / "weights").write_bytes(b"2")
    with pytest.raises(MissingArtifact, match="was changed"):
        adapter.verify_content()
    Adapter.build_folder(fill).verify_content()


def test_a_folder_that_failed_to_fill_is_not_there(runs):
    with pytest.raises(ZeroDivisionError):
        Adapter.build_folder(lambda folder: 1 / 0)
    assert list(Adapter.get_parent_folder().iterdir()) == []


def test_a_model_elsewhere_is_not_looked_for_in_the_store(runs, tmp_path):
    Checkpoint(name="x", digest="0", source=str(tmp_path / "not here")).verify_content()


def test_a_replaced_book_is_another_book(tmp_path):
    file = tmp_path / "book.pdf"
    file.write_bytes(b"one")
    first = Book.from_path(file)
    file.write_bytes(b"two")
    assert Book.from_path(file).digest != first.digest


def test_a_missing_book_names_the_remedy(tmp_path):
    with pytest.raises(PlanError, match="--set book=PATH"):
        Book.from_path(tmp_path / "none.pdf")


def test_a_study_folder_that_holds_another_study_is_noticed(runs):
    first = StudyFolder.replace_folder("laptop", fill)
    StudyFolder.replace_folder("laptop", lambda folder: (folder / "weights").write_bytes(b"2"))
    with pytest.raises(MissingArtifact, match="another study"):
        first.verify_content()


@pytest.mark.parametrize("name", ["..", ".", "../other", ""])
def test_a_study_folder_never_replaces_what_lies_outside_its_place(name, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    for kept in (tmp_path / "other", tmp_path / "runs" / "models"):
        kept.mkdir(parents=True)
    with pytest.raises(PlanError, match="is not a name"):
        StudyFolder.replace_folder(name, lambda folder: None)
    assert (tmp_path / "other").is_dir() and (tmp_path / "runs" / "models").is_dir()
