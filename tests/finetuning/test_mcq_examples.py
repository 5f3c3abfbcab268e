"""Pairs in the form of the test: the exam's own paper, the right number after it, nothing from outside the pairs."""

from collections import Counter

from support.models import small_llama

from tasks.finetuning.examples import encode_pairs
from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.mcq_examples import build_mcq_texts
from tasks.prompts import PROMPT_TEMPLATES

PAIRS = small_llama.make_pairs(56)


def test_the_number_is_that_of_the_pairs_own_diagnosis():
    texts = build_mcq_texts(PAIRS, 1.0, 0, "fa")
    by_symptom = {pair.symptom: pair.diagnosis for pair in PAIRS}
    assert len(texts) == 56
    for prompt, target in texts:
        assert prompt.startswith(PROMPT_TEMPLATES["fa"].instruction) and prompt.endswith(
            PROMPT_TEMPLATES["fa"].reply
        )
        stem = prompt.split("سؤال: ")[1].split(". محتمل")[0]
        options = [line.split(". ", 1)[1] for line in prompt.splitlines()[2:6]]
        assert options[PROMPT_TEMPLATES["fa"].numerals.index(target.strip())] == by_symptom[stem]
        assert len(set(options)) == 4 and set(options) <= set(small_llama.DISEASES)


def test_the_right_option_stands_equally_often_at_each_place():
    assert set(Counter(target for _, target in build_mcq_texts(PAIRS, 1.0, 0, "fa")).values()) == {
        14
    }


def test_the_share_and_the_seed_draw_the_pairs():
    assert len(build_mcq_texts(PAIRS, 0.25, 0, "fa")) == 14
    assert (
        build_mcq_texts(PAIRS, 0.25, 0, "fa")
        == build_mcq_texts(PAIRS, 0.25, 0, "fa")
        != build_mcq_texts(PAIRS, 0.25, 1, "fa")
    )


def test_fewer_than_four_diagnoses_make_no_question():
    assert (
        build_mcq_texts(
            [pair for pair in PAIRS if pair.diagnosis in small_llama.DISEASES[:3]], 1.0, 0, "fa"
        )
        == []
    )


def test_they_stand_beside_the_pairs_in_training_and_leave_the_held_out_loss_as_it_is(tmp_path):
    plan = small_llama.PLAN.model_copy(update={"exam_share": 0.5, "max_tokens": 250, "epochs": 1})
    assert len(encode_pairs(PAIRS, small_llama.make_tokenizer(), plan, "fa").examples) == 56 + 28
    base = small_llama.save_checkpoint(tmp_path / "base")
    logs = [
        fit_adapter(
            base,
            PAIRS,
            small_llama.make_pairs(8, start=70),
            one,
            language="fa",
            machine=small_llama.CPU,
            folder=tmp_path / f"a{i}",
            scratch=tmp_path / f"s{i}",
        )
        for i, one in enumerate((plan, plan.model_copy(update={"exam_share": 0.0})))
    ]
    assert [log.preflight.texts for log in logs] == [84, 56]
    before = [next(step for step in log.steps if step.split == "held_out") for log in logs]
    assert before[0].loss == before[1].loss and before[0].target_tokens == before[1].target_tokens
