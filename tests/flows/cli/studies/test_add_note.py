"""Notes and tags of a person on a study."""

import json

from support.command_call import call_command
from support.study_folders import write_study

from tasks.store.studies.study_notes import list_tags
from tasks.store.study_folder import StudyFolder


def tell(*arguments: str) -> str:
    done = call_command(*arguments, BOOK2LORA_LANG="en")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_note_is_kept_in_the_folder_shown_in_the_table_and_stays_when_that_is_written(runs):
    folder = write_study("laptop", {1: True})
    write_study("other", {1: True})
    tell("note", "laptop", "a wide\nrank  #rank16 #paper")
    tell("note", "laptop", "again #paper")
    assert [line.partition(" ")[2][11:] for line in tell("note", "laptop").splitlines()] == [
        "a wide rank #rank16 #paper",
        "again #paper",
    ]
    rows = {row["name"]: row for row in json.loads(tell("runs", "--json"))}
    assert rows["laptop"]["tags"] == ["rank16", "paper"] and rows["other"]["tags"] == []
    assert tell("runs", "--tag", "paper").count("again #paper") == 1
    assert [row["name"] for row in json.loads(tell("runs", "--json", "--tag", "#rank16"))] == [
        "laptop"
    ]
    StudyFolder.replace_folder("laptop", lambda new: (new / "verdict.json").write_text("{}"))
    assert (folder / "notes.md").read_text("utf-8").count("#paper") == 2


def test_persian_tags_and_what_is_no_tag():
    assert list_tags(["# heading", "see #۱۲ and #رتبه‌ها", "a#b ##c #d-e"]) == [
        "۱۲",
        "رتبه‌ها",
        "d-e",
    ]


def test_a_study_that_is_not_there_is_said_with_those_that_are(runs):
    write_study("laptop", {1: True})
    done = call_command("note", "labtop", "x", BOOK2LORA_LANG="en")
    assert done.returncode == 1
    assert "no study 'labtop'" in done.stderr and "There are: laptop." in done.stderr
    for command in (["export", "labtop"], ["chat", "labtop", "--ask", "x"]):
        done = call_command(*command, BOOK2LORA_LANG="en")
        assert done.returncode == 1 and "no study 'labtop' with an adapter" in done.stderr, command
        assert "There are: laptop." in done.stderr
