"""Find a model's weights: in a folder, in a GGUF file, in the local cache of the hub, or on the
hub; say precisely what is missing.

Safetensors only, or GGUF turned into them. A folder is told by the digest of its files, a hub model
by its commit. Whatever is found is checked whole (tasks.models) before it is used: its headers
against config.json, its numbers for NaN.
"""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download

# HTTPError is there, from whichever httpx it was built on
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    GatedRepoError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars

from tasks.models.gguf.gguf_files import find_gguf_file
from tasks.models.gguf.gguf_reading import convert_gguf_file, read_gguf_header
from tasks.models.weight_files import list_weight_files, refuse_stray_adapter
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan_sections import BasePlan
from tasks.store.artifact_folders import Checkpoint
from tasks.store.paths import get_cached_folder_digest

TINY_MODEL = "tiny"
DOWNLOAD_PATTERNS = ["*.json", "*.safetensors", "*.model", "*.jinja"]
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
HUB_TIMEOUT_SECONDS = 10.0  # seconds that the hub is given to answer


def explain_missing_base(plan: BasePlan) -> PlanError | None:
    """What stands in the way of this base model; nothing is loaded or
    downloaded.
    """
    try:
        if gguf := find_gguf_file(plan.model):
            read_gguf_header(gguf)
        elif found := find_here(plan):
            _refuse_damaged(found)
        elif plan.model != TINY_MODEL:
            _fetch_hub_commit(plan)
    except PlanError as error:
        return error
    return None


def find_here(plan: BasePlan) -> Path | None:
    """The folder of a model that is on this machine; None for the tiny one, and for one that is
    still to be fetched, or to be turned into a folder.
    """
    return (
        None
        if plan.model == TINY_MODEL or find_gguf_file(plan.model)
        else _find_model_folder(plan.model) or _find_cached_snapshot(plan.model, plan.revision)
    )


def _refuse_damaged(folder: Path) -> None:
    from tasks.models.weight_check import refuse_damaged_model  # takes seconds to import

    refuse_damaged_model(folder)


def resolve_base_model(plan: BasePlan) -> Checkpoint:
    """The folder with the model's weights, downloaded where need be, and what tells them from
    others.

    Raises PlanError with what is missing or damaged and how to get it.
    """
    if plan.model == TINY_MODEL:
        raise PlanError(build_message("tiny-not-looked-up"))
    if gguf := find_gguf_file(plan.model):
        return convert_gguf_file(gguf, Path(plan.model).name)
    folder = _find_model_folder(plan.model)
    if folder is not None:
        _refuse_damaged(folder)
        return Checkpoint(
            digest=get_cached_folder_digest(folder), name=Path(plan.model).name, source=str(folder)
        )
    snapshot = _find_cached_snapshot(plan.model, plan.revision) or _download_snapshot(
        plan.model, _fetch_hub_commit(plan)
    )
    _refuse_damaged(snapshot)
    return Checkpoint(digest=snapshot.name[:16], name=plan.model, source=str(snapshot))


def verify_checkpoint(checkpoint: Checkpoint) -> None:
    """Raise MissingArtifact where the model that a handle stands for is gone, or is another one by
    now.
    """
    checkpoint.verify_content()
    if checkpoint.source is not None and (gaps := list_missing_files(checkpoint.path)):
        raise MissingArtifact(
            build_message("model-lacks-files", path=str(checkpoint.path), files=tuple(gaps))
        )


def list_missing_files(folder: Path) -> list[Message | str]:
    """The files that a model folder needs and has not."""
    gaps: list[Message | str] = [] if (folder / "config.json").is_file() else ["config.json"]
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        gaps.append(build_message("a-tokenizer"))
    return gaps + _list_missing_weights(folder)


def _list_missing_weights(folder: Path) -> list[Message | str]:
    gone: list[Message | str] = [
        file.name for file in list_weight_files(folder) if not file.is_file()
    ]
    pickled = sorted(p.name for p in folder.glob("*.bin"))
    if gone and pickled:
        return [build_message("weights-pickled", files=tuple(gone), pickled=tuple(pickled))]
    return gone


def _find_model_folder(model: str) -> Path | None:
    """The folder that the plan names; none where it names a hub model."""
    path = Path(model).expanduser()
    if not path.is_dir():
        if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
            raise PlanError(
                build_message("base-not-a-folder", model=repr(model), folder=str(Path.cwd()))
            )
        return None
    refuse_stray_adapter(path)
    gaps = list_missing_files(path)
    if gaps:
        raise PlanError(build_message("base-lacks-files", model=repr(model), files=tuple(gaps)))
    return path.absolute()


def _find_cached_snapshot(model: str, revision: str | None) -> Path | None:
    """The whole snapshot in the local cache, if it is there: the asked revision, or the newest that
    was ever fetched.
    """
    try:
        snapshot = Path(
            snapshot_download(
                model, revision=revision, allow_patterns=DOWNLOAD_PATTERNS, local_files_only=True
            )
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise PlanError(
            build_message("base-not-found", model=repr(model), why=str(error))
        ) from None
    return None if list_missing_files(snapshot) else snapshot


def _fetch_hub_commit(plan: BasePlan) -> str:
    """The commit that the hub would give. Raises PlanError where it would give none."""
    name = plan.model
    try:
        info = HfApi().model_info(name, revision=plan.revision, timeout=HUB_TIMEOUT_SECONDS)
    except GatedRepoError:
        raise PlanError(build_message("hub-licence", model=name)) from None
    except RevisionNotFoundError:
        raise PlanError(
            build_message("hub-no-revision", model=name, revision=repr(plan.revision))
        ) from None
    except RepositoryNotFoundError:
        raise PlanError(build_message("hub-no-model", model=name)) from None
    except (OfflineModeIsEnabled, HTTPError) as error:
        raise PlanError(_describe_unreachable_hub(name, error)) from None
    if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or []):
        raise PlanError(build_message("hub-no-safetensors", model=name))
    return str(info.sha)


def _download_snapshot(name: str, commit: str) -> Path:
    disable_progress_bars()
    try:
        snapshot = Path(snapshot_download(name, revision=commit, allow_patterns=DOWNLOAD_PATTERNS))
    except (OfflineModeIsEnabled, HTTPError, LocalEntryNotFoundError) as error:
        raise PlanError(_describe_unreachable_hub(name, error)) from None
    gaps = list_missing_files(snapshot)
    if gaps:
        raise PlanError(build_message("hub-lacks-files", model=name, files=tuple(gaps)))
    return snapshot


def _describe_unreachable_hub(name: str, error: Exception) -> Message:
    return build_message("hub-away", model=name, kind=type(error).__name__)
