"""A person's own files in a study's folder outlive the next writing of it, and change nothing of what is cached."""

import pytest

from tasks.schemas.errors import MissingArtifact
from tasks.store.study_folder import StudyFolder


def write_study(text: str, *, plan: bool = False):
    def fill(folder):
        (folder / "index.html").write_text(text)
        (folder / "adapter").mkdir()
        (folder / "adapter" / "weights").write_text("w")
        if plan:
            (folder / "next-plan.yaml").write_text("p")

    return StudyFolder.replace_folder("mine", fill, lambda folder, names: print(folder.name, names))


def test_notes_stay_and_our_own_files_are_replaced(runs, capsys):
    folder = write_study("one", plan=True).path
    (folder / "notes.md").write_text("mine")
    (folder / "adapter" / "try.txt").write_text("mine too")
    write_study("two")
    assert (folder / "index.html").read_text() == "two" and not (folder / "next-plan.yaml").exists()
    assert (folder / "notes.md").read_text() == "mine"
    assert (folder / "adapter" / "try.txt").read_text() == "mine too"
    assert capsys.readouterr().out == "mine ['adapter/try.txt', 'notes.md']\n"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["mine"]


def test_notes_do_not_make_it_another_study_but_a_changed_file_of_ours_does(runs):
    study = write_study("one")
    (study.path / "notes.md").write_text("mine")
    study.verify_content()
    (study.path / "index.html").write_text("changed")
    with pytest.raises(MissingArtifact):
        study.verify_content()


def test_a_note_whose_name_we_come_to_use_stays_beside_ours(runs):
    folder = write_study("one").path
    (folder / "next-plan.yaml").write_text("mine")
    write_study("two", plan=True)
    assert (folder / "next-plan.yaml").read_text() == "p"
    assert (folder / "next-plan.yaml.kept").read_text() == "mine"


def test_in_a_folder_without_a_list_what_we_never_wrote_stays(runs):
    folder = write_study("one", plan=True).path
    (folder / ".files").unlink()
    (folder / "notes.md").write_text("mine")
    write_study("two")
    assert (folder / "notes.md").read_text() == "mine" and not (folder / "next-plan.yaml").exists()


def test_a_list_names_no_file_outside_the_folder(runs, tmp_path):
    study = write_study("one")
    (tmp_path / "secret").write_text("s")
    (study.path / ".files").write_text(f"index.html\n../../../secret\n{tmp_path / 'secret'}\n")
    with pytest.raises(MissingArtifact):
        study.verify_content()
