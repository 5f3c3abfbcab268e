"""Models are loaded once; base and tuned share their weights; no code of a model is run."""

import json
import shutil

import pytest
import torch
from peft import PeftModel
from support.models import small_llama

from tasks.finetuning import lora
from tasks.models import loading
from tasks.models.device import choose_device
from tasks.models.loading import base_of, choose_dtype, load_model
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import BasePlan

IDS = torch.tensor([[5, 9, 20, 31]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "mine"
    small_llama.save_checkpoint(place)
    return place


@pytest.fixture
def adapter(tmp_path):
    model = lora.attach_fresh_adapter(small_llama.make_model(), small_llama.PLAN)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    lora.save_adapter(model, tmp_path / "adapter", "mine", "card")
    return tmp_path / "adapter"


def test_the_adapter_never_shows_in_the_base(folder, adapter):
    checkpoint = resolve_base_model(BasePlan(model=str(folder)))
    base = load_model(checkpoint, small_llama.CPU)
    tuned = load_model(checkpoint, small_llama.CPU, adapter)
    wanted = small_llama.make_model()(IDS).logits
    assert not torch.allclose(tuned.model(IDS).logits, wanted)
    torch.testing.assert_close(base_of(tuned).model(IDS).logits, wanted)
    assert not torch.allclose(tuned.model(IDS).logits, wanted)
    torch.testing.assert_close(base.model(IDS).logits, wanted)  # loaded before: untouched
    assert base_of(base) is base
    assert isinstance(tuned.model, PeftModel) and not tuned.model.training


def test_weights_are_read_once_and_shared(folder):
    checkpoint = resolve_base_model(BasePlan(model=str(folder)))
    loading._load_base.cache_clear()
    first, second = load_model(checkpoint, small_llama.CPU), load_model(checkpoint, small_llama.CPU)
    assert loading._load_base.cache_info().misses == 1
    assert first.model is not second.model
    assert all(
        a is b for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True)
    )


def test_a_model_that_was_replaced_or_removed_is_not_taken_for_the_one_that_was_found(
    folder, tmp_path
):
    copied = shutil.copytree(folder, tmp_path / "mine")
    checkpoint = resolve_base_model(BasePlan(model=str(copied)))
    checkpoint.verify_content()
    small_llama.save_checkpoint(copied, seed=1)
    for use in (
        checkpoint.verify_content,
        lambda: load_model(checkpoint, small_llama.CPU),
    ):  # a kept record is checked before it is believed
        with pytest.raises(MissingArtifact, match="holds another model than when the study began"):
            use()
    shutil.rmtree(copied)
    checkpoint.verify_content()  # the machine that only writes the report need not have the model
    shutil.copytree(folder, copied)
    (copied / "config.json").unlink()
    with pytest.raises(MissingArtifact, match="holds another model"):
        load_model(checkpoint, small_llama.CPU)


def test_a_folder_without_an_adapter_is_named(folder, tmp_path):
    with pytest.raises(MissingArtifact, match=r"holds no adapter_model\.safetensors"):
        load_model(resolve_base_model(BasePlan(model=str(folder))), small_llama.CPU, tmp_path)


def test_code_that_comes_with_a_model_is_not_run(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "evil")
    config = json.loads((copied / "config.json").read_text())
    config |= {
        "model_type": "evil",
        "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    }
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "evil.py").write_text(
        f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()"
    )
    with pytest.raises((ValueError, PlanError)):
        load_model(resolve_base_model(BasePlan(model=str(copied))), small_llama.CPU)
    assert not (tmp_path / "ran").exists()


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(PlanError, match=r"machine\.device: 'tpu' is not here; there is .*cpu"):
        choose_device(Machine(device="tpu"))
    assert choose_device(Machine(device="cpu")) == "cpu"


def test_small_models_stay_in_float32_and_a_wish_is_kept():
    assert choose_dtype("auto", "cpu", 1_000_000, "x") == torch.float32
    assert choose_dtype("auto", "cuda", 1_000_000, "x") == torch.float32
    assert choose_dtype("bfloat16", "cpu", 1_000_000, "x") == torch.bfloat16


def test_parameters_are_counted_from_the_headers(folder):
    assert loading.count_parameters(folder) == sum(
        p.numel() for p in small_llama.make_model().parameters()
    )
