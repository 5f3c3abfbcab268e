"""A study by its name or its folder."""

from pathlib import Path

from tasks.schemas.errors import MissingArtifact
from tasks.schemas.messages import Message, build_message
from tasks.store.paths import get_runs_dir
from tasks.store.studies.study_records import PLAN_FILES, RESULT_FILES, list_runs
from tasks.store.study_folder import RECORD_NAME

OWN_FILES = {RECORD_NAME, *PLAN_FILES.values(), *RESULT_FILES.values()}


def find_study(study: str) -> Path:
    """The folder of a study or a sweep. Raises MissingArtifact, with the names that there are."""
    for place in list_places(study):
        if any((place / name).is_file() for name in OWN_FILES):
            return place.resolve()  # latest is a link
    places = tuple(map(str, list_places(study)))
    message = build_message("no-such-study", study=repr(study), places=places, known=tell_known())
    raise MissingArtifact(message)


def list_places(study: str) -> list[Path]:
    """Where a study of this name or path may lie."""
    store = get_runs_dir()
    return [Path(study), store / "studies" / study, store / "sweeps" / study, store / study]


def tell_known() -> Message:
    """The studies and sweeps that there are."""
    names = tuple(run.folder.name for run in list_runs())
    return build_message("studies-known", names=names) if names else build_message("studies-none")
