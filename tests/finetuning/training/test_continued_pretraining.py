"""The adapter reads the book before the pairs: every token of it counts, it is logged apart, and killed it goes on."""

import pytest
from support.models import small_llama

from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.training import continued_pretraining

TEXTS = [
    f"{ill} با {' و '.join(small_llama.SIGNS)} دیده می‌شود." for ill in small_llama.DISEASES
] * 2
PLAN = small_llama.PLAN.model_copy(update={"book_epochs": 3, "max_tokens": 48})


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_llama.save_checkpoint(tmp_path_factory.mktemp("base"))


def tuned(base, folder, plan=PLAN, **more):
    done = fit_adapter(
        base,
        small_llama.make_pairs(16),
        small_llama.make_pairs(4, 90),
        plan,
        language="fa",
        machine=small_llama.CPU,
        folder=folder / "adapter",
        scratch=folder / "scratch",
        book=TEXTS,
        **more,
    )
    return done, (folder / "adapter" / "adapter_model.safetensors").read_bytes()


def test_no_token_of_the_book_is_left_out_and_no_piece_is_too_long():
    pieces = continued_pretraining.cut_book_windows(TEXTS, small_llama.make_tokenizer(), PLAN)
    whole = [
        token
        for text in TEXTS
        for token in [
            *small_llama.make_tokenizer()(text)["input_ids"],
            small_llama.make_tokenizer().eos_token_id,
        ]
    ]
    assert [token for piece in pieces for token in piece.input_ids] == whole
    assert max(len(piece.input_ids) for piece in pieces) <= 48
    assert all(piece.labels == piece.input_ids for piece in pieces)


def test_a_plan_that_reads_no_book_has_no_pieces():
    assert (
        continued_pretraining.cut_book_windows(
            TEXTS, small_llama.make_tokenizer(), small_llama.PLAN
        )
        == []
    )


def test_the_book_is_learnt_before_the_pairs_and_logged_apart(base, tmp_path):
    done, adapter = tuned(base, tmp_path / "with")
    read = [step for step in done.steps if step.split == "book"]
    assert (
        len(read)
        == done.preflight.book_updates
        == 3 * -(-done.preflight.book_texts // PLAN.batch_size)
    )
    assert read[-1].loss < read[0].loss
    without, plain = tuned(base, tmp_path / "without", PLAN.model_copy(update={"book_epochs": 0.0}))
    assert not [step for step in without.steps if step.split == "book"]
    assert [step.step for step in without.steps if step.split != "book"] == [
        step.step for step in done.steps if step.split != "book"
    ]
    assert adapter != plain


def test_a_reading_that_was_cut_off_ends_with_the_same_bytes(base, tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")  # what is read is read off the note

    class Killed(BaseException):
        pass

    def die(done, total, note=""):
        if note.startswith("book") and done == total:
            raise Killed

    whole = tuned(base, tmp_path / "whole")
    with pytest.raises(Killed):
        tuned(base, tmp_path / "cut", progress=die)
    assert list((tmp_path / "cut" / "scratch" / "book").glob("checkpoint-*"))
    assert tuned(base, tmp_path / "cut") == whole
