"""The probe tells three models apart: nothing happened, changed but not learnt, learnt; its figures can be redone by hand."""

import pytest
import torch
from support.models import small_llama

from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.model_diff import load_general_text, measure_model_changes, sample_evenly
from tasks.models.loading import base_of, load_model
from tasks.prompts import split_training_text

BOOK = ["سل ریوی با سرفهٔ خونی و تب شبانه همراه است.", "نقرس درد مفصل می‌دهد."]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """(base, a function that tunes with changes of the plan and probes)."""
    base = small_llama.save_checkpoint(tmp_path_factory.mktemp("base"), initializer_range=0.3)
    taught, held_out = small_llama.make_pairs(40), small_llama.make_pairs(8, 60)

    def run(**changes):
        folder = tmp_path_factory.mktemp("run")
        plan = small_llama.PLAN.model_copy(update={"loss_on": "diagnosis", **changes})
        fit_adapter(
            base,
            taught,
            held_out,
            plan,
            language="fa",
            machine=small_llama.CPU,
            folder=folder / "adapter",
            scratch=folder / "scratch",
        )
        return measure_model_changes(
            base,
            folder / "adapter",
            taught,
            held_out,
            book_texts=BOOK,
            plan=plan,
            language="fa",
            machine=small_llama.CPU,
        ), folder / "adapter"

    return base, run


def test_an_adapter_that_did_nothing_shows_in_every_figure(tuned):
    found, _ = tuned[1](updates=1, warmup=0.5)  # the first update of a warm-up has rate zero
    assert found.kl_mean < 1e-6 and found.weight_shift == 0
    assert found.taught_after == pytest.approx(found.taught_before, abs=1e-5)
    assert found.book_after == pytest.approx(found.book_before, rel=1e-5)


def test_learnt_and_shuffled_both_change_the_model_but_only_one_knows_the_diagnoses(tuned):
    learnt, _ = tuned[1](epochs=12, rank=16, alpha=32)
    shuffled, _ = tuned[1](epochs=12, rank=16, alpha=32, shuffle_diagnoses=True)
    assert learnt.kl_mean > 1 and shuffled.kl_mean > 1
    assert learnt.weight_shift > 0.05 and shuffled.weight_shift > 0.05
    assert learnt.taught_after > learnt.taught_before + 4
    assert learnt.taught_after > shuffled.taught_after + 1
    assert learnt.taught_before == shuffled.taught_before


def test_figures_by_hand(tuned):
    base, run = tuned
    found, adapter = run(epochs=4)
    loaded = load_model(base, small_llama.CPU, adapter)
    kl, likelihoods, tokens = [], {"base": 0.0, "tuned": 0.0}, 0
    for pair in small_llama.make_pairs(40):
        prompt, target = split_training_text(pair, "fa")
        whole, given = (
            loaded.tokenizer(prompt + target)["input_ids"],
            len(loaded.tokenizer(prompt.rstrip())["input_ids"]),
        )
        tokens += len(whole) - given
        scores = {}
        with torch.no_grad():
            scores["tuned"] = loaded.model(torch.tensor([whole])).logits[0].log_softmax(-1)
            scores["base"] = base_of(loaded).model(torch.tensor([whole])).logits[0].log_softmax(-1)
        kl.append(
            float(
                (
                    scores["tuned"][given - 1].exp()
                    * (scores["tuned"][given - 1] - scores["base"][given - 1])
                ).sum()
            )
        )
        for name, table in scores.items():
            likelihoods[name] += sum(
                float(table[i - 1, whole[i]]) for i in range(given, len(whole))
            )
    assert found.kl_mean == pytest.approx(sum(kl) / len(kl), rel=1e-3)
    assert found.taught_before == pytest.approx(likelihoods["base"] / tokens, rel=1e-4)
    assert found.taught_after == pytest.approx(likelihoods["tuned"] / tokens, rel=1e-4)


def test_samples_cover_the_whole():
    assert sample_evenly(list(range(10)), 4) == [0, 2, 5, 7]
    assert sample_evenly([1, 2], 4) == [1, 2]


def test_each_built_in_language_has_a_general_text():
    assert len(load_general_text("fa")) > 300 and len(load_general_text("en")) > 300
    assert load_general_text("xx") is None
