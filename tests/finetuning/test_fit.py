"""Training: the exercise's fourteen updates, losses that can be redone by hand, and every way it can go wrong."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from support.models import small_llama
from transformers import AutoModelForCausalLM

from tasks.finetuning import fit as fitting
from tasks.finetuning.examples import encode_pairs
from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.training import trainer as loop
from tasks.models.loading import load_model
from tasks.schemas.errors import PlanError, TuningError
from tasks.schemas.machine import Machine


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_llama.save_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture
def tune(base, tmp_path):
    """Tune with changes of the plan; each call has its own folders."""
    calls = iter(range(99))

    def run(
        machine: Machine = small_llama.CPU,
        pairs=None,
        held_out=(),
        progress=lambda done, total, note="": None,
        **changes,
    ):
        folder = tmp_path / str(next(calls))
        plan = small_llama.PLAN.model_copy(update=changes)
        done = fit_adapter(
            base,
            pairs or small_llama.make_pairs(30),
            held_out,
            plan,
            language="fa",
            machine=machine,
            folder=folder / "adapter",
            scratch=folder / "scratch",
            progress=progress,
        )
        return done, load_file(folder / "adapter" / "adapter_model.safetensors"), folder

    return run


def train_losses(done) -> list[float]:
    return [step.loss for step in done.steps if step.split == "train"]


def test_the_exercise_makes_fourteen_updates(tune):
    told = []
    done, _, _ = tune(
        pairs=small_llama.make_pairs(100),
        rank=8,
        alpha=16,
        dropout=0.05,
        target_modules=("q_proj", "v_proj"),
        batch_size=16,
        learning_rate=5e-5,
        max_tokens=384,
        progress=lambda d, t, note="": told.append((d, t)),
    )
    steps = [step for step in done.steps if step.split == "train"]
    assert [step.step for step in steps] == list(range(1, 15)) and done.preflight.updates == 14
    assert (
        sum(step.target_tokens for step in steps) == 2 * done.preflight.target_tokens
    )  # every token twice, none twice in an epoch
    assert steps[-1].epoch == pytest.approx(2.0)
    assert told == [(i, 14) for i in range(1, 15)]


def test_the_first_loss_is_the_base_models_mean_over_the_target_tokens(tune, base):
    done, _, _ = tune(pairs=small_llama.make_pairs(8), updates=1)
    model, tokenizer, *_ = load_model(base, small_llama.CPU)
    total = tokens = 0.0
    for example in encode_pairs(
        small_llama.make_pairs(8), tokenizer, small_llama.PLAN, "fa"
    ).examples:
        scores = model(input_ids=torch.tensor([example.input_ids])).logits[0, :-1].log_softmax(-1)
        total -= float(scores.gather(1, torch.tensor(example.input_ids[1:])[:, None]).sum())
        tokens += len(example.input_ids) - 1
    assert done.steps[0].loss == pytest.approx(total / tokens, rel=1e-5)
    assert done.steps[0].target_tokens == tokens


def test_the_training_learns_and_the_adapter_loads_in_plain_peft(tune, base):
    done, _, folder = tune(held_out=small_llama.make_pairs(10, 50), epochs=6)
    losses = train_losses(done)
    held_out = [step for step in done.steps if step.split == "held_out"]
    assert losses[-1] < losses[0] - 0.3
    assert [step.epoch for step in held_out] == pytest.approx([0, 1, 2, 3, 4, 5, 6])
    assert held_out[-1].loss < held_out[0].loss
    plain = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base.source), folder / "adapter"
    )
    ids = torch.tensor([[5, 9, 20, 31]])
    ours = load_model(base, small_llama.CPU, folder / "adapter").model
    torch.testing.assert_close(plain.eval()(input_ids=ids).logits, ours(input_ids=ids).logits)
    assert not (folder / "scratch").exists()


def test_the_size_of_micro_batches_and_packing_change_nothing_but_rounding(tune):
    wanted, adapter, _ = tune()
    for machine, changes in [
        (Machine(micro_batch=1), {}),
        (Machine(micro_batch=8), {}),
        (Machine(micro_batch=4), {"packing": True}),
    ]:
        other, weights, _ = tune(machine=machine.model_copy(update={"device": "cpu"}), **changes)
        assert train_losses(other) == pytest.approx(train_losses(wanted), abs=1e-4)
        assert max(float((weights[name] - adapter[name]).abs().max()) for name in adapter) < 1e-3


def test_equal_plans_give_equal_bytes_and_another_seed_another_adapter(tune):
    first, adapter, folder = tune(dropout=0.1)
    again, _, other = tune(dropout=0.1)
    assert first == again
    for name in ("adapter_model.safetensors", "adapter_config.json", "README.md"):
        assert (folder / "adapter" / name).read_bytes() == (other / "adapter" / name).read_bytes()
    _, changed, _ = tune(dropout=0.1, seed=1)
    assert any(not torch.equal(changed[name], adapter[name]) for name in adapter)


def test_a_loss_that_is_no_number_stops_with_its_update(tune):
    with pytest.raises(
        TuningError,
        match=r"(loss|grad_norm) is (nan|inf) at update \d+ \(learning rate [^)]*\).*lower finetuning.learning_rate",
    ):
        tune(learning_rate=1e25, warmup=0.0, max_grad_norm=1e30, schedule="constant", epochs=4)


def test_a_held_out_loss_that_the_last_update_broke_stops_the_tuning_too():
    trainer = SimpleNamespace(state=SimpleNamespace(global_step=3))
    with pytest.raises(
        TuningError, match=r"eval_loss is nan at update 3 .*lower finetuning.learning_rate"
    ):
        loop.LoraTrainer.log(trainer, {"eval_loss": float("nan")})


def test_out_of_memory_halves_the_micro_batch_and_keeps_the_effective_one(tune, monkeypatch):
    wanted, _, _ = tune()
    sizes, real = [], loop.compute_loss_sum

    def small_card(model, inputs):
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(model, inputs)

    monkeypatch.setattr(loop, "compute_loss_sum", small_card)
    done, _, _ = tune(machine=Machine(device="cpu", micro_batch=8))
    assert sizes[:2] == [8, 4] and set(sizes[2:]) <= {1, 2}
    assert train_losses(done) == pytest.approx(train_losses(wanted), abs=1e-4)


def test_no_memory_for_a_single_text_says_what_to_do(tune, monkeypatch):
    def no_card(model, inputs):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(loop, "compute_loss_sum", no_card)
    with pytest.raises(TuningError, match=r"memory ran out with one text of \d+ tokens at a time"):
        tune()


def test_other_runtime_errors_are_not_taken_for_memory(tune, monkeypatch):
    def broken(model, inputs):
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(loop, "compute_loss_sum", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        tune()


def test_early_stopping_keeps_the_best_epoch(tune, base):
    """Shuffled diagnoses on eight texts: the held-out loss soon rises."""
    held_out = small_llama.make_pairs(10, 50)
    done, _, folder = tune(
        pairs=small_llama.make_pairs(8),
        held_out=held_out,
        shuffle_diagnoses=True,
        epochs=30,
        learning_rate=2e-2,
        early_stopping=2,
        batch_size=4,
    )
    losses = [step.loss for step in done.steps if step.split == "held_out"][1:]
    best = losses.index(min(losses))
    assert len(losses) == best + 3 < 30
    loaded = load_model(base, small_llama.CPU, folder / "adapter")
    examples = encode_pairs(held_out, loaded.tokenizer, small_llama.PLAN, "fa").examples
    again, _ = loop.compute_mean_loss(
        loaded.model, examples, loop.build_collator(False, loaded.tokenizer), 4
    )
    assert again == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"dora": True},
        {"rslora": True},
        {"schedule": "cosine"},
        {"schedule": "constant"},
        {"loss_on": "diagnosis"},
    ],
)
def test_each_choice_of_the_plan_trains(tune, changes):
    done, _, folder = tune(updates=3, **changes)
    assert len(train_losses(done)) == 3
    told = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    assert (told["use_dora"], told["use_rslora"]) == (
        changes.get("dora", False),
        changes.get("rslora", False),
    )


def test_the_rate_rises_then_falls_as_planned(tune):
    done, _, _ = tune(updates=10, warmup=0.2, learning_rate=1e-2)
    rates = [step.learning_rate for step in done.steps if step.split == "train"]
    assert rates == pytest.approx([0.0, 5e-3, 1e-2, *(1e-2 * (8 - i) / 8 for i in range(1, 8))])


def test_four_bits_need_a_gpu_and_say_so(tune):
    with pytest.raises(PlanError, match=r"finetuning\.quantize: 4bit needs an NVIDIA GPU"):
        tune(quantize="4bit")


def test_a_log_for_a_program_that_is_not_there_is_refused(tune):
    with pytest.raises(PlanError, match=r"finetuning\.report_to: wandb is not installed"):
        tune(report_to=("wandb",))


def test_another_trainings_checkpoints_are_not_gone_on_with(base, tmp_path):
    scratch = tmp_path / "scratch"
    fitting._clear_stale_scratch(scratch, ["one training"])
    (scratch / "checkpoint-5").mkdir()
    fitting._clear_stale_scratch(scratch, ["one training"])
    assert (scratch / "checkpoint-5").is_dir()
    fitting._clear_stale_scratch(scratch, ["another"])
    assert not (scratch / "checkpoint-5").exists()


def test_the_card_says_what_was_done(tune):
    done, _, folder = tune(held_out=small_llama.make_pairs(5, 50))
    text = Path(folder / "adapter" / "README.md").read_text("utf-8")
    assert text.startswith("---\nbase_model: small\nlibrary_name: peft\n")
    for part in (
        f"Tuned on 30 short texts drawn from one book: {done.preflight.updates} updates",
        "| held-out |",
        "only 8 updates",
        "learning_rate: 0.005",
    ):
        assert part in text
