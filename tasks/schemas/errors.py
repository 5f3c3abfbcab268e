"""The errors a study can end with. Each message says what happened, with which value, and what to
do next.

    StudyError
      × PlanError             the plan asks for the impossible; found before any work
      × BookError             the PDF gives no legible text (encrypted, damaged, scanned, wrong
      script)
      × WriterError
        + WriterUnavailable   busy, timed out, 5xx: the only error that is retried
        + WriterRefused       key, quota, bad request: retrying cannot help
        + WriterUnfit         the checks keep too little of what it writes
        + BudgetSpent         the money limit of the plan is reached
      × NothingLeft           a stage has no row to hand on (says how many were rejected, by which
      check)
      × TuningError           training cannot go on (loss is NaN, a text is over the limit); says at
      which step
      × MissingArtifact       an artifact file is gone or changed; the message gives the redo
      × StoreError            the store cannot be read or written (full, read-only, refused, away)
      × ServerError           Prefect's server is away or does not let us in

A bad draft is not an error but a row (`Rejection`); a fault of the program propagates as it is.
"""

from collections.abc import Callable

from tasks.schemas.messages import Message

# Who turns a message into English; tasks/language/catalogue.py puts itself here.
describe_message: Callable[[Message], str] = repr


def describe_part(part: Message | str) -> str:
    """A message, or words of a server or a file, in English."""
    return describe_message(part) if isinstance(part, Message) else str(part)


class StudyError(Exception):
    """Anything that ends a study for a reason its user can act on: what happened and what to do
    next, a line each, as messages that every language has, or as English text.
    """

    @property
    def message(self) -> Message | str:
        """What happened, to be said in a list with others."""
        said: Message | str = self.args[0]
        return said

    def __str__(self) -> str:
        return "\n".join(map(describe_part, self.args))


class PlanFault(ValueError):
    """What a check of a plan's section found; pydantic collects such errors."""

    @property
    def message(self) -> Message:
        """What is wrong."""
        said: Message = self.args[0]
        return said

    def __str__(self) -> str:
        return describe_message(self.message)


def quote_exception(error: BaseException, most: int = 500) -> str:
    """What a library raised, kind and words, cut to so many characters."""
    return f"{type(error).__name__}: {error}"[:most]


class PlanError(StudyError):
    """The plan asks for the impossible; found before any work."""


class BookError(StudyError):
    """The PDF gives no legible text."""


class WriterError(StudyError):
    """The model that writes the items could not be used."""


class WriterUnavailable(WriterError):
    """Busy, timed out, 5xx: trying again later can help."""


class WriterRefused(WriterError):
    """Key, quota or request refused: trying again cannot help."""


class WriterUnfit(WriterError):
    """The checks keep too little of what the model writes."""


class BudgetSpent(WriterError):
    """The next request could pass the plan's money limit."""


class NothingLeft(StudyError):
    """A stage has no row to hand on."""


class TuningError(StudyError):
    """Training cannot go on."""


class MissingArtifact(StudyError):
    """An artifact file is gone or does not match its digest."""


class StoreError(StudyError):
    """The store cannot be read or written."""


class ServerError(StudyError):
    """Prefect's server is away or does not let us in."""
