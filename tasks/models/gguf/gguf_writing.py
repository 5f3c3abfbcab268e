"""A model folder as one GGUF file, as llama.cpp, Ollama and LM Studio read it: matrices in float16,
vectors in float32, the tokenizer with its rule for splitting text.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from safetensors import safe_open
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

from tasks.models.gguf.rope_factors import ROPE_FACTORS, compute_rope_factors
from tasks.models.loading import read_tokenizer
from tasks.models.model_config import read_config
from tasks.models.weight_files import list_weight_files
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.store.paths import write_atomically

# transformers' word for a family: llama.cpp's. Those whose round trip is tested.
FAMILIES = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
ROTATED = (
    "q_proj",
    "k_proj",
)  # llama.cpp pairs a Llama's dimensions side by side, not half by half


def write_gguf_file(folder: Path, file: Path, name: str) -> None:
    """The model of a folder in one file, whole or not at all. Raises PlanError for a family or a
    tokenizer that cannot be written exactly.
    """
    config, tokenizer = read_config(folder), read_tokenizer(str(folder))
    refuse_unwritable(config, tokenizer)
    part = file.with_name(f".{file.name}.part")
    writer = gguf.GGUFWriter(part, FAMILIES[config.model_type])
    try:
        writer.add_name(name)
        _add_shape(writer, config)
        _add_tokenizer(writer, tokenizer, config.vocab_size)
        for tensor_name, values in _convert_tensors(folder, config):
            writer.add_tensor(tensor_name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def write_modelfile(folder: Path, file: Path) -> Path:
    """What `ollama create NAME -f` reads, beside the file; answers are the likeliest words.

    Where the model has a chat template Ollama takes it from the file; else text is put as it is.
    """
    tokenizer, place = read_tokenizer(str(folder)), file.with_name(f"{file.name}.Modelfile")
    lines = [f"FROM ./{file.name}", "PARAMETER temperature 0"]
    if tokenizer.eos_token:
        lines.append(f"PARAMETER stop {json.dumps(tokenizer.eos_token, ensure_ascii=False)}")
    if not tokenizer.chat_template:
        lines.append('TEMPLATE "{{ .Prompt }}"')
    write_atomically(place, ("\n".join(lines) + "\n").encode())
    return place


def refuse_unwritable(config: Any, tokenizer: Any) -> None:
    """Raise PlanError for what would be another model in the file."""
    if config.model_type not in FAMILIES:
        raise PlanError(
            build_message(
                "gguf-writes-no-family", kind=repr(config.model_type), known=tuple(FAMILIES)
            )
        )
    kind = config.rope_parameters["rope_type"]
    if kind not in ("default", "llama3"):
        raise PlanError(build_message("gguf-writes-no-positions", kind=repr(kind)))
    if name_split_rule(tokenizer) is None:
        raise PlanError(build_message("gguf-writes-no-split"))


def name_split_rule(tokenizer: Any) -> str | None:
    """GGUF's name for how a byte-level tokenizer splits text; none for any other tokenizer."""
    tree = json.loads(tokenizer.backend_tokenizer.to_str())
    rule = tree["pre_tokenizer"] or {}
    if tree["model"]["type"] != "BPE":
        return None
    steps = rule.get("pretokenizers", [rule])
    kinds = tuple(step.get("type") for step in steps)
    if kinds[-1] != "ByteLevel" or steps[-1]["add_prefix_space"]:
        return None
    if kinds == ("Split", "ByteLevel"):
        for name in ("llama-bpe", "qwen2"):
            if steps[0]["pattern"].get("Regex") == GGUF_PRE_TOKENIZER_SPLITS[name]:
                return name
    if kinds == ("Digits", "ByteLevel") and steps[0]["individual_digits"]:
        return "smollm"
    return "gpt-2" if kinds == ("ByteLevel",) and steps[0]["use_regex"] else None


def _add_shape(writer: Any, config: Any) -> None:
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(head)
    writer.add_vocab_size(config.vocab_size)


def _add_tokenizer(writer: Any, tokenizer: Any, rows: int) -> None:
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    words = {number: token for token, number in tokenizer.get_vocab().items()}
    added = tokenizer.added_tokens_decoder
    kinds = [
        gguf.TokenType.UNUSED
        if i not in words
        else gguf.TokenType.NORMAL
        if i not in added
        else gguf.TokenType.CONTROL
        if added[i].special
        else gguf.TokenType.USER_DEFINED
        for i in range(rows)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name_split_rule(tokenizer))
    writer.add_token_list([words.get(i, f"[PAD{i}]") for i in range(rows)])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    for kind, number in {
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
        "unk": tokenizer.unk_token_id,
        "pad": tokenizer.pad_token_id,
    }.items():
        if number is not None and number < rows:  # a filler token may have no row
            getattr(writer, f"add_{kind}_token_id")(number)
    writer.add_add_bos_token(tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id)
    writer.add_add_space_prefix(False)
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)


def _convert_tensors(folder: Path, config: Any) -> Iterator[tuple[str, "np.ndarray[Any, Any]"]]:
    """Every weight under llama.cpp's name, as it lays them out."""
    family = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(family[FAMILIES[config.model_type]], config.num_hidden_layers)
    for file in list_weight_files(folder):
        with safe_open(file, framework="pt") as weights:
            for name in weights.keys():  # noqa: SIM118
                written = names.get_name(name, try_suffixes=(".weight", ".bias"))
                if written is None:
                    raise PlanError(build_message("gguf-without-place", name=name))
                yield written, _round_values(_rotate(name, weights.get_tensor(name), config), name)
    if config.rope_parameters["rope_type"] == "llama3":
        yield ROPE_FACTORS, compute_rope_factors(config).numpy()


def _rotate(name: str, values: torch.Tensor, config: Any) -> torch.Tensor:
    """(heads · 2 · half, …) → (heads · half · 2, …) for a Llama's queries and keys."""
    part = next((part for part in ROTATED if f".{part}." in name), None)
    if config.model_type != "llama" or part is None:
        return values
    heads = config.num_attention_heads if part == "q_proj" else config.num_key_value_heads
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return halves.transpose(1, 2).reshape(values.shape)


def _round_values(values: torch.Tensor, name: str) -> "np.ndarray[Any, Any]":
    rounded = values.float().contiguous().numpy()
    if values.ndim == 1:
        return rounded
    half = rounded.astype(np.float16)
    if not np.isfinite(half).all():
        raise PlanError(build_message("beyond-float16", name=name))
    return half
