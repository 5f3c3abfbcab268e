"""Whatever an adapter does when it is loaded, the base answers as if there were none, and the tuned model as plain PEFT's does."""

import copy
import json
import re
import shutil

import peft
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from support.models import scoring_models
from support.models.architectures import ARCHITECTURES, FURTHER, make_model
from transformers import AutoModelForCausalLM

from tasks.evaluation.standalone import evaluate_questions
from tasks.models.loading import base_of, load_model
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.plan_sections import BasePlan, EvaluationPlan

IDS = torch.tensor([[5, 9, 20, 31]])
CLOZE = EvaluationPlan(modes=("cloze",))
MATRICES = ["q_proj", "v_proj"]


def lora(**changes):
    return LoraConfig(**{"r": 4, "target_modules": MATRICES, "task_type": "CAUSAL_LM"} | changes)


def other(name, **changes):
    kind = peft.PEFT_TYPE_TO_CONFIG_MAPPING[peft.PeftType[name]]
    return kind(**{"target_modules": MATRICES, "task_type": "CAUSAL_LM"} | changes)


ADAPTERS = {
    **{f"init {init}": lambda init=init: lora(init_lora_weights=init) for init in (True, False)},
    **{
        f"init {init}": lambda init=init: lora(init_lora_weights=init)
        for init in ("gaussian", "olora", "pissa", "orthogonal", "mica", "eva")
    },
    "init lora_ga": lambda: lora(init_lora_weights="lora_ga", lora_ga_config=peft.LoraGAConfig()),
    "bias all": lambda: lora(bias="all"),
    "bias lora_only": lambda: lora(bias="lora_only"),
    "dora": lambda: lora(use_dora=True),
    "rslora": lambda: lora(use_rslora=True),
    "lora_bias": lambda: lora(lora_bias=True),
    "embeddings": lambda: lora(target_modules=["embed_tokens", "q_proj"]),
    "whole head": lambda: lora(modules_to_save=["lm_head", "embed_tokens"]),
    "tokens": lambda: lora(trainable_token_indices=[3, 4]),
    "parameters": lambda: lora(target_parameters=["mlp.up_proj.weight"]),
    "ranks": lambda: lora(rank_pattern={"q_proj": 2}, alpha_pattern={"q_proj": 9}),
    "IA3": lambda: other("IA3", feedforward_modules=[]),
    "ADALORA": lambda: other("ADALORA", total_step=10),
    "LOHA": lambda: other("LOHA"),
    "LOKR": lambda: other("LOKR"),
    "OFT": lambda: other("OFT", oft_block_size=4, r=0),
    "BOFT": lambda: other("BOFT", boft_block_size=4),
    "HRA": lambda: other("HRA"),
    "VERA": lambda: other("VERA", r=4),
    "VBLORA": lambda: other("VBLORA", num_vectors=16, vector_length=4),
    "FOURIERFT": lambda: other("FOURIERFT", n_frequency=10),
    "LN_TUNING": lambda: other("LN_TUNING", target_modules=["input_layernorm"]),
    "OSF": lambda: other("OSF"),
}


def biased():
    """A Qwen2, whose attention has biases."""
    loaded = make_model("Qwen2")
    for name, parameter in loaded.model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
    return loaded


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    place, loaded = tmp_path_factory.mktemp("base"), biased()
    loaded.model.save_pretrained(place)
    loaded.tokenizer.save_pretrained(place)
    return place


def trained(base, config, folder, shake=0.05):
    """An adapter on the base, its trainable weights moved a little."""
    torch.manual_seed(3)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad and shake:
                parameter.add_(torch.randn_like(parameter) * shake)
    model.save_pretrained(folder)
    return folder


