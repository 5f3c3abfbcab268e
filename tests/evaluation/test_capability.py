"""Any causal model is scored right: by branches where it can read them, one text at a time where it cannot."""

import pytest
import torch
import transformers
from evaluation import sitters

from tasks.evaluation import listening
from tasks.evaluation.capability import can_branch
from tasks.evaluation.encoding import asked
from tasks.evaluation.plain import likelihood
from tasks.evaluation.scoring import answer
from tasks.llama import Loaded
from tasks.plan import EvaluationPlan

SIZE = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
KINDS = {
    "Llama": (SIZE, True),
    "Mistral": (SIZE | {"sliding_window": None}, True),
    "Mistral that looks 16 tokens back": (SIZE | {"sliding_window": 16}, False),
    "Qwen2": (SIZE, True),
    "Qwen3": (SIZE, True),
    "Gemma2": (SIZE | {"attn_implementation": "eager", "query_pre_attn_scalar": 8}, True),
    "Gemma3Text": (SIZE | {"sliding_window": 16}, False),
    "Phi3": (SIZE | {"pad_token_id": 0}, True),
    "GPT2": ({"n_embd": 32, "n_layer": 2, "n_head": 4}, True),
    "GPTNeoX": (SIZE, True),
    "Bloom": ({"hidden_size": 32, "n_layer": 2, "n_head": 4}, False),
    "Mamba": ({"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, False),
}


def make(name: str) -> Loaded:
    shape, _ = KINDS[name]
    kind = name.split()[0]
    eager = {"attn_implementation": "eager"} if "attn_implementation" in shape else {}
    shape = {key: value for key, value in shape.items() if key != "attn_implementation"}
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(sitters.tokenizer()), bos_token_id=0, eos_token_id=1, initializer_range=0.2, **shape
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{kind.removesuffix('Text')}ForCausalLM" if kind != "GPT2" else "GPT2LMHeadModel")
    return Loaded(model._from_config(config, **eager).eval() if eager else model(config).eval(), sitters.tokenizer())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_model_gets_the_scores_of_single_passes(name):
    loaded, questions = make(name), sitters.questions(3)
    rows = answer(loaded, questions, EvaluationPlan(modes=("generate", "digits", "cloze"), answer_tokens=3))
    for row, question in zip([row for row in rows if row.mode == "cloze"], questions, strict=True):
        context = f"علائم بیمار: {question.question}\nتشخیص:"
        texts = asked(loaded.tokenizer, context, [f" {option}" for option in question.options])
        want = [likelihood(loaded.model, text) for text in texts]
        assert row.scores == pytest.approx(want, abs=1e-4)
    assert all(row.said is not None for row in rows)


@pytest.mark.parametrize(("name", "branches"), [(name, branches) for name, (_, branches) in KINDS.items()])
def test_models_that_cannot_branch_are_found_out(name, branches):
    assert can_branch(make(name).model, 100) is branches


def test_a_text_too_long_for_a_mask_is_read_alone_and_the_others_are_not(monkeypatch):
    loaded, questions = sitters.base(), sitters.questions(4)
    plan = EvaluationPlan(modes=("generate", "digits", "cloze"), rotations=2)
    want = answer(loaded, questions, plan)
    monkeypatch.setattr(listening, "LONGEST", 100)  # the cloze texts fit, the papers do not
    got = answer(loaded, questions, plan)
    for a, b in zip(want, got, strict=True):
        assert (a.question_id, a.mode, a.rotation, a.said, a.predicted) == (b.question_id, b.mode, b.rotation, b.said, b.predicted)
        assert a.scores == (None if b.scores is None else pytest.approx(b.scores, abs=1e-4))
