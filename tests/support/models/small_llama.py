"""A Llama of some ten thousand random weights in a folder, and pairs to tune it on."""

import os
from functools import cache
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tasks.models.model_hub import resolve_base_model
from tasks.models.tiny_llama import train_tokenizer
from tasks.schemas.item_rows import Pair
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import BasePlan, FinetuningPlan
from tasks.store.artifact_folders import Checkpoint

os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)  # sums in one order, here and in child processes

DISEASES = ["آپاندیسیت", "سل ریوی", "کم‌خونی فقر آهن", "میگرن", "سنگ کلیه", "نقرس", "دیابت نوع ۲"]
SIGNS = [
    "تب",
    "سردرد",
    "تاری دید ناگهانی",
    "درد شکم",
    "تنگی نفس شبانه",
    "سرفهٔ خونی",
    "رنگ‌پریدگی",
    "درد مفصل",
]
CPU = Machine(device="cpu", dtype="float32", micro_batch=4)
PLAN = FinetuningPlan(
    rank=4, alpha=8, learning_rate=5e-3, epochs=2, batch_size=8, max_tokens=128, loss_on="text"
)


def make_pairs(count: int, start: int = 0) -> list[Pair]:
    """Pairs whose vignettes differ in length."""
    return [
        Pair(
            id=f"p{i}",
            fact=DISEASES[i % 7],
            symptom=f"بیمار {20 + i} ساله با "
            + " و ".join(SIGNS[(i + k * (i % 3 + 1)) % 8] for k in range(1 + i % 4)),
            diagnosis=DISEASES[i % 7],
        )
        for i in range(start, start + count)
    ]


@cache
def make_tokenizer():
    return train_tokenizer(
        [f"علائم بیمار: {p.symptom}\nتشخیص: {p.diagnosis}" for p in make_pairs(60)], 420
    )


def make_config(**changes) -> LlamaConfig:
    sizes = {
        "vocab_size": len(make_tokenizer()),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.1,
        "bos_token_id": make_tokenizer().bos_token_id,
        "eos_token_id": make_tokenizer().eos_token_id,
    }
    return LlamaConfig(**{**sizes, **changes})


def make_model(seed: int = 0, **changes) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(make_config(**changes)).eval()


def save_checkpoint(folder: Path, seed: int = 0, **changes) -> Checkpoint:
    """The model saved in a folder, as a person's own base model."""
    make_model(seed, **changes).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return resolve_base_model(BasePlan(model=str(folder))).model_copy(update={"name": "small"})
