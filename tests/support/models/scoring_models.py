"""Small models with random weights that sit papers: strong enough weights that every token counts."""

from functools import cache

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from tasks.models.loading import LoadedModel
from tasks.models.tiny_llama import train_tokenizer
from tasks.schemas.item_rows import Question

DISEASES = [
    "انسداد شریان مرکزی شبکیه",
    "آپاندیسیت",
    "سل ریوی",
    "کم‌خونی فقر آهن",
    "میگرن",
    "ذات‌الریه",
    "سنگ کلیه",
    "نقرس",
    "دیابت نوع ۲",
]
SIGNS = ["تب", "سردرد", "تاری دید ناگهانی", "درد شکم", "تنگی نفس", "سرفهٔ خونی", "رنگ‌پریدگی"]


def make_questions(count: int) -> list[Question]:
    """Questions that differ in length, some with one stem in common."""
    return [
        Question(
            id=f"q{i:03d}",
            fact=DISEASES[i % 9],
            question=f"بیمار {20 + i // 2} ساله با {SIGNS[i % 7]} و {SIGNS[(i // 3) % 7]} مراجعه کرده است. محتمل‌ترین تشخیص کدام است؟",
            options=(
                DISEASES[i % 9],
                DISEASES[(i + 1) % 9],
                DISEASES[(i + 4) % 9],
                DISEASES[(i + 6) % 9],
            ),
            answer=1 + i % 4,
        )
        for i in range(count)
    ]


@cache
def make_tokenizer():
    texts = [" ".join([q.question, *q.options]) for q in make_questions(9)] + [
        "علائم بیمار: تشخیص: سؤال: پاسخ: ۱. ۲. ۳. ۴. Question: Answer:"
    ] * 3
    return train_tokenizer(texts, 500)


def make_config(**changes):
    shape = {
        "vocab_size": len(make_tokenizer()),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "initializer_range": 0.15,
        "bos_token_id": make_tokenizer().bos_token_id,
        "eos_token_id": make_tokenizer().eos_token_id,
    }
    return LlamaConfig(**{**shape, **changes})


def make_base_model(seed: int = 0, **changes) -> LoadedModel:
    torch.manual_seed(seed)
    return LoadedModel(LlamaForCausalLM(make_config(**changes)).eval(), make_tokenizer())


def make_tuned_model(seed: int = 0, **changes) -> LoadedModel:
    """The base with an adapter whose weights are random on both sides."""
    loaded = make_base_model(seed, **changes)
    torch.manual_seed(seed + 1)
    adapter = LoraConfig(
        r=4,
        target_modules=["q_proj", "v_proj", "up_proj"],
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    return LoadedModel(
        get_peft_model(loaded.model, adapter).eval(),
        loaded.tokenizer,
        lambda: make_base_model(seed, **changes),
    )
