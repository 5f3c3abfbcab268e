"""What is said while and after a command runs: lines in the reader's language, and errors, which
are English where they are raised (logs and other programs read them) and the reader's where a
command ends with one.
"""

from collections.abc import Iterable

from tasks.language.i18n import Translator, load_translator
from tasks.language.reader_language import get_reader_language
from tasks.schemas import errors
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.messages import Message, Value, build_message


def load_catalogue(language: str) -> Translator:
    """What checks, verdicts, warnings and errors say, and the lines of a running command."""
    return load_translator(
        language, "packs/report.yaml", "packs/messages.yaml", "packs/terminal.yaml"
    )


def tell_reader(code: str, /, **values: Value) -> str:
    """A line for the person who watches, in that person's language."""
    return tell_message(build_message(code, **values))


def tell_message(message: Message) -> str:
    """The same of a message."""
    return load_catalogue(get_reader_language()).format_message(message)


def tell_messages(messages: Iterable[Message]) -> str:
    """Several, one after the other."""
    return " ".join(map(tell_message, messages))


def tell_share(share: float) -> str:
    """A share in percent with a decimal."""
    return load_catalogue(get_reader_language()).format_share(share)


def describe_error(error: StudyError, say: Translator) -> str:
    """What happened and what to do next, a line each; text that has no code is English."""
    return "\n".join(map(say.format_value, error.args))


def tell_error(error: StudyError) -> str:
    """In the reader's language; in English where that is the fault."""
    try:
        language = get_reader_language()
    except PlanError:
        language = "en"
    return describe_error(error, load_catalogue(language))


errors.describe_message = lambda message: load_catalogue("en").format_message(message)
