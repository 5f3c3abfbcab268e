"""For the same texts, seed and settings, TRL's SFTTrainer logs the same losses and ends with the same adapter."""

import pytest
import torch
from datasets import Dataset
from peft import get_peft_model_state_dict
from safetensors.torch import load_file
from support.models import small_llama

from tasks.finetuning import lora
from tasks.finetuning.fit import fit_adapter
from tasks.models.loading import load_model
from tasks.prompts import split_training_text

trl = pytest.importorskip("trl", reason="trl is installed with the dev extra")

PAIRS = small_llama.make_pairs(32)
PLAN = small_llama.PLAN.model_copy(
    update={
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 1e-2,
        "warmup": 0.1,
        "weight_decay": 0.01,
    }
)


def theirs(base, folder, order):
    """TRL on the same texts in the order in which we took them, one epoch after the other, unshuffled."""
    loaded = load_model(base, small_llama.CPU)
    model = lora.attach_fresh_adapter(loaded.model, PLAN)
    texts = ["".join(split_training_text(PAIRS[i], "fa")) for i in order]
    args = trl.SFTConfig(
        output_dir=str(folder), per_device_train_batch_size=4, gradient_accumulation_steps=2, num_train_epochs=1,
        learning_rate=PLAN.learning_rate, lr_scheduler_type=PLAN.schedule, warmup_steps=PLAN.warmup, weight_decay=PLAN.weight_decay, max_grad_norm=PLAN.max_grad_norm,
        max_length=PLAN.max_tokens, logging_steps=1, report_to="none", save_strategy="no", use_cpu=True, bf16=False,
        gradient_checkpointing=False, disable_tqdm=True, seed=PLAN.seed, dataset_text_field="text", train_sampling_strategy="sequential",
    )  # fmt: skip
    trainer = trl.SFTTrainer(
        model=model,
        args=args,
        train_dataset=Dataset.from_dict({"text": texts}),
        processing_class=loaded.tokenizer,
    )
    trainer.train()
    return [
        row["loss"] for row in trainer.state.log_history if "loss" in row
    ], get_peft_model_state_dict(model)


def test_trl_logs_the_same_losses(tmp_path):
    base = small_llama.save_checkpoint(tmp_path / "base")
    done = fit_adapter(
        base,
        PAIRS,
        [],
        PLAN,
        language="fa",
        machine=small_llama.CPU,
        folder=tmp_path / "adapter",
        scratch=tmp_path / "scratch",
    )
    order = [
        int(i)
        for epoch in range(3)
        for i in torch.randperm(32, generator=torch.Generator().manual_seed(epoch))
    ]
    losses, adapter = theirs(base, tmp_path / "trl", order)
    assert len(losses) == 12
    assert [step.loss for step in done.steps] == pytest.approx(losses, abs=1e-4)
    ours = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert ours.keys() == adapter.keys()
    assert max(float((ours[name] - adapter[name]).abs().max()) for name in ours) < 1e-4
