"""A study's adapter for others: merged into its base, or put on the hub. Only what is asked for is
done.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.store.paths import get_runs_dir


def export(
    study: Annotated[
        str, Parameter(help="name of a study, or its folder; default: the newest")
    ] = "latest",
    /,
    *,
    merged: Annotated[
        Path | None,
        Parameter(
            help="new folder for base and adapter as one model, as vLLM and Ollama's converter read"
        ),
    ] = None,
    push: Annotated[
        str | None,
        Parameter(
            help=(
                "OWNER/NAME on the hub: the merged model if there is one, else the adapter; private"
            )
        ),
    ] = None,
    base: Annotated[
        str | None, Parameter(help="where the base model is, if it was moved since")
    ] = None,
) -> int:
    """Give a study's adapter away: merge it into its base, put it on the hub, or both."""
    if merged is None and push is None:
        raise PlanError("nothing to do: say --merged FOLDER, --push OWNER/NAME, or both.")
    if merged is not None and merged.exists():
        raise PlanError(f"--merged: {str(merged)!r} is there already; name a new folder.")
    folder = find_study_folder(study)
    from tasks.finetuning.publish import merge_adapter, require_hub_token
    from tasks.finetuning.publish import push_to_hub as upload
    from tasks.models.model_hub import resolve_base_model
    from tasks.schemas.plan_sections import BasePlan

    if push is not None:
        require_hub_token(push)
    if merged is not None:
        merge_adapter(
            resolve_base_model(BasePlan(model=base or read_base_path(folder))),
            folder / "adapter",
            merged,
        )
        sys.stdout.write(f"merged model: {merged}\n")
    if push is not None:
        sys.stdout.write(f"on the hub: {upload(merged or folder / 'adapter', push)}\n")
    return 0


def find_study_folder(study: str) -> Path:
    """The folder of a study. Raises MissingArtifact where it holds no adapter."""
    places = (Path(study), get_runs_dir() / "studies" / study, get_runs_dir() / study)
    found = next(
        (place for place in places if (place / "adapter" / "adapter_model.safetensors").is_file()),
        None,
    )
    if found is None:
        raise MissingArtifact(
            f"no study {study!r} with an adapter (looked for {', '.join(map(str, places))});"
            " book2lora runs lists them."
        )
    return found


def read_base_path(folder: Path) -> str:
    """Where the study's base model lies."""
    return str(
        json.loads((folder / "study.json").read_text("utf-8"))["artifacts"]["checkpoint"]["path"]
    )
