"""How many tokens a model reads at once is one fact, for tuning and for evaluation."""

from types import SimpleNamespace

import pytest
from support.models import small_llama
from transformers import GPT2Config, LlamaConfig

from tasks.evaluation.scorer.encoding import get_context_window
from tasks.finetuning.preflight import read_context_window
from tasks.models.model_config import find_context_window


@pytest.mark.parametrize(
    ("config", "window"),
    [
        (GPT2Config(n_positions=77), 77),
        (LlamaConfig(max_position_embeddings=78), 78),
        (SimpleNamespace(n_ctx=79), 79),
        (SimpleNamespace(text_config=SimpleNamespace(max_position_embeddings=80)), 80),
        (SimpleNamespace(text_config=None, n_positions=None), None),
    ],
)
def test_the_window_is_what_the_configuration_says_by_any_of_its_names(config, window):
    assert find_context_window(config) == window
    limit = SimpleNamespace(model_max_length=10**30)
    assert get_context_window(SimpleNamespace(config=config), limit) == (window or 2048)


def test_a_checkpoint_is_tuned_within_the_window_that_it_is_asked_in(tmp_path):
    base = small_llama.save_checkpoint(tmp_path)
    model = small_llama.make_model()
    assert read_context_window(base) == get_context_window(model, None)
