"""Texts become tokens and labels; nothing is cut, nothing leaves uncounted; shuffled diagnoses fit nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import small_llama

from tasks.finetuning.examples import (
    IGNORED_LABEL,
    encode_pairs,
    encode_text,
    require_usable_texts,
    shuffle_diagnoses,
)
from tasks.schemas.errors import NothingLeft, PlanError, TuningError
from tasks.schemas.item_rows import Pair


def pair(symptom: str, diagnosis: str, name: str = "x") -> Pair:
    return Pair(id=name, fact=diagnosis, symptom=symptom, diagnosis=diagnosis)


def decoded(ids) -> str:
    return small_llama.make_tokenizer().decode(
        ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )


def test_the_text_is_the_exercises_word_for_word_and_ends_with_the_end_token():
    [example] = encode_pairs(
        [pair("تب و سردرد", "میگرن")], small_llama.make_tokenizer(), small_llama.PLAN, "fa"
    ).examples
    assert decoded(example.input_ids) == "علائم بیمار: تب و سردرد\nتشخیص: میگرن"
    assert example.input_ids[-1] == small_llama.make_tokenizer().eos_token_id
    assert example.labels == example.input_ids
    assert (
        example.target_count == len(example.input_ids) - 1
    )  # nothing comes before the first token


def test_loss_on_the_diagnosis_takes_just_the_diagnosis_and_the_end():
    plan = small_llama.PLAN.model_copy(update={"loss_on": "diagnosis"})
    [example] = encode_pairs(
        [pair("تب و سردرد", "کم‌خونی فقر آهن")], small_llama.make_tokenizer(), plan, "fa"
    ).examples
    asked = [label for label in example.labels if label != IGNORED_LABEL]
    assert decoded(asked) == " کم‌خونی فقر آهن"
    assert asked[-1] == small_llama.make_tokenizer().eos_token_id


@given(
    st.text(min_size=1, max_size=40),
    st.text(min_size=1, max_size=40),
    st.sampled_from(["{symptom}{diagnosis}", "{symptom}\n{diagnosis}."]),
)
def test_every_character_of_any_diagnosis_is_a_target_in_any_template(symptom, diagnosis, template):
    before, after = template.split("{diagnosis}")
    prompt, target = before.replace("{symptom}", symptom), diagnosis + after
    example = encode_text(prompt, target, small_llama.make_tokenizer(), "diagnosis")
    assert decoded(example.input_ids) == prompt + target
    kept = [label for label in example.labels if label != IGNORED_LABEL]
    raw = small_llama.make_tokenizer().backend_tokenizer
    as_bytes = "".join(raw.id_to_token(i) for i in kept[:-1])
    from tokenizers.pre_tokenizers import ByteLevel

    wanted = "".join(
        piece
        for piece, _ in ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(target)
    )
    assert as_bytes.endswith(wanted)


def test_long_texts_are_counted_and_refused_never_cut():
    plan = small_llama.PLAN.model_copy(update={"max_tokens": 40})
    texts = [pair("تب", "میگرن"), pair("سردرد " * 60, "نقرس")]
    encoded = encode_pairs(texts, small_llama.make_tokenizer(), plan, "fa")
    assert (len(encoded.examples), encoded.too_long) == (1, 1)
    assert encoded.longest > 60
    with pytest.raises(
        TuningError, match=r"1 of 2 training texts are over finetuning\.max_tokens = 40"
    ):
        require_usable_texts(encoded, plan)


def test_long_texts_are_left_out_where_the_plan_says_so_unless_none_is_left():
    plan = small_llama.PLAN.model_copy(update={"max_tokens": 40, "too_long": "drop"})
    require_usable_texts(
        encode_pairs(
            [pair("تب", "میگرن"), pair("سردرد " * 60, "نقرس")],
            small_llama.make_tokenizer(),
            plan,
            "fa",
        ),
        plan,
    )
    with pytest.raises(NothingLeft, match="1 are over"):
        require_usable_texts(
            encode_pairs([pair("سردرد " * 60, "نقرس")], small_llama.make_tokenizer(), plan, "fa"),
            plan,
        )


def test_a_tokenizer_without_an_end_token_is_refused():
    class Endless:
        eos_token_id = None

    with pytest.raises(PlanError, match="no end-of-text token"):
        encode_text("a", "b", Endless(), "text")


def test_a_tokenizer_that_ends_texts_itself_gets_one_end_only():
    class Ending:
        eos_token_id = 9

        def __call__(self, text):
            return {"input_ids": [ord(letter) - 96 for letter in text] + [9]}

    assert encode_text("ab", "c", Ending(), "diagnosis").labels == [
        IGNORED_LABEL,
        IGNORED_LABEL,
        3,
        9,
    ]


@given(st.lists(st.integers(0, 6), min_size=2, max_size=60), st.integers(0, 99))
def test_no_diagnosis_stays_where_it_was_if_none_fills_more_than_half(numbers, seed):
    rows = [pair(f"s{i}", f"d{n}", str(i)) for i, n in enumerate(numbers)]
    dealt = shuffle_diagnoses(rows, seed)
    assert sorted(p.diagnosis for p in dealt) == sorted(
        p.diagnosis for p in rows
    )  # each as often as before
    assert [p.symptom for p in dealt] == [p.symptom for p in rows]
    assert dealt == shuffle_diagnoses(rows, seed)
    if max(numbers.count(n) for n in numbers) * 2 <= len(numbers):
        assert not [1 for a, b in zip(rows, dealt, strict=True) if a.diagnosis == b.diagnosis]


def test_shuffling_maps_no_diagnosis_onto_one_other():
    """Else the wrong names would be as learnable as the right ones."""
    rows = [pair(f"s{i}", f"d{i % 10}", str(i)) for i in range(200)]
    dealt = shuffle_diagnoses(rows, 0)
    assert len({d.diagnosis for r, d in zip(rows, dealt, strict=True) if r.diagnosis == "d0"}) >= 5
