"""Every kind of model, with any tokenizer that can end a text, is tuned: two updates, the base's own loss first, an adapter that loads."""

import pytest
import torch
from evaluation.scorer.test_odd_tokenizers import TOKENIZERS
from support.models import small_llama
from support.models.architectures import ARCHITECTURES, make_model

from tasks.finetuning.examples import encode_pairs
from tasks.finetuning.fit import fit_adapter
from tasks.models.loading import load_model
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.errors import PlanError, TuningError
from tasks.schemas.plan_sections import BasePlan

PLAN = small_llama.PLAN.model_copy(
    update={
        "target_modules": "all-linear",
        "updates": 2,
        "batch_size": 4,
        "max_tokens": 200,
        "warmup": 0.0,
    }
)
PAIRS, HELD_OUT = small_llama.make_pairs(8), small_llama.make_pairs(3, 50)


def tuned(loaded, folder, **changes):
    """Saved as a person's own model, tuned, and loaded again with its adapter."""
    loaded.model.save_pretrained(folder / "base")
    loaded.tokenizer.save_pretrained(folder / "base")
    base, plan = (
        resolve_base_model(BasePlan(model=str(folder / "base"))),
        PLAN.model_copy(update=changes),
    )
    done = fit_adapter(
        base,
        PAIRS,
        HELD_OUT,
        plan,
        language="fa",
        machine=small_llama.CPU,
        folder=folder / "adapter",
        scratch=folder / "scratch",
    )
    return (
        done,
        load_model(base, small_llama.CPU),
        load_model(base, small_llama.CPU, folder / "adapter"),
    )


def loss(model, examples) -> float:
    """Nats per target token, one text and one forward pass at a time."""
    total = 0.0
    for example in examples:
        with torch.no_grad():
            scores = (
                model(torch.tensor([example.input_ids])).logits[0, :-1].double().log_softmax(-1)
            )
        total -= float(scores.gather(1, torch.tensor(example.input_ids[1:])[:, None]).sum())
    return total / sum(example.target_count for example in examples)


@pytest.mark.parametrize("name", [*ARCHITECTURES, *TOKENIZERS])
def test_two_updates_begin_at_the_base_s_loss_and_leave_an_adapter_that_holds_the_logged_one(
    name, tmp_path
):
    words = TOKENIZERS[name]() if name in TOKENIZERS else None
    loaded = make_model("Llama" if words else name, words)
    if loaded.tokenizer.eos_token_id is None:
        with pytest.raises(PlanError, match="no end-of-text token"):
            tuned(loaded, tmp_path)
        return
    done, base, after = tuned(
        loaded, tmp_path, **({"target_modules": ("in_proj", "x_proj")} if name == "Mamba" else {})
    )
    unseen = encode_pairs(HELD_OUT, base.tokenizer, PLAN, "fa").examples
    held_out = [step for step in done.steps if step.split == "held_out"]
    assert [step.step for step in done.steps if step.split == "train"] == [1, 2]
    assert held_out[0].loss == pytest.approx(loss(base.model, unseen), abs=1e-4)
    assert held_out[-1].loss == pytest.approx(loss(after.model, unseen), abs=1e-4)
    assert held_out[-1].loss != pytest.approx(held_out[0].loss, abs=1e-3)


def test_a_text_longer_than_the_window_is_refused_with_its_length(tmp_path):
    lengths = [
        len(example.input_ids)
        for example in encode_pairs(
            [*PAIRS, *HELD_OUT], make_model("GPT2").tokenizer, PLAN, "fa"
        ).examples
    ]
    window = sorted(lengths)[-3]  # two are longer
    with pytest.raises(
        TuningError,
        match=rf"2 training texts .* {window} tokens that the model reads at once \(the longest has {max(lengths)}\)",
    ):
        tuned(make_model("GPT2", n_positions=window), tmp_path)
    done, *_ = tuned(
        make_model("GPT2", n_positions=window),
        tmp_path / "dropped",
        max_tokens=window,
        too_long="drop",
    )
    assert (
        done.preflight.too_long in (0, 1, 2)
        and len([step for step in done.steps if step.split == "train"]) == 2
    )


def test_a_model_that_cannot_take_all_linear_matrices_says_which(tmp_path):
    with pytest.raises(
        PlanError,
        match=r"finetuning\.target_modules: 'all-linear' does not fit this model, .*out_proj",
    ):
        tuned(make_model("Mamba"), tmp_path)