@torch.no_grad()
def scores(model):
    return model(IDS).logits


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_base_answers_as_if_there_were_no_adapter_and_the_tuned_model_as_plain_peft(
    name, base, tmp_path
):
    adapter, checkpoint = (
        trained(base, ADAPTERS[name](), tmp_path),
        resolve_base_model(BasePlan(model=str(base))),
    )
    untouched = scores(AutoModelForCausalLM.from_pretrained(base).eval())
    plain = scores(
        PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter).eval()
    )
    before = load_model(checkpoint)
    tuned = load_model(checkpoint, adapter=adapter)
    torch.testing.assert_close(scores(tuned.model), plain, atol=4e-6, rtol=0)
    for model in (before.model, base_of(tuned).model, load_model(checkpoint).model):
        assert torch.equal(scores(model), untouched)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [name for name in (*ARCHITECTURES, *FURTHER) if name != "Mamba"],  # PEFT refuses its out_proj
)
def test_an_adapter_on_any_kind_of_model_is_as_plain_peft(name, tmp_path):
    loaded, place = make_model(name), tmp_path / "base"
    loaded.model.save_pretrained(place)
    loaded.tokenizer.save_pretrained(place)
    adapter = trained(place, lora(target_modules="all-linear"), tmp_path / "adapter")
    checkpoint = resolve_base_model(BasePlan(model=str(place)))
    untouched = scores(AutoModelForCausalLM.from_pretrained(place).eval())
    plain = scores(
        PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(place), adapter).eval()
    )
    tuned = load_model(checkpoint, adapter=adapter)
    torch.testing.assert_close(scores(tuned.model), plain, atol=4e-6, rtol=0)
    assert not torch.equal(plain, untouched), "the adapter changes something"
    torch.testing.assert_close(scores(base_of(tuned).model), untouched, atol=4e-6, rtol=0)


@pytest.mark.parametrize(
    "config", [lora(init_lora_weights="pissa"), lora(init_lora_weights="olora"), lora(bias="all")]
)
def test_an_untrained_adapter_changes_no_answer(config, base, tmp_path):
    trained(base, config, tmp_path, shake=0)
    both = evaluate_questions(str(base), str(tmp_path), scoring_models.make_questions(4), CLOZE)
    for first, second in zip(both.base, both.tuned, strict=True):
        assert second.scores == pytest.approx(first.scores, abs=1e-3)
    assert any("can change weights of the base" in note for note in both.notes)


def test_an_adapter_with_added_tokens_takes_its_own_tokenizer_and_embeddings(tmp_path):
    loaded, base = make_model("Llama"), tmp_path / "base"
    loaded.model.save_pretrained(base)
    loaded.tokenizer.save_pretrained(base)
    words = copy.deepcopy(loaded.tokenizer)
    words.add_tokens(["<diagnosis>", "<sign>"])
    loaded.model.resize_token_embeddings(len(words), mean_resizing=False)
    model = get_peft_model(loaded.model, lora(init_lora_weights=False))
    model.save_pretrained(tmp_path / "adapter", save_embedding_layers=True)
    words.save_pretrained(tmp_path / "adapter")
    checkpoint = resolve_base_model(BasePlan(model=str(base)))
    tuned = load_model(checkpoint, adapter=tmp_path / "adapter")
    assert tuned.tokenizer("<sign>")["input_ids"][-1] == len(words) - 1
    torch.testing.assert_close(scores(tuned.model), scores(model.eval()))
    below = base_of(tuned)
    assert torch.equal(
        scores(below.model), scores(AutoModelForCausalLM.from_pretrained(base).eval())
    )
    assert len(below.tokenizer) == len(words) - 2


def test_added_tokens_without_embeddings_are_refused(base, tmp_path):
    trained(base, lora(), tmp_path)
    words = copy.deepcopy(scoring_models.make_tokenizer())
    words.add_tokens(["<sign>"])
    words.save_pretrained(tmp_path)
    with pytest.raises(PlanError, match=r"rows for \d+ only, not for '<sign>'"):
        load_model(resolve_base_model(BasePlan(model=str(base))), adapter=tmp_path)


# --- what is refused


@pytest.fixture
def adapter(base, tmp_path):
    return trained(base, lora(init_lora_weights=False), tmp_path / "adapter")


def refusal(base, adapter) -> str:
    with pytest.raises((PlanError, MissingArtifact)) as error:
        evaluate_questions(str(base), str(adapter), scoring_models.make_questions(1), CLOZE)
    return str(error.value)


