"""Small models with random weights that sit papers: strong enough weights that every token counts."""

from functools import cache

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from tasks.llama import Loaded
from tasks.records import Question
from tasks.tiny import train_tokenizer

ILLS = ["انسداد شریان مرکزی شبکیه", "آپاندیسیت", "سل ریوی", "کم‌خونی فقر آهن", "میگرن", "ذات‌الریه", "سنگ کلیه", "نقرس", "دیابت نوع ۲"]
SIGNS = ["تب", "سردرد", "تاری دید ناگهانی", "درد شکم", "تنگی نفس", "سرفهٔ خونی", "رنگ‌پریدگی"]


def questions(count: int) -> list[Question]:
    """Questions that differ in length, some with one stem in common."""
    return [
        Question(
            id=f"q{i:03d}",
            fact=ILLS[i % 9],
            question=f"بیمار {20 + i // 2} ساله با {SIGNS[i % 7]} و {SIGNS[(i // 3) % 7]} مراجعه کرده است. محتمل‌ترین تشخیص کدام است؟",
            options=(ILLS[i % 9], ILLS[(i + 1) % 9], ILLS[(i + 4) % 9], ILLS[(i + 6) % 9]),
            answer=1 + i % 4,
        )
        for i in range(count)
    ]


@cache
def tokenizer():
    texts = [" ".join([q.question, *q.options]) for q in questions(9)] + [
        "علائم بیمار: تشخیص: سؤال: پاسخ: ۱. ۲. ۳. ۴. Question: Answer:"
    ] * 3
    return train_tokenizer(texts, 500)


def config(**changes):
    shape = {
        "vocab_size": len(tokenizer()),
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "initializer_range": 0.15,
        "bos_token_id": tokenizer().bos_token_id,
        "eos_token_id": tokenizer().eos_token_id,
    }
    return LlamaConfig(**{**shape, **changes})


def base(seed: int = 0, **changes) -> Loaded:
    torch.manual_seed(seed)
    return Loaded(LlamaForCausalLM(config(**changes)).eval(), tokenizer())


def tuned(seed: int = 0, **changes) -> Loaded:
    """The base with an adapter whose weights are random on both sides."""
    loaded = base(seed, **changes)
    torch.manual_seed(seed + 1)
    adapter = LoraConfig(r=4, target_modules=["q_proj", "v_proj", "up_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    return Loaded(get_peft_model(loaded.model, adapter).eval(), loaded.tokenizer, lambda: base(seed, **changes))
