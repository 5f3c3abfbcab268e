"""Two processes train as one does: the same batches, losses and adapter; only the first writes."""

import pytest
from safetensors.torch import load_file
from support.models import small_llama

from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.training.batches import SortedBatchSampler
from tasks.schemas.errors import PlanError, TuningError

PAIRS, HELD_OUT = (
    small_llama.make_pairs(29),
    small_llama.make_pairs(5, 60),
)  # 29 texts in batches of 8: the last update has 5
BOOK = [pair.symptom for pair in PAIRS[:11]]
TWO = small_llama.CPU.model_copy(update={"processes": 2})


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_llama.save_checkpoint(tmp_path_factory.mktemp("base"))


def tuned(base, folder, machine, **changes):
    told = []
    plan = small_llama.PLAN.model_copy(update=changes)
    done = fit_adapter(
        base,
        PAIRS,
        HELD_OUT,
        plan,
        language="fa",
        machine=machine,
        folder=folder / "adapter",
        scratch=folder / "scratch",
        progress=lambda done, total, note="": told.append(done),
        book=BOOK,
    )
    return done.steps, load_file(folder / "adapter" / "adapter_model.safetensors"), told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("book_epochs", "progress"), [(0, [*range(1, 9)]), (2, [*range(1, 5), *range(1, 9)])]
)
def test_two_processes_log_the_losses_of_one_and_end_with_its_adapter(
    base, tmp_path, book_epochs, progress
):
    one, ours, _ = tuned(base, tmp_path / "one", small_llama.CPU, book_epochs=book_epochs)
    two, theirs, told = tuned(base, tmp_path / "two", TWO, book_epochs=book_epochs)
    assert [(s.step, s.split, s.target_tokens) for s in two] == [
        (s.step, s.split, s.target_tokens) for s in one
    ]
    assert [s.loss for s in two] == pytest.approx([s.loss for s in one], abs=1e-5)
    assert [s.grad_norm for s in two if s.grad_norm] == pytest.approx(
        [s.grad_norm for s in one if s.grad_norm], rel=1e-3
    )
    assert max(float((ours[name] - theirs[name]).abs().max()) for name in ours) < 1e-5
    assert (
        told == progress
    )  # 2 epochs of 2 updates over the book and of 4 over the pairs, each told once
    assert not (tmp_path / "two" / "scratch").exists()


@pytest.mark.slow
def test_what_stops_the_processes_is_told_as_one_process_would_tell_it_and_a_module_of_the_working_folder_is_not_run(
    base, tmp_path, monkeypatch
):
    for name in ("json", "torch", "accelerate"):
        (tmp_path / f"{name}.py").write_text("open('taken over', 'w')")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        TuningError, match=r"(loss|grad_norm) is .* at update .*lower finetuning\.learning_rate"
    ):
        tuned(base, tmp_path, TWO, learning_rate=1e30, warmup=0.0, max_grad_norm=1e30)
    assert not (tmp_path / "taken over").exists()


def test_processes_that_cannot_share_a_batch_are_refused_before_any_work(base, tmp_path):
    with pytest.raises(
        PlanError, match=r"machine\.processes: 3 do not divide finetuning\.batch_size = 8"
    ):
        tuned(base, tmp_path, small_llama.CPU.model_copy(update={"processes": 3}))


def test_a_filled_epoch_holds_each_text_once_and_blanks_only_at_its_end():
    plain, filled = (
        list(SortedBatchSampler(range(1, 30), 8, seed=3, filled=how)) for how in (False, True)
    )
    assert filled[:29] == plain
    assert filled[29:] == [29, 29, 29]
