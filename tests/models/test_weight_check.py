"""A base that would be loaded with random, foreign or broken weights is refused by name, by `check` and by `evaluate` alike."""

import json
import re
import shutil

import pytest
import torch
import transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from support.models import scoring_models
from support.models.architectures import ARCHITECTURES, make_model

from tasks.evaluation.standalone import evaluate_questions
from tasks.models.loading import load_model
from tasks.models.model_hub import explain_missing_base, resolve_base_model
from tasks.models.weight_check import refuse_damaged_model
from tasks.schemas.errors import PlanError
from tasks.schemas.plan_sections import BasePlan, EvaluationPlan

IDS = torch.tensor([[5, 9, 20, 31]])
CLOZE = EvaluationPlan(modes=("cloze",))


@pytest.fixture
def folder(tmp_path):
    return save(scoring_models.make_base_model(), tmp_path / "base")


def save(loaded, place):
    loaded.model.save_pretrained(place)
    loaded.tokenizer.save_pretrained(place)
    return place


def rewrite(place, change) -> None:
    """The weights of a folder, changed."""
    file = place / "model.safetensors"
    weights = {
        name: tensor.clone() for name, tensor in load_file(file).items()
    }  # the file is written over
    save_file(
        {name: tensor.contiguous() for name, tensor in change(weights).items()},
        file,
        metadata={"format": "pt"},
    )


def reconfigure(place, **changes) -> None:
    config = json.loads((place / "config.json").read_text("utf-8"))
    (place / "config.json").write_text(json.dumps(config | changes), "utf-8")


def refusal(place) -> str:
    """What `check` says; `evaluate` must say the same."""
    said = str(explain_missing_base(BasePlan(model=str(place))))
    assert said is not None
    with pytest.raises(PlanError) as error:
        evaluate_questions(str(place), None, scoring_models.make_questions(1), CLOZE)
    assert str(error.value) == said
    return said


def without(part):
    return lambda weights: {name: tensor for name, tensor in weights.items() if part not in name}


def prefixed(prefix):
    return lambda weights: {prefix + name: tensor for name, tensor in weights.items()}


def poisoned(value, everywhere=False):
    def change(weights):
        tensor = weights["model.layers.1.mlp.up_proj.weight"]
        tensor[... if everywhere else (3, 5)] = value
        return weights

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            without(".layers.1."),
            r"9 weights are missing and would be random numbers: model\.layers\.1\.input_layernorm\.weight, .* 6 more",
        ),
        (without("lm_head"), r"1 weights are missing .*: lm_head\.weight"),
        (prefixed("_orig_mod."), r"begin with '_orig_mod\.'.*torch\.compile"),
        (prefixed("module."), r"begin with 'module\.'.*DataParallel"),
        (prefixed("base_model.model."), r"begin with 'base_model\.model\.'.*merge_and_unload"),
        (
            lambda w: w | {"score.weight": torch.zeros(3, 64)},
            r"1 tensors have no place in the model: score\.weight",
        ),
        (
            lambda w: (
                w | {"model.layers.0.self_attn.q_proj.lora_A.default.weight": torch.zeros(3, 64)}
            ),
            r"an adapter was left in: call merge_and_unload",
        ),
        (
            lambda w: w | {"model.norm.weight": torch.zeros(63)},
            r"another shape .* model\.norm\.weight is \(63,\), not \(64,\)",
        ),
        (poisoned(float("nan")), r"up_proj\.weight holds NaN or infinite numbers"),
        (poisoned(float("inf")), r"up_proj\.weight holds NaN or infinite numbers"),
        (
            poisoned(float("-inf"), everywhere=True),
            r"up_proj\.weight holds NaN or infinite numbers",
        ),
    ],
)
def test_weights_that_are_not_the_model_s_are_named(folder, change, said):
    rewrite(folder, change)
    assert re.search(said, refusal(folder))


@pytest.mark.parametrize("left", [0, 7, 400, 0.5, 0.999])
def test_a_file_that_was_cut_short_is_named(folder, left):
    file = folder / "model.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[: left if isinstance(left, int) else int(left * len(content))])
    assert "model.safetensors is cut short or damaged" in refusal(folder)


def test_a_git_pointer_instead_of_a_file_is_named(folder):
    (folder / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n" * 3
    )
    assert "Git LFS pointer" in refusal(folder)


def test_an_adapter_beside_the_model_s_own_weights_is_never_attached(folder):
    scoring_models.make_tuned_model().model.save_pretrained(folder)
    assert "holds adapter_config.json beside the model's own weights" in refusal(folder)


def test_an_adapter_in_the_model_s_place_is_named(tmp_path):
    scoring_models.make_tuned_model().model.save_pretrained(tmp_path)
    assert "is an adapter, not a model" in refusal(tmp_path)


@pytest.mark.parametrize(
    "target",
    [
        "w.bin",
        "../other/model.safetensors",
        "/etc/passwd",
        "a/../b.safetensors",
        "..\\w.safetensors",
        3,
        None,
    ],
)
def test_an_index_names_safetensors_of_its_own_folder_only(folder, target):
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"model.norm.weight": target}})
    )
    assert "index" in refusal(folder)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"weight_map": []}', '{"weight_map": {}}', "{" * 9000]
)
def test_an_index_that_is_none_is_named(folder, content):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(content)
    assert "index" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "quantized already (gptq)"),
        (
            {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
            "quantized already (bitsandbytes)",
        ),
        ({"quantization_config": "4bit"}, "quantized already"),
        (
            {"architectures": ["LlamaForSequenceClassification"]},
            "holds a LlamaForSequenceClassification",
        ),
        ({"model_type": "nothing-known"}, "cannot be used"),
        ({"num_hidden_layers": 300_000}, "tells 300000 layers"),
        ({"num_hidden_layers": 2}, "9 tensors have no place"),
        ({"hidden_size": "wide"}, "cannot be used"),
        ({"dtype": 1e308}, "cannot be used"),
        ({"vocab_size": 7}, "another shape"),
    ],
)
def test_a_configuration_that_cannot_be_scored_is_named(folder, changes, said):
    reconfigure(folder, **changes)
    assert said in refusal(folder)


