"""A study's adapter for others: merged into its base, as a GGUF file, or put on the hub. Only what
is asked for is done.
"""

import json
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.studies.find_study import list_places, tell_known
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.messages import build_message


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
    gguf: Annotated[
        Path | None,
        Parameter(
            help="new file for base and adapter as one model, as llama.cpp and Ollama read, with an"
            " Ollama Modelfile beside it"
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
    """Give a study's adapter away: merge it into its base, write that as GGUF, put it on the
    hub.
    """
    if study != "latest":
        find_study_folder(study)  # a name that is none is told first
    if merged is None and push is None and gguf is None:
        raise PlanError(build_message("nothing-to-export"))
    for option, place in (("--merged", merged), ("--gguf", gguf)):
        if place is not None and place.exists():
            raise PlanError(build_message("place-taken", option=option, path=repr(str(place))))
    folder = find_study_folder(study)
    from tasks.finetuning.publish import push_to_hub as upload
    from tasks.finetuning.publish import require_hub_token

    if push is not None:
        require_hub_token(push)
    if merged is not None or gguf is not None:
        merge_study(folder, base or read_base_path(folder), merged, gguf)
    if push is not None:
        print(tell_reader("pushed-to", address=upload(merged or folder / "adapter", push)))
    return 0


def merge_study(folder: Path, base: str, merged: Path | None, gguf: Path | None) -> None:
    """Base and adapter as one model: a folder, a GGUF file, or both."""
    from tasks.finetuning.publish import merge_adapter
    from tasks.models.gguf.gguf_writing import refuse_unwritable, write_gguf_file, write_modelfile
    from tasks.models.loading import load_tokenizer
    from tasks.models.model_config import read_config
    from tasks.models.model_hub import resolve_base_model
    from tasks.schemas.plan_sections import BasePlan

    checkpoint = resolve_base_model(BasePlan(model=base))
    if gguf is not None:  # before minutes of merging
        refuse_unwritable(read_config(checkpoint.path), load_tokenizer(checkpoint))
    with tempfile.TemporaryDirectory(dir=gguf.parent if gguf else None) as scratch:
        whole = merged or Path(scratch) / "merged"
        merge_adapter(checkpoint, folder / "adapter", whole)
        if merged is not None:
            print(tell_reader("merged-to", path=str(merged)))
        if gguf is not None:
            write_gguf_file(whole, gguf, folder.name)
            print(tell_reader("gguf-to", path=str(gguf)))
            print(tell_reader("modelfile-to", path=str(write_modelfile(whole, gguf))))


def find_study_folder(study: str, holding: str = "adapter/adapter_model.safetensors") -> Path:
    """The folder of a study. Raises MissingArtifact where it does not hold the file."""
    places = [place for place in list_places(study) if place.parent.name != "sweeps"]
    found = next(
        (place for place in places if (place / holding).is_file()),
        None,
    )
    if found is None:
        looked = tuple(map(str, places))
        raise MissingArtifact(
            build_message(
                "no-study-with-adapter" if holding.startswith("adapter/") else "no-such-study",
                study=repr(study),
                places=looked,
                known=tell_known(),
            )
        )
    return found


def read_base_path(folder: Path) -> str:
    """Where the study's base model lies."""
    return str(
        json.loads((folder / "study.json").read_text("utf-8"))["artifacts"]["checkpoint"]["path"]
    )
