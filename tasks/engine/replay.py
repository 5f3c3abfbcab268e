"""Walk a flow through kept results alone: nothing is made, and no orchestrator is needed."""

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

from tasks.engine.stage import NotCached, shown_keys
from tasks.schemas.errors import StudyError

P = ParamSpec("P")
T = TypeVar("T")
replaying: ContextVar[bool] = ContextVar("replaying", default=False)


def replay(flow: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What a flow returns where all its stages have kept results; none where one has not, or where
    something else is amiss, which a run of the flow will tell.

    The stages that were found are told in their lines; the run that follows does not tell them
    again.
    """
    shown_keys.set(set())

    def walk() -> T | None:
        replaying.set(True)
        try:
            return flow(*args, **kwargs)
        except (NotCached, StudyError):
            return None

    return copy_context().run(walk)