@pytest.mark.parametrize("content", ["", "[]", "null", "{", '{"model_type": 3}', "[" * 9000])
def test_a_configuration_that_is_none_is_named(folder, content):
    (folder / "config.json").write_text(content)
    assert "config.json" in refusal(folder)


def test_a_model_of_questions_and_answers_in_two_parts_is_named(tmp_path):
    config = transformers.T5Config(
        d_model=16,
        d_kv=4,
        d_ff=16,
        num_layers=1,
        num_heads=2,
        vocab_size=len(scoring_models.make_tokenizer()),
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    scoring_models.make_tokenizer().save_pretrained(tmp_path)
    assert "T5ForConditionalGeneration" in refusal(tmp_path)


def test_a_classifier_s_folder_is_named(tmp_path):
    transformers.LlamaForSequenceClassification(
        scoring_models.make_config(tie_word_embeddings=True)
    ).save_pretrained(tmp_path)
    scoring_models.make_tokenizer().save_pretrained(tmp_path)
    assert "holds a LlamaForSequenceClassification" in refusal(tmp_path)
    reconfigure(tmp_path, architectures=["LlamaForCausalLM"])
    assert "score.weight" in refusal(tmp_path)


def test_the_words_of_a_configuration_choose_no_attention_and_no_file(folder, tmp_path):
    wanted = load_model(resolve_base_model(BasePlan(model=str(folder)))).model(IDS).logits
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "model.safetensors").rename(other / "else.safetensors")
    shutil.copy(folder / "model.safetensors", other)
    reconfigure(
        other,
        attn_implementation="kernels-community/evil",
        experts_implementation="evil",
        transformers_weights="else.safetensors",
    )
    rewrite_to_zero = {
        name: torch.zeros_like(tensor)
        for name, tensor in load_file(other / "else.safetensors").items()
    }
    save_file(rewrite_to_zero, other / "else.safetensors", metadata={"format": "pt"})
    loaded = load_model(resolve_base_model(BasePlan(model=str(other)))).model
    assert loaded.config._attn_implementation == "sdpa"
    torch.testing.assert_close(loaded(IDS).logits, wanted)


# --- what must not be refused


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_sound_models_of_every_kind_load_as_plain_transformers_loads_them(name, tied, tmp_path):
    place = save(make_model(name, tie_word_embeddings=tied), tmp_path)
    loaded = load_model(resolve_base_model(BasePlan(model=str(place))))
    plain = transformers.AutoModelForCausalLM.from_pretrained(place).eval()
    torch.testing.assert_close(loaded.model(IDS).logits, plain(IDS).logits, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Llama", lambda w: w | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.zeros(4)}),
        ("Llama", lambda w: {name.removeprefix("model."): tensor for name, tensor in w.items()}),
        (
            "GPT2",
            lambda w: (
                w
                | {
                    "transformer.h.0.attn.bias": torch.ones(1, 1, 8, 8),
                    "transformer.h.0.attn.masked_bias": torch.ones(()),
                }
            ),
        ),
        (
            "GPT2",
            lambda w: {name.removeprefix("transformer."): tensor for name, tensor in w.items()},
        ),
        ("GPTNeoX", lambda w: w | {"gpt_neox.layers.0.attention.masked_bias": torch.ones(())}),
        (
            "Bloom",
            lambda w: w | {"lm_head.weight": w["transformer.word_embeddings.weight"].clone()},
        ),
    ],
)
def test_what_older_versions_saved_beside_the_weights_is_no_damage(name, change, tmp_path):
    place = save(make_model(name), tmp_path)
    rewrite(place, change)
    refuse_damaged_model(place)


def test_a_model_in_shards_is_sound(tmp_path):
    loaded = scoring_models.make_base_model()
    loaded.model.save_pretrained(tmp_path, max_shard_size="100KB")
    loaded.tokenizer.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors.index.json").is_file()
    torch.testing.assert_close(
        load_model(resolve_base_model(BasePlan(model=str(tmp_path)))).model(IDS).logits,
        loaded.model(IDS).logits,
    )


def test_a_merged_adapter_is_a_sound_model(tmp_path):
    model = get_peft_model(
        scoring_models.make_base_model().model,
        LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False),
    )
    model.merge_and_unload().save_pretrained(tmp_path)
    scoring_models.make_tokenizer().save_pretrained(tmp_path)
    assert explain_missing_base(BasePlan(model=str(tmp_path))) is None


def test_a_folder_that_was_mended_is_accepted_in_the_same_process(folder):
    whole = (folder / "model.safetensors").read_bytes()
    rewrite(folder, without("lm_head"))
    assert explain_missing_base(BasePlan(model=str(folder)))
    (folder / "model.safetensors").write_bytes(whole)
    assert explain_missing_base(BasePlan(model=str(folder))) is None
