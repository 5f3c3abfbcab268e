"""The tiny model is built alike twice and learns the text; its tokenizer gives any text back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import small_llama

from tasks.models.loading import load_model
from tasks.models.model_hub import resolve_base_model
from tasks.models.tiny_llama import build_tiny_llama, train_tokenizer
from tasks.schemas.errors import NothingLeft
from tasks.schemas.plan_sections import BasePlan
from tasks.store.paths import compute_folder_digest

HANDBOOK = [
    f"نشانه‌های {ill} عبارت‌اند از {sign} و {other}. It costs 12.5 mg."
    for ill in small_llama.DISEASES
    for sign in small_llama.SIGNS
    for other in small_llama.SIGNS[:3]
]


def test_the_tiny_model_learns_the_text(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")  # the loss is read off the note
    told = []
    build_tiny_llama(
        HANDBOOK,
        BasePlan(steps=12),
        tmp_path / "a",
        lambda done, total, note="": told.append((done, total, note)),
    )
    assert [(done, total) for done, total, _ in told] == [(10, 12), (12, 12)]
    assert (
        float(told[1][2].split()[1]) < 4.5 < math.log(len(train_tokenizer(HANDBOOK)))
    )  # nats a token; a guess has the latter
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    loaded = load_model(resolve_base_model(BasePlan(model=str(tmp_path / "a"))), small_llama.CPU)
    assert config["vocab_size"] == len(
        loaded.tokenizer
    )  # a padded vocabulary would be normalised differently elsewhere


def test_the_tiny_model_is_built_alike_twice_and_otherwise_by_another_seed(tmp_path):
    for name, seed in (("once", 0), ("again", 0), ("other", 1)):
        build_tiny_llama(HANDBOOK, BasePlan(steps=2, seed=seed), tmp_path / name)
    once, again, other = (compute_folder_digest(tmp_path / n) for n in ("once", "again", "other"))
    assert once == again != other


def test_its_size_is_a_million():
    from transformers import LlamaForCausalLM

    from tasks.models.tiny_llama import build_tiny_config

    class Sixteen:
        bos_token_id, eos_token_id = 0, 1

        def __len__(self):
            return 1600

    # embedding 1600·128 (tied), per layer 4·128² + 3·128·352 + 2·128, last norm 128
    assert (
        sum(p.numel() for p in LlamaForCausalLM(build_tiny_config(Sixteen())).parameters())
        == 204_800 + 4 * (65_536 + 135_168 + 256) + 128
    )


def test_a_text_too_short_for_a_model_is_refused(tmp_path):
    with pytest.raises(NothingLeft, match="tokens, too few"):
        build_tiny_llama(["سلام"], BasePlan(), tmp_path)


@pytest.fixture(scope="module")
def bpe():
    return train_tokenizer(HANDBOOK, 600)


@given(st.text(max_size=80))
def test_any_text_in_any_script_comes_back_unchanged(bpe, text):
    ids = bpe(text)["input_ids"]
    assert ids[0] == bpe.bos_token_id
    assert bpe.decode(ids[1:], clean_up_tokenization_spaces=False) == text or "<|" in text


@pytest.mark.parametrize(
    "text", ["می‌شود نشانه‌های بیماری", "10⁹/L 12.5 mg", "日本語 हिन्दी ไทย", "a  b\n\n c\t"]
)
def test_half_spaces_digits_and_blanks_come_back(bpe, text):
    assert bpe.decode(bpe(text)["input_ids"][1:], clean_up_tokenization_spaces=False) == text