def reconfigured(adapter, **changes) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    (adapter / "adapter_config.json").write_text(json.dumps(config | changes), "utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task_type": "SEQ_CLS"}, "was made for SEQ_CLS"),
        ({"peft_type": "SOMETHING"}, "adapter_config.json cannot be used|knows no adapters"),
        ({"peft_type": "XLORA"}, "of kind XLORA|cannot be used"),
        ({"init_lora_weights": "pissa_niter_4"}, "cannot be computed again"),
        ({"init_lora_weights": "corda"}, "cannot be computed again|cannot be used"),
        (
            {"init_lora_weights": "loftq", "loftq_config": {"loftq_bits": 4}},
            "needs bitsandbytes|cannot be used",
        ),
        ({"init_lora_weights": "unheard-of"}, "does not fit"),
        ({"target_modules": ["nothing_proj"]}, "does not fit"),
        ({"target_modules": ["q_proj"]}, "does not fit .* matrices have no match"),
        ({"target_modules": ["q_proj", "v_proj", "k_proj"]}, "does not fit .*missing adapter keys"),
        ({"r": 3}, "does not fit"),
    ],
)
def test_a_configuration_that_cannot_be_compared_is_named(base, adapter, changes, said):
    reconfigured(adapter, **changes)
    assert re.search(said, refusal(base, adapter), re.DOTALL)


@pytest.mark.parametrize("name", ["PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING"])
def test_prompts_in_the_place_of_weights_are_named(name, base, tmp_path):
    kind = peft.PEFT_TYPE_TO_CONFIG_MAPPING[peft.PeftType[name]]
    trained(base, kind(task_type="CAUSAL_LM", num_virtual_tokens=4), tmp_path)
    assert f"is of kind {name}, which does not change weights alone" in refusal(base, tmp_path)


def test_broken_adapters_are_named(base, adapter, tmp_path):
    file = adapter / "adapter_model.safetensors"
    content = file.read_bytes()
    weights = {
        name: tensor.clone() for name, tensor in load_file(file).items()
    }  # the file is written over
    file.write_bytes(content[: len(content) // 2])
    assert "cut short or damaged" in refusal(base, adapter)
    next(iter(weights.values()))[0, 0] = float("nan")
    save_file(weights, file)
    assert "NaN or infinite numbers" in refusal(base, adapter)
    file.rename(adapter / "adapter_model.bin")
    assert "adapter_model.bin is not read: pickled weights can run code" in refusal(base, adapter)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"peft_type": 3}'])
def test_an_adapter_configuration_that_is_none_is_named(base, adapter, content):
    (adapter / "adapter_config.json").write_text(content)
    assert "adapter_config.json" in refusal(base, adapter)


def test_an_adapter_made_for_another_base_is_told(base, adapter, tmp_path):
    def said():
        return evaluate_questions(
            str(base), str(adapter), scoring_models.make_questions(1), CLOZE
        ).notes

    for name in (
        str(base),
        "",
        f"someone/{base.name}",
        str(shutil.copytree(base, tmp_path / "same")),
    ):
        reconfigured(adapter, base_model_name_or_path=name)
        assert not said(), name
    reconfigured(adapter, base_model_name_or_path="someone/Another-1B")
    assert "was made for 'someone/Another-1B'" in said()[0]


def test_a_merged_model_is_compared_as_its_adapter_is(base, adapter, tmp_path):
    merged = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base), adapter
    ).merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    scoring_models.make_tokenizer().save_pretrained(tmp_path / "merged")
    questions = scoring_models.make_questions(3)
    both = evaluate_questions(str(base), str(adapter), questions, CLOZE)
    whole = evaluate_questions(str(base), None, questions, CLOZE, tuned=str(tmp_path / "merged"))
    assert whole.base == both.base
    for first, second in zip(both.tuned, whole.tuned, strict=True):
        assert second.scores == pytest.approx(first.scores, abs=1e-3)
    with pytest.raises(PlanError, match="--adapter and --tuned: name one"):
        evaluate_questions(str(base), str(adapter), questions, CLOZE, tuned=str(base))
