"""Do the weight files make the whole model that config.json tells? Known from the files' headers,
before anything is loaded.

Transformers gives a missing or renamed weight random numbers and only logs it. Here its own loader
is run with the
headers' shapes on the meta device (shapes without numbers), so that tied weights, old names and
split or joined experts
are understood exactly as in the real loading, and what it reports is refused.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto.auto_factory import _get_model_class

from tasks.models.library_logging import silence_transformers
from tasks.models.model_config import UNREADABLE, read_config, refuse_impossible_size
from tasks.models.weight_files import (
    TensorHeader,
    list_weight_files,
    read_headers,
    refuse_non_finite,
    refuse_stray_adapter,
)
from tasks.schemas.errors import PlanError, quote_exception
from tasks.schemas.messages import Message, build_message
from tasks.store.paths import file_stamps

SHOWN = 3  # names in a message


def refuse_damaged_model(folder: Path) -> None:
    """Raise PlanError for a folder whose model would not be the one it tells of; once a process
    while the files stay.
    """
    _refuse_damaged_model(folder, file_stamps(folder))


@functools.lru_cache(maxsize=8)
def _refuse_damaged_model(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> None:
    refuse_stray_adapter(folder)
    files = list_weight_files(folder)
    headers, config = read_headers(files), read_config(folder)
    refuse_impossible_size(folder, config, len(headers))
    if faults := find_weight_faults(config, headers):
        raise PlanError(
            build_message(
                "weights-incomplete",
                folder=str(folder),
                kind=config.model_type,
                faults=tuple(faults),
            )
        )
    refuse_non_finite(files)


def find_weight_faults(config: Any, headers: Mapping[str, TensorHeader]) -> list[Message]:
    """One sentence for each thing that is missing, misnamed, misshapen or left over; the last is
    the remedy.
    """
    silence_transformers()
    tensors = {name: torch.empty(header.shape, device="meta") for name, header in headers.items()}
    model_class = _get_model_class(config, AutoModelForCausalLM._model_mapping)
    try:
        _, told = model_class.from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            device_map={"": "meta"},
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    except (*UNREADABLE, RuntimeError, AssertionError) as error:
        return [build_message("weights-unloadable", why=quote_exception(error, 400))]
    unexpected = {name for name in told["unexpected_keys"] if not _is_old_mask(name, headers)}
    return _describe(
        sorted(told["missing_keys"]), sorted(unexpected), sorted(told["mismatched_keys"])
    )


def _is_old_mask(name: str, headers: Mapping[str, TensorHeader]) -> bool:
    """Whether it is a causal mask, which transformers kept as a weight until 2023 (GPT-2,
    GPT-NeoX): (1, 1, n, n) or one number.
    """
    shape = headers[name].shape if name in headers else (0,)
    is_mask = len(shape) == 4 and shape[:2] == (1, 1) and shape[2] == shape[3]
    return name.rpartition(".")[2] in ("bias", "masked_bias") and (is_mask or shape in ((), (1,)))


def _describe(missing: list[str], unexpected: list[str], mismatched: list[Any]) -> list[Message]:
    if not (missing or unexpected or mismatched):
        return []
    if prefix := _find_prefix(missing, unexpected):
        return [
            build_message(
                "weights-of-a-wrapper",
                prefix=repr(prefix),
                n=len(missing),
                how=_explain_unwrapping(prefix),
            )
        ]
    faults = []
    if missing:
        faults.append(build_message("weights-missing", n=len(missing), names=_list_names(missing)))
    if mismatched:
        name, in_file, wanted = mismatched[0]
        faults.append(
            build_message(
                "weights-of-another-shape",
                n=len(mismatched),
                name=name,
                found=str(tuple(in_file)),
                wanted=str(tuple(wanted)),
            )
        )
    if unexpected:
        faults.append(
            build_message("tensors-without-place", n=len(unexpected), names=_list_names(unexpected))
        )
    if any(".lora_" in name for name in unexpected):
        return [*faults, build_message("adapter-left-in")]
    return [
        *faults,
        build_message("save-model-again"),
    ]


def _find_prefix(missing: Iterable[str], unexpected: list[str]) -> str:
    """What stands before a missing weight's name in the file, where that is so for some weight."""
    wanted = set(missing)
    for name in unexpected:
        parts = name.split(".")
        for start in range(1, len(parts)):
            if ".".join(parts[start:]) in wanted:
                return ".".join(parts[:start]) + "."
    return ""


def _explain_unwrapping(prefix: str) -> Message | str:
    """How a model gets out of the wrapper that puts this prefix before its weights."""
    if "base_model." in prefix:
        return build_message("unwrap-by", call="merge_and_unload()", library="PEFT")
    library = {"_orig_mod.": "torch.compile", "module.": "DataParallel"}.get(prefix)
    if library is None:
        return build_message("unwrap-anyhow")
    return build_message("unwrap-by", call=f"model.{prefix[:-1]}", library=library)


def _list_names(names: list[str]) -> Message | tuple[str, ...]:
    first = tuple(name[:120] for name in names[:SHOWN])
    more = len(names) - SHOWN
    return build_message("names-and-more", names=first, n=more) if more > 0 else first
