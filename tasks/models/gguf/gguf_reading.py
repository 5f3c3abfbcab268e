"""A GGUF file as a folder of safetensors: turned once, kept in the store by the file's digest.

What transformers' reader would leave out silently is refused by name: tensors that it has no place
for, weights that the file lacks, and a rule for splitting text that it does not know.
"""

import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from tasks.models.gguf.gguf_files import digest_gguf_file
from tasks.models.gguf.rope_factors import ROPE_FACTORS, set_rope_factors
from tasks.schemas.errors import MissingArtifact, PlanError, quote_exception
from tasks.schemas.messages import Figure, Message, build_message
from tasks.store import remote_store
from tasks.store.artifact_folders import Checkpoint
from tasks.store.paths import get_runs_dir, hold_lock, write_atomically

CONVERSION = 1  # raised when the same file would be turned into another folder
SPLIT_BY_DIGIT = {"smollm", "starcoder"}  # GPT-2's rule with every digit alone (llama.cpp)
SPLIT_LLAMA3 = {"llama3", "llama-v3", "llama-bpe"}  # a word of the vocabulary is never split
SPLIT_AS_GPT2 = "gpt-2"
UNLABELLED = "not named in the file"


class GgufFile(NamedTuple):
    """What a file's header tells."""

    name: str
    family: str
    shapes: dict[str, tuple[int, ...]]  # of every tensor
    bytes: int
    types: tuple[str, ...]  # of the matrices, such as Q4_1
    licence: str
    metadata: dict[str, Any]

    def describe(self) -> Message:
        """What a person should know before tuning it."""
        numbers = sum(map(prod, self.shapes.values()))
        is_quantised = not {"F32", "F16", "BF16"} >= set(self.types)
        width = 4 if is_quantised or "F32" in self.types else 2
        return build_message(
            "base-gguf-quantised" if is_quantised else "base-gguf",
            name=self.name,
            millions=round(numbers / 1e6),
            megabytes=round(self.bytes / 1e6),
            types=self.types,
            licence=self.licence,
            gigabytes=Figure(numbers * width / 1e9, 2),
        )


def read_gguf_header(file: Path) -> GgufFile:
    """What the file tells of itself. Raises PlanError where it is damaged, or of a family or a
    tokenizer that transformers does not read.
    """
    from transformers.integrations.ggml import GGUF_CONFIG_MAPPING
    from transformers.integrations.gguf import GGUF_CONFIG_ARCHS
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
    from transformers.integrations.gguf.reader import read_gguf_metadata

    with _refusing_unreadable(file):
        metadata, _ = read_gguf_metadata(str(file))
        family = str(metadata["general.architecture"])
        tensors = _read_tensors(file)
    known = {_bare(name) for name in (*GGUF_CONFIG_ARCHS, *GGUF_CONFIG_MAPPING)}
    if _bare(family) not in known:
        raise PlanError(
            build_message("gguf-of-unknown-family", file=str(file), family=repr(family[:40]))
        )
    split = str(metadata.get("tokenizer.ggml.pre", "missing"))
    splits = {*GGUF_PRE_TOKENIZER_SPLITS, *SPLIT_BY_DIGIT, SPLIT_AS_GPT2}
    if metadata.get("tokenizer.ggml.model") == "gpt2" and split not in splits:
        raise PlanError(build_message("gguf-splits-unknown", file=str(file), rule=split[:40]))
    layers = metadata.get(f"{family}.block_count", 0)
    if not isinstance(layers, int) or layers > len(tensors):
        raise PlanError(
            build_message(
                "gguf-too-few-tensors",
                file=str(file),
                layers=str(layers)[:40],
                tensors=len(tensors),
            )
        )
    return GgufFile(
        name=str(metadata.get("general.name", file.stem))[:80],
        family=family,
        shapes={name: shape for name, (shape, _) in tensors.items()},
        bytes=file.stat().st_size,
        types=tuple(sorted({kind for shape, kind in tensors.values() if len(shape) > 1})),
        licence=str(metadata.get("general.license", UNLABELLED))[:80],
        metadata=metadata,
    )


def _bare(family: str) -> str:
    """gpt-oss and gpt_oss, qwen2moe and qwen2_moe are one: llama.cpp and transformers differ."""
    return family.replace("-", "").replace("_", "")


