"""The store's record of decisions: which questions were answered for one, by which base model, with
which endpoint.

One small file a decision, named by what it says. The same study again is the same decision and
keeps its place.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from tasks.schemas.digest import compute_digest
from tasks.schemas.errors import MissingArtifact
from tasks.schemas.item_rows import Question
from tasks.schemas.messages import build_message
from tasks.schemas.plan import Lineage, StudyPlan
from tasks.schemas.plan_lineage import digests, endpoint_of, history_of
from tasks.schemas.result_rows import History, Look
from tasks.store import remote_store
from tasks.store.paths import get_runs_dir, hold_lock, write_atomically


def look_of(plan: StudyPlan, base: str, questions: Iterable[Question], answers: str) -> Look:
    """The decision of a study: `base` and `answers` are digests of the base model and of the tuned
    one's answers.
    """
    asked = tuple(sorted(set(digests(questions))))
    return Look(
        name=plan.name,
        base=base,
        questions=asked,
        answers=answers,
        endpoint=endpoint_of(plan),
        confirms=plan.comparison.confirms,
    )


def record(look: Look, asked: Iterable[Question], lineage: Lineage) -> History:
    """Keep a decision, and tell what was decided on its questions before it; `asked`: the primary
    set's questions.
    """
    with hold_lock("looks"):
        known = sorted(_known(), key=lambda one: (one.at, _id(one)))
        place = next((i for i, one in enumerate(known) if _id(one) == _id(look)), None)
        history = history_of(look, known[:place], digests(asked), lineage)
        if place is None:
            _keep(
                look.model_copy(
                    update={
                        "exploratory": history.chosen_after,
                        "at": datetime.now(UTC).isoformat(),
                    }
                )
            )
        return history


def _id(look: Look) -> str:
    """The same study with the same questions, answers and endpoint has the same."""
    what = look.model_dump(mode="json", exclude={"at", "exploratory"})
    return compute_digest(json.dumps(what, sort_keys=True).encode())


def _keep(look: Look) -> None:
    place = _folder() / f"{_id(look)}.json"
    write_atomically(place, look.model_dump_json().encode())
    remote_store.push_path(place)


def _known() -> list[Look]:
    """All decisions of the store, on this machine and elsewhere."""
    for place in remote_store.list_remote_paths("looks/*.json"):
        _ = place.is_file() or remote_store.pull_file(place)
    return [_read(place) for place in sorted(_folder().glob("*.json"))]


def _read(place: Path) -> Look:
    try:
        return Look.model_validate_json(place.read_bytes())
    except ValidationError as error:
        raise MissingArtifact(
            build_message("decision-unreadable", path=str(place), faults=error.error_count())
        ) from None


def _folder() -> Path:
    return get_runs_dir() / "looks"
