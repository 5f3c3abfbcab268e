"""What is said while and after a command runs: lines in the reader's language, and errors, which
are English where they are raised (logs and other programs read them) and the reader's where a
command ends with one.
"""

from collections.abc import Iterable
from typing import TypeVar

from tasks.language.i18n import Translator, load_translator
from tasks.language.reader_language import get_reader_language
from tasks.schemas.errors import StudyError
from tasks.schemas.messages import Message, Value, build_message

E = TypeVar("E", bound=StudyError)


def load_catalogue(language: str) -> Translator:
    """What checks, verdicts, warnings and errors say, and the lines of a running command."""
    return load_translator(
        language, "packs/report.yaml", "packs/messages.yaml", "packs/terminal.yaml"
    )


def tell_reader(code: str, /, **values: Value) -> str:
    """A line for the person who watches, in that person's language."""
    return load_catalogue(get_reader_language()).format_message(build_message(code, **values))


def tell_share(share: float) -> str:
    """A share in percent with a decimal."""
    return load_catalogue(get_reader_language()).format_share(share)


def build_error(kind: type[E], code: str, /, **values: Value) -> E:
    """An error that can be told in every language."""
    return _word_error(kind(), (build_message(code, **values),))


def extend_error(error: E, lines: Iterable[Message]) -> E:
    """The same error with further lines; one that was never coded begins with its own text."""
    first = error.messages or (str(error),)
    return _word_error(type(error)(), (*first, *lines))


def _word_error(error: E, messages: tuple[Message | str, ...]) -> E:
    error.messages = messages
    error.args = (describe_error(error, load_catalogue("en")),)
    return error


def describe_error(error: StudyError, say: Translator) -> str:
    """What happened and what to do next, a line each; in English where it was never coded."""
    return "\n".join(map(say.format_value, error.messages)) or str(error)