def _read_tensors(file: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of every tensor, by the file's own names."""
    from gguf import GGMLQuantizationType
    from transformers.integrations.gguf.reader import GgufHeader

    header = GgufHeader.from_file(str(file))
    whole = header.data_start + max(info.offset + info.nbytes for info in header.tensors)
    if file.stat().st_size < whole:
        raise ValueError(f"it has {file.stat().st_size} bytes of {whole}")
    return {
        info.name: (info.shape, GGMLQuantizationType(info.ggml_type).name)
        for info in header.tensors
    }


@contextmanager
def _refusing_unreadable(file: Path) -> Iterator[None]:
    """What the readers raise at a damaged or foreign file, as PlanError."""
    from struct import error as damaged

    from tasks.models.model_config import UNREADABLE

    try:
        yield
    except PlanError:
        raise
    except (*UNREADABLE, RuntimeError, IndexError, NotImplementedError, damaged) as error:
        raise PlanError(
            build_message("gguf-unreadable", file=str(file), why=quote_exception(error, 300))
        ) from error


def read_gguf_config(file: Path) -> Any:
    """The configuration that transformers makes of a file's header; no weight is read."""
    from transformers import AutoConfig

    with tempfile.TemporaryDirectory() as alone, _refusing_unreadable(file):
        (Path(alone) / "model.gguf").symlink_to(file.resolve())
        return AutoConfig.from_pretrained(alone, gguf_file="model.gguf", local_files_only=True)


def convert_gguf_file(file: Path, name: str) -> Checkpoint:
    """The model in the store, turned into safetensors where it was not yet."""
    digest = digest_gguf_file(file)
    place = get_runs_dir() / "gguf" / f"{digest}-v{CONVERSION}.txt"
    with hold_lock(f"gguf-{digest}"):
        if place.is_file() or remote_store.pull_file(place):
            kept = Checkpoint(digest=place.read_text("utf-8").strip(), name=name)
            try:
                kept.verify_content()
                return kept
            except MissingArtifact:
                pass  # somebody deleted the folder: it is made again
        read_gguf_header(file)
        made = Checkpoint.build_folder(lambda folder: write_safetensors(file, folder), name=name)
        write_atomically(place, made.digest.encode())
        remote_store.push_path(place)
        return made


def write_safetensors(file: Path, folder: Path) -> None:
    """Weights, configuration and tokenizer of a GGUF file, as save_pretrained would have left them.

    Quantised weights are written in float32, so that nothing is rounded a second time.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
    from transformers.integrations.gguf.reader import GgufHeader

    from tasks.models.library_logging import silence_transformers
    from tasks.models.weight_check import refuse_damaged_model

    silence_transformers()
    with tempfile.TemporaryDirectory() as alone, _refusing_unreadable(file):
        # nothing that lies beside the file, an adapter or another model's tokenizer, is read
        (Path(alone) / "model.gguf").symlink_to(file.resolve())
        source: dict[str, Any] = {"gguf_file": "model.gguf", "local_files_only": True}
        dtype = GgufHeader.from_file(str(file)).dtype or torch.float32
        with redirect_stderr(io.StringIO()):  # a bar that no setting of transformers turns off
            model, told = AutoModelForCausalLM.from_pretrained(
                alone, dtype=dtype, output_loading_info=True, **source
            )
        _refuse_left_out(file, model, told["missing_keys"])
        tokenizer = AutoTokenizer.from_pretrained(alone, **source)
    shape = model.config.get_text_config()
    _repair_tokenizer(tokenizer, read_gguf_header(file).metadata, shape.vocab_size)
    tokenizer.model_max_length = shape.max_position_embeddings
    model.hf_quantizer = None  # transformers saves no model that a quantizer read
    for name in ("quantization_config", "_model_name_or_path"):
        model.config.__dict__.pop(name, None)
    model.generation_config = GenerationConfig.from_model_config(model.config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    refuse_damaged_model(folder)


def _refuse_left_out(file: Path, model: Any, missing: set[str]) -> None:
    """Raise PlanError for a weight that the file lacks, and for a tensor that found no place."""
    faults = (
        [build_message("weights-missing", n=len(missing), names=min(missing))] if missing else []
    )
    if left := sorted(_list_left_out(file, model)):
        faults.append(build_message("tensors-without-place", n=len(left), names=left[0]))
    if faults:
        raise PlanError(build_message("gguf-incomplete", file=str(file), faults=tuple(faults)))


def _list_left_out(file: Path, model: Any) -> set[str]:
    """The tensors that transformers' reader passes over without a word."""
    from transformers.integrations.gguf import GGUF_CONFIG_ARCHS
    from transformers.integrations.gguf.reader import GgufHeader, load_gguf_state_dict
    from transformers.modeling_gguf_pytorch_utils import (
        TENSOR_PROCESSORS,
        TensorProcessor,
        get_gguf_hf_weights_map,
    )

    header = GgufHeader.from_file(str(file))
    if header.architecture in GGUF_CONFIG_ARCHS:  # another reader, which refuses these itself
        return set()
    processor = TENSOR_PROCESSORS.get(header.architecture, TensorProcessor)
    placed = get_gguf_hf_weights_map(model, processor(config=model.config.to_dict()))
    left: set[str] = (
        header.ggml_types.keys() - placed.keys() - {f"{name}.weight" for name in placed}
    )
    if ROPE_FACTORS in left and header.architecture == "llama":
        factors = load_gguf_state_dict(header)[ROPE_FACTORS][...]
        if set_rope_factors(model.config, factors):
            left.discard(ROPE_FACTORS)
    return left


def _repair_tokenizer(tokenizer: Any, metadata: dict[str, Any], rows: int) -> None:
    """Where transformers leaves the file's rules: digits apart, Llama 3's words whole, and no token
    of GPT-2's own that the file does not have.
    """
    from tokenizers import Tokenizer

    tree = json.loads(tokenizer.backend_tokenizer.to_str())
    tree["added_tokens"] = [token for token in tree["added_tokens"] if token["id"] < rows]
    split = metadata.get("tokenizer.ggml.pre")
    if split in SPLIT_LLAMA3:
        tree["model"]["ignore_merges"] = True
    if split in SPLIT_BY_DIGIT:
        digits = {"type": "Digits", "individual_digits": True}
        tree["pre_tokenizer"] = {
            "type": "Sequence",
            "pretokenizers": [digits, tree["pre_tokenizer"]],
        }
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(tree))
