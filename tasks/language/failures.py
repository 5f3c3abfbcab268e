"""Errors in words: in English where they are raised, since logs and other programs read it; in the
reader's language where a command ends with one.
"""

from typing import TypeVar

from tasks.language.i18n import Translator, load_translator
from tasks.schemas.errors import StudyError
from tasks.schemas.messages import Value, build_message

E = TypeVar("E", bound=StudyError)


def load_messages(language: str) -> Translator:
    """What checks, verdicts, warnings and errors say, and the lines of a running command."""
    return load_translator(
        language, "packs/report.yaml", "packs/messages.yaml", "packs/terminal.yaml"
    )


def build_error(kind: type[E], code: str, /, **values: Value) -> E:
    """An error that can be told in every language."""
    error = kind()
    error.message = build_message(code, **values)
    error.args = (load_messages("en").format_message(error.message),)
    return error


def describe_error(error: StudyError, say: Translator) -> str:
    """What happened and what to do next; in English where it has no message of its own."""
    return say.format_message(error.message) if error.message else str(error)
