"""The adapter is what the paper says, by NumPy alone; its bytes tell nothing of the machine."""

import json

import numpy as np
import pytest
import torch
from peft.tuners.lora import LoraLayer
from support.models import small_llama

from tasks.finetuning import lora
from tasks.schemas.errors import PlanError


def stirred(plan):
    """A model whose adapter is no longer zero."""
    model = lora.attach_fresh_adapter(small_llama.make_model(), plan)
    torch.manual_seed(5)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def changed(**changes):
    return small_llama.PLAN.model_copy(update={"target_modules": ("q_proj", "v_proj"), **changes})


@pytest.mark.parametrize(
    ("changes", "scale"),
    [({"rank": 8, "alpha": 16}, 2.0), ({"rank": 4, "alpha": 6, "rslora": True}, 3.0)],
)
def test_one_layer_by_numpy(changes, scale):
    """y = W x + s · B (A x) with s = alpha / rank, or alpha / √rank for rsLoRA."""
    layer = next(m for m in stirred(changed(**changes)).modules() if isinstance(m, LoraLayer))
    w, a, b = (
        t.detach().numpy().astype(np.float64)
        for t in (
            layer.base_layer.weight,
            layer.lora_A["default"].weight,
            layer.lora_B["default"].weight,
        )
    )
    x = np.random.default_rng(0).normal(size=(5, w.shape[1]))
    wanted = np.array(
        [[sum(w[o, i] * row[i] for i in range(w.shape[1])) for o in range(w.shape[0])] for row in x]
    )
    wanted += scale * (x @ a.T) @ b.T
    got = layer(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_one_dora_layer_by_numpy():
    """y = m · (W + s·BA) / ‖W + s·BA‖ₒ x, the norm taken over each output's row (arXiv 2402.09353)."""
    layer = next(m for m in stirred(changed(dora=True)).modules() if isinstance(m, LoraLayer))
    w, a, b = (
        t.detach().numpy().astype(np.float64)
        for t in (
            layer.base_layer.weight,
            layer.lora_A["default"].weight,
            layer.lora_B["default"].weight,
        )
    )
    m = layer.lora_magnitude_vector["default"].weight.detach().numpy()
    moved = w + 2.0 * b @ a
    x = np.random.default_rng(0).normal(size=(5, w.shape[1]))
    wanted = x @ (moved * (m / np.linalg.norm(moved, axis=1))[:, None]).T
    np.testing.assert_allclose(
        layer(torch.tensor(x, dtype=torch.float32)).detach().numpy(), wanted, atol=1e-5
    )


def test_a_fresh_adapter_changes_nothing_and_is_drawn_by_the_seed():
    ids = torch.tensor([[5, 9, 20, 31]])
    fresh = lora.attach_fresh_adapter(small_llama.make_model(), small_llama.PLAN).eval()
    assert torch.equal(fresh(input_ids=ids).logits, small_llama.make_model()(input_ids=ids).logits)
    assert lora.compute_weight_shift(fresh) == 0.0
    first = {n: p for n, p in fresh.named_parameters() if "lora_A" in n}
    again = dict(
        lora.attach_fresh_adapter(small_llama.make_model(), small_llama.PLAN).named_parameters()
    )
    other = dict(
        lora.attach_fresh_adapter(
            small_llama.make_model(), small_llama.PLAN.model_copy(update={"seed": 1})
        ).named_parameters()
    )
    assert all(torch.equal(p, again[n]) for n, p in first.items())
    assert not any(torch.equal(p, other[n]) for n, p in first.items())


@torch.no_grad()
@pytest.mark.parametrize("changes", [{}, {"rslora": True}, {"dora": True}])
def test_weight_shift_is_the_norm_of_the_merged_difference(changes):
    plan = changed(**changes)
    model = stirred(plan)
    shift = lora.compute_weight_shift(model)
    merged = dict(model.merge_and_unload().named_parameters())
    base = {
        n: p
        for n, p in small_llama.make_model().named_parameters()
        if n.split(".")[-2] in plan.target_modules
    }
    difference = sum(float((merged[n] - p).double().norm()) ** 2 for n, p in base.items())
    size = sum(float(p.double().norm()) ** 2 for p in base.values())
    assert shift == pytest.approx((difference / size) ** 0.5, rel=1e-4)


def test_matrices_that_the_model_has_not_are_named():
    with pytest.raises(PlanError, match=r"finetuning.target_modules: \('query',\)"):
        lora.attach_fresh_adapter(small_llama.make_model(), changed(target_modules=("query",)))


def test_the_saved_settings_hold_no_path_and_a_fixed_order(tmp_path):
    model = lora.attach_fresh_adapter(small_llama.make_model(), small_llama.PLAN)
    lora.save_adapter(model, tmp_path, "unsloth/Llama-3.2-1B", "a card")
    told = json.loads((tmp_path / "adapter_config.json").read_text())
    assert told["base_model_name_or_path"] == "unsloth/Llama-3.2-1B"
    assert told["target_modules"] == sorted(told["target_modules"])
    assert {p.name for p in tmp_path.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
    }
