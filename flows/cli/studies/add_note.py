"""`book2lora note STUDY "…"`: a line of a person's on a study."""

import sys
from typing import Annotated

from cyclopts import Parameter

from flows.cli.studies.find_study import find_study
from tasks.language.catalogue import tell_reader
from tasks.reporting.sanitize import mark_control_characters
from tasks.store.studies.study_notes import NOTES_NAME, add_note, read_notes


def note(
    study: Annotated[str, Parameter(help="name of a study or sweep, or its folder")],
    text: Annotated[
        str | None, Parameter(help="what to note; words with a # before them are tags")
    ] = None,
    /,
) -> int:
    """Note something on a study, or show its notes: lines of notes.md in its folder, shown by
    `book2lora runs`.
    """
    folder = find_study(study)
    if text and text.strip():
        add_note(folder, text)
        sys.stdout.write(tell_reader("noted", path=str(folder / NOTES_NAME)) + "\n")
        return 0
    for line in read_notes(folder):
        sys.stdout.write(mark_control_characters(line) + "\n")
    return 0
