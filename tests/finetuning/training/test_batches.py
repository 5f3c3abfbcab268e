"""Sorting and packing change how much is computed, never what an update sees."""

from collections import Counter

import pytest
import torch
from support.models import small_llama

from tasks.finetuning.examples import IGNORED_LABEL, encode_pairs
from tasks.finetuning.training.batches import (
    SortedBatchSampler,
    find_largest_divisor,
    pack_rows,
    pad_rows,
)
from tasks.finetuning.training.trainer import compute_loss_sum


def rows(count: int):
    return [
        example._asdict()
        for example in encode_pairs(
            small_llama.make_pairs(count), small_llama.make_tokenizer(), small_llama.PLAN, "fa"
        ).examples
    ]


def test_each_text_comes_once_an_epoch_and_batches_are_those_of_the_shuffle():
    lengths = [5, 9, 1, 7, 3, 8, 2, 6, 4, 10]
    order = SortedBatchSampler(lengths, 4, seed=1)
    drawn = list(order)
    shuffled = torch.randperm(10, generator=torch.Generator().manual_seed(1_000_003)).tolist()
    assert Counter(drawn) == Counter(range(10))
    for start in (0, 4, 8):
        assert set(drawn[start : start + 4]) == set(shuffled[start : start + 4])
        assert [lengths[i] for i in drawn[start : start + 4]] == sorted(
            (lengths[i] for i in drawn[start : start + 4]), reverse=True
        )


def test_each_epoch_has_an_order_of_its_own_and_always_the_same():
    order = SortedBatchSampler(list(range(50)), 8, seed=0)
    first = list(order)
    order.set_epoch(1)
    assert list(order) != first
    order.set_epoch(0)
    assert list(order) == first


@pytest.mark.parametrize(
    ("batch", "limit", "micro"), [(16, 4, 4), (10, 4, 2), (7, 4, 1), (4, 16, 4), (6, 5, 3)]
)
def test_micro_batches_fill_the_effective_batch_exactly(batch, limit, micro):
    assert find_largest_divisor(batch, limit) == micro


def test_padding_is_masked_and_never_a_target():
    batch = pad_rows(
        [{"input_ids": [1, 2, 3], "labels": [1, 2, 3]}, {"input_ids": [4], "labels": [4]}], filler=0
    )
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[1, 2, 3], [4, IGNORED_LABEL, IGNORED_LABEL]]


@torch.no_grad()
def test_packed_texts_do_not_see_each_other():
    texts = rows(7)
    model = small_llama.make_model()
    alone = sum(float(compute_loss_sum(model, pad_rows([text], 0))) for text in texts)
    assert float(compute_loss_sum(model, pack_rows(texts))) == pytest.approx(alone, rel=1e-5)
    assert float(compute_loss_sum(model, pad_rows(texts, 0))) == pytest.approx(alone, rel=1e-5)
    joined = [
        {
            name: [token for text in texts for token in text[name]]
            for name in ("input_ids", "labels")
        }
    ]
    assert float(compute_loss_sum(model, pad_rows(joined, 0))) != pytest.approx(
        alone, rel=1e-3
    )  # the test can tell


@torch.no_grad()
def test_the_loss_at_the_labels_alone_is_the_models_own_loss():
    batch = pad_rows(rows(5), 0)
    batch["labels"][:, :6] = IGNORED_LABEL
    for model in (small_llama.make_model(), small_llama.make_model(tie_word_embeddings=True)):
        own = model(**batch).loss
        targets = int((batch["labels"][:, 1:] != IGNORED_LABEL).sum())
        assert float(compute_loss_sum(model, batch)) / targets == pytest.approx(
            float(own), rel=1e-5
        )


@torch.no_grad()
def test_models_that_scale_their_logits_keep_their_own_head():
    from transformers import GraniteConfig, GraniteForCausalLM

    torch.manual_seed(0)
    sizes = small_llama.make_config().to_dict()
    names = (
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
    )
    model = GraniteForCausalLM(
        GraniteConfig(**{n: sizes[n] for n in names}, logits_scaling=8.0, initializer_range=0.3)
    ).eval()
    batch = pad_rows(rows(3), 0)
    targets = int((batch["labels"][:, 1:] != IGNORED_LABEL).sum())
    assert float(compute_loss_sum(model, batch)) / targets == pytest.approx(
        float(model(**batch).loss), rel=1e-5
    )
