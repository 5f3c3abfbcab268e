"""One small model with random weights of each kind that people tune, and whether it reads branches."""

import torch
import transformers
from support.models import scoring_models

from tasks.models.loading import LoadedModel

SMALL_SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
ARCHITECTURES = {
    "Llama": (SMALL_SHAPE, True),
    "Mistral": (SMALL_SHAPE | {"sliding_window": None}, True),
    "Mistral that looks 16 tokens back": (SMALL_SHAPE | {"sliding_window": 16}, False),
    "Qwen2": (SMALL_SHAPE, True),
    "Qwen3": (SMALL_SHAPE, True),
    "Gemma": (SMALL_SHAPE, True),
    "Gemma2": (SMALL_SHAPE | {"attn_implementation": "eager", "query_pre_attn_scalar": 8}, True),
    "Gemma3Text": (SMALL_SHAPE | {"sliding_window": 16}, False),
    "Phi3": (SMALL_SHAPE | {"pad_token_id": 0}, True),
    "GPT2": ({"n_embd": 32, "n_layer": 2, "n_head": 4}, True),
    "GPTNeoX": (SMALL_SHAPE, True),
    "Bloom": ({"hidden_size": 32, "n_layer": 2, "n_head": 4}, False),
    "Mamba": ({"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, False),
}

FURTHER = {  # which only the slow test of adapters goes through
    "StableLm": (SMALL_SHAPE, True),
    "Olmo": (SMALL_SHAPE | {"pad_token_id": 0}, True),
    "Olmo2": (SMALL_SHAPE | {"pad_token_id": 0}, True),
    "Granite": (SMALL_SHAPE, True),
    "Starcoder2": (SMALL_SHAPE, True),
    "Cohere": (SMALL_SHAPE | {"pad_token_id": 0}, True),
    "Phi": (SMALL_SHAPE, True),
    "GPTJ": ({"n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4}, True),
    "Falcon": ({"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}, True),
}


def make_model(name: str, words=None, **changes) -> LoadedModel:
    """A model of a kind with a tokenizer, 2 layers and weights so large that every token counts; `changes` of its shape."""
    words = words or scoring_models.make_tokenizer()
    shape, kind = (ARCHITECTURES | FURTHER)[name][0] | changes, name.split()[0]
    eager = {"attn_implementation": "eager"} if "attn_implementation" in shape else {}
    shape = {key: value for key, value in shape.items() if key != "attn_implementation"}
    config = getattr(transformers, f"{kind}Config")(
        **{
            "vocab_size": len(words),
            "bos_token_id": words.bos_token_id,
            "eos_token_id": words.eos_token_id,
            "initializer_range": 0.2,
            **shape,
        }
    )
    torch.manual_seed(0)
    model = getattr(
        transformers,
        f"{kind.removesuffix('Text')}ForCausalLM" if kind != "GPT2" else "GPT2LMHeadModel",
    )
    return LoadedModel(
        model._from_config(config, **eager).eval() if eager else model(config).eval(), words
    )


def score_alone(loaded: LoadedModel, context: str, options) -> list[float]:
    """Σ log softmax of each token of " option" after the context: one text, one forward pass, written out."""
    before, values = loaded.tokenizer(context)["input_ids"], []
    for option in options:
        whole = before + loaded.tokenizer(f"{context} {option}")["input_ids"][len(before) :]
        with torch.no_grad():
            logits = loaded.model(torch.tensor([whole])).logits[0].double().log_softmax(-1)
        values.append(sum(float(logits[i - 1, whole[i]]) for i in range(len(before), len(whole))))
    return values


def generate_reply(loaded: LoadedModel, prompt: str, most: int) -> str:
    """What the library's own greedy generation writes."""
    given = torch.tensor([loaded.tokenizer(prompt)["input_ids"]])
    out = loaded.model.generate(
        given,
        attention_mask=torch.ones_like(given),
        max_new_tokens=most,
        do_sample=False,
        pad_token_id=0,
    )
    return loaded.tokenizer.decode(out[0, given.shape[1] :], skip_special_tokens=True)
