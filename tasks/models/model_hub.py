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
from tasks.schemas.plan_sections import BasePlan
from tasks.store.artifact_folders import Checkpoint
from tasks.store.paths import get_cached_folder_digest

TINY_MODEL = "tiny"
DOWNLOAD_PATTERNS = ["*.json", "*.safetensors", "*.model", "*.jinja"]
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
HUB_TIMEOUT_SECONDS = 10.0  # seconds that the hub is given to answer


def explain_missing_base(plan: BasePlan) -> str | None:
    """What stands in the way of this base model, in one sentence; nothing is loaded or
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
        return str(error)
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
        raise PlanError(
            "base.model: the tiny model is built from the book, there is nothing to look up; name a"
            " folder, a GGUF file or a hub model."
        )
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
            f"{checkpoint.path} lacks {', '.join(gaps)}; it was there when the study began. Put it"
            " back, or --redo prepare_base."
        )


def list_missing_files(folder: Path) -> list[str]:
    """The files that a model folder needs and has not."""
    gaps = [] if (folder / "config.json").is_file() else ["config.json"]
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        gaps.append("a tokenizer (tokenizer.json)")
    return gaps + _list_missing_weights(folder)


def _list_missing_weights(folder: Path) -> list[str]:
    gone = [file.name for file in list_weight_files(folder) if not file.is_file()]
    pickled = sorted(p.name for p in folder.glob("*.bin"))
    if gone and pickled:
        return [
            f"{', '.join(gone)} ({', '.join(pickled)} is not read: pickled weights can run code)"
        ]
    return gone


def _find_model_folder(model: str) -> Path | None:
    """The folder that the plan names; none where it names a hub model."""
    path = Path(model).expanduser()
    if not path.is_dir():
        if path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
            raise PlanError(f"base.model: {model!r} is not a folder (looked in {Path.cwd()}).")
        return None
    refuse_stray_adapter(path)
    gaps = list_missing_files(path)
    if gaps:
        raise PlanError(
            f"base.model: the folder {model!r} lacks {', '.join(gaps)}; save the model there with"
            " save_pretrained."
        )
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
            f"base.model: {model!r} is neither a folder nor a name on the hub: {error}"
        ) from None
    return None if list_missing_files(snapshot) else snapshot


def _fetch_hub_commit(plan: BasePlan) -> str:
    """The commit that the hub would give. Raises PlanError where it would give none."""
    name = plan.model
    try:
        info = HfApi().model_info(name, revision=plan.revision, timeout=HUB_TIMEOUT_SECONDS)
    except GatedRepoError:
        raise PlanError(
            f"{name}: its licence must be accepted on the hub first; then put a token into"
            " HF_TOKEN."
        ) from None
    except RevisionNotFoundError:
        raise PlanError(
            f"{name}: the hub has no revision {plan.revision!r}; see base.revision."
        ) from None
    except RepositoryNotFoundError:
        raise PlanError(
            f"{name}: the hub has no such model (or HF_TOKEN may not see it); see base.model."
        ) from None
    except (OfflineModeIsEnabled, HTTPError) as error:
        raise PlanError(_describe_unreachable_hub(name, error)) from None
    if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or []):
        raise PlanError(
            f"{name}: it has no safetensors; pickled weights can run code and are not read."
        )
    return str(info.sha)


def _download_snapshot(name: str, commit: str) -> Path:
    disable_progress_bars()
    try:
        snapshot = Path(snapshot_download(name, revision=commit, allow_patterns=DOWNLOAD_PATTERNS))
    except (OfflineModeIsEnabled, HTTPError, LocalEntryNotFoundError) as error:
        raise PlanError(_describe_unreachable_hub(name, error)) from None
    gaps = list_missing_files(snapshot)
    if gaps:
        raise PlanError(f"{name}: its repository lacks {', '.join(gaps)}.")
    return snapshot


def _describe_unreachable_hub(name: str, error: Exception) -> str:
    return (
        f"{name}: no weights in the local cache and the hub did not answer"
        f" ({type(error).__name__}). Fetch them once where there is a network (hf download {name}),"
        " or set base.model to a folder with the model."
    )
