"""A merged model answers as base and adapter do; nothing leaves without a token."""

import pytest
import torch
from support.models import small_llama
from transformers import AutoModelForCausalLM, AutoTokenizer

from tasks.finetuning import lora
from tasks.finetuning.publish import merge_adapter, push_to_hub
from tasks.models.loading import load_model
from tasks.schemas.errors import PlanError


@pytest.mark.parametrize("changes", [{}, {"dora": True}])
def test_the_merged_model_answers_as_the_adapter_does_and_the_base_stays(tmp_path, changes):
    base = small_llama.save_checkpoint(tmp_path / "base")
    model = lora.attach_fresh_adapter(
        small_llama.make_model(), small_llama.PLAN.model_copy(update=changes)
    )
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    lora.save_adapter(model, tmp_path / "adapter", "small", "card")
    ids = torch.tensor([[5, 9, 20, 31]])
    before = load_model(base, small_llama.CPU).model(ids).logits
    merge_adapter(base, tmp_path / "adapter", tmp_path / "merged", small_llama.CPU)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    torch.testing.assert_close(
        merged(ids).logits,
        load_model(base, small_llama.CPU, tmp_path / "adapter").model(ids).logits,
        atol=1e-5,
        rtol=1e-4,
    )
    torch.testing.assert_close(
        load_model(base, small_llama.CPU).model(ids).logits, before
    )  # the shared weights were not merged into
    assert not torch.allclose(merged(ids).logits, before)
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "merged")("تب")["input_ids"]
        == small_llama.make_tokenizer()("تب")["input_ids"]
    )


class Hub:
    """Ten lines of hub: remembers what was asked."""

    def __init__(self):
        self.asked = []

    def create_repo(self, name, **more):
        self.asked.append((name, more["private"]))

    def upload_folder(self, **more):
        self.asked.append(more["allow_patterns"])
        return f"https://huggingface.co/{more['repo_id']}"


def test_nothing_leaves_without_a_token_and_then_privately(tmp_path, monkeypatch):
    hub = Hub()
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(PlanError, match="HF_TOKEN is not set"):
        push_to_hub(tmp_path, "me/adapter", api=hub)
    assert not hub.asked
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    assert push_to_hub(tmp_path, "me/adapter", api=hub) == "https://huggingface.co/me/adapter"
    assert hub.asked[0] == ("me/adapter", True) and "*.bin" not in hub.asked[1]
