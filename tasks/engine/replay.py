"""Walk a flow without an orchestrator: through kept results alone, or making what is missing."""

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

from tasks.engine.stage import NotCached, is_quiet, shown_keys
from tasks.schemas.errors import StudyError
from tasks.store.paths import hold_store

P = ParamSpec("P")
T = TypeVar("T")
replaying: ContextVar[bool] = ContextVar("replaying", default=False)
making: ContextVar[bool] = ContextVar("making", default=False)  # in a replay: what is not kept


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


def run_unrecorded(flow: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a flow returns; its stages are found or made and kept, no run is recorded and no line
    told of them. Meanwhile nothing of the store is removed. Raises what the flow raises.
    """

    def walk() -> T:
        for state in (replaying, making, is_quiet):
            state.set(True)
        with hold_store():
            return flow(*args, **kwargs)

    return copy_context().run(walk)
