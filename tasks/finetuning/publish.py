"""An adapter for others: merged into its base as one model, or put on the hub. Nothing here runs
unless it is asked for.
"""

import os
from pathlib import Path

from huggingface_hub import HfApi

from tasks.models.loading import load_model
from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.store.artifact_folders import Checkpoint


def merge_adapter(
    checkpoint: Checkpoint, adapter: Path, folder: Path, machine: Machine | None = None
) -> None:
    """W + BA as plain weights in `folder`, with the tokenizer: what vLLM, llama.cpp and Ollama's
    converters read, and a server of another user may.
    """
    loaded = load_model(checkpoint, machine, adapter, own=True)
    loaded.model.merge_and_unload(safe_merge=True).save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    usual = (folder / "config.json").stat().st_mode  # by this user's umask
    for weights in folder.glob("*.safetensors"):
        weights.chmod(usual)  # safetensors 0.8 makes them 0600


def require_hub_token(repository: str) -> None:
    """Raise PlanError where HF_TOKEN is not set."""
    if not os.environ.get("HF_TOKEN"):
        raise PlanError(build_message("no-hub-token", repository=repository))


def push_to_hub(
    folder: Path, repository: str, private: bool = True, api: HfApi | None = None
) -> str:
    """Upload a folder as a model of the hub and return its address. Raises PlanError where HF_TOKEN
    is not set.
    """
    require_hub_token(repository)
    hub = api or HfApi()
    hub.create_repo(repository, private=private, exist_ok=True)
    return str(
        hub.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=["*.json", "*.safetensors", "README.md"],
        )
    )
