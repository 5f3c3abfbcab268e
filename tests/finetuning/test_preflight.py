"""The training is told before it starts, by arithmetic that a reader can redo."""

import pytest
import torch
from support.models import small_llama

from tasks.finetuning.preflight import (
    ModelSizes,
    build_preflight,
    count_updates,
    estimate_peak_memory,
)
from tasks.schemas.item_rows import Pair
from tasks.schemas.messages import Figure, build_message
from tasks.schemas.plan_sections import FinetuningPlan

EXERCISE = FinetuningPlan(
    rank=8,
    alpha=16,
    dropout=0.05,
    target_modules=("q_proj", "v_proj"),
    epochs=2,
    batch_size=16,
    max_tokens=384,
    learning_rate=5e-5,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_llama.save_checkpoint(tmp_path_factory.mktemp("base"))


def test_the_exercise_is_fourteen_updates_and_is_warned_of(base):
    told = build_preflight(small_llama.make_pairs(100), [], base, EXERCISE, language="fa")
    assert told.updates == 14  # 2 · ⌈100 / 16⌉
    by_code = {warning.code: warning.values for warning in told.warnings}
    assert by_code["few-updates"]["updates"] == 14
    assert by_code["low-learning-rate"]["rate"] == Figure(5e-5)


def test_numbers_in_the_adapter_are_rank_times_the_edges(base):
    told = build_preflight(small_llama.make_pairs(20), [], base, EXERCISE, language="fa")
    # q: 32 → 32, v: 32 → 2 heads of 8; A and B each of rank 8; two layers
    assert told.trainable_parameters == 2 * 8 * ((32 + 32) + (32 + 16))
    assert told.parameters == sum(p.numel() for p in small_llama.make_model().parameters())


@pytest.mark.parametrize(
    ("texts", "changes", "updates"),
    [
        (400, {}, 150),
        (100, {"epochs": 1.5}, 11),
        (16, {"epochs": 1}, 1),
        (17, {"epochs": 1}, 2),
        (100, {"updates": 33}, 33),
    ],
)
def test_updates_count_the_last_small_batch(texts, changes, updates):
    assert (
        count_updates(texts, FinetuningPlan(**{"epochs": 6, "batch_size": 16, **changes}))
        == updates
    )


def test_nothing_is_warned_of_where_nothing_is_wrong(base):
    assert (
        build_preflight(
            small_llama.make_pairs(100), [], base, FinetuningPlan(epochs=8), language="fa"
        ).warnings
        == ()
    )


def test_what_is_wrong_is_told_with_its_numbers(base):
    repeated = small_llama.make_pairs(30) * 2 + [
        Pair(id="long", fact="x", symptom="سردرد " * 400, diagnosis="میگرن")
    ]
    plan = FinetuningPlan(epochs=20, early_stopping=2, too_long="drop")
    told = build_preflight(repeated, [], base, plan, language="fa")
    assert (told.texts, told.too_long) == (60, 1)
    assert told.warnings == (
        build_message("texts-left-out", n=1, most=384),
        build_message("text-over-window", longest=told.longest, window=256),
        build_message("pairs-repeated", n=30, pairs=61),
        build_message("no-held-out-pairs"),
    )


def test_a_script_that_the_tokenizer_does_not_know_is_told(base):
    strange = [
        Pair(id=f"{i}", fact="x", symptom=f"ผู้ป่วยมีไข้สูง {i} ปวดศีรษะ", diagnosis="ไมเกรน")
        for i in range(100)
    ]
    assert any(
        warning.code == "many-tokens-a-word"
        for warning in build_preflight(
            strange, [], base, FinetuningPlan(epochs=20), language="th"
        ).warnings
    )


def test_memory_is_weights_optimizer_and_one_micro_batch_of_the_longest(base):
    told = build_preflight(
        small_llama.make_pairs(20),
        [],
        base,
        EXERCISE,
        language="fa",
        machine=small_llama.CPU.model_copy(update={"micro_batch": 8}),
    )
    activations = (
        2 * (10 * 32 + 4 * 48) * 4 + len(small_llama.make_tokenizer()) * 16
    )  # bytes a token, float32
    assert told.memory_gb == pytest.approx(
        (told.parameters * 4 + told.trainable_parameters * 16 + 8 * told.longest * activations)
        / 1e9,
        abs=0.006,
    )
    shape = ModelSizes(851_968, 1_235_814_400, 131072, 16 * (10 * 2048 + 4 * 8192), 128256)
    assert (
        3 < estimate_peak_memory(shape, 4 * 90, torch.bfloat16) < 6
    )  # Llama-3.2-1B: measured 5.1 GB, imports and all
