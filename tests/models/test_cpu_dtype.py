"""A large model's numbers are chosen by measuring once; after that no busy core, new process or resumed training changes them."""

import pytest
import torch
from support import interrupted_training
from support.models import small_llama

from tasks.models import cpu_dtype, loading
from tasks.models.loading import choose_checkpoint_dtype, load_model
from tasks.schemas.machine import Machine


class Killed(BaseException):
    pass


def die(done, total, note=""):
    if done == 6:
        raise Killed


@pytest.fixture
def measuring(monkeypatch):
    """Say how many times faster bfloat16 measures, as a new process would find it."""

    def measures(times: float) -> None:
        cpu_dtype._measure_faster_dtype.cache_clear()
        monkeypatch.setattr(
            cpu_dtype,
            "measure_matmul_seconds",
            lambda dtype: 1.0 if dtype == torch.bfloat16 else times,
        )

    monkeypatch.setattr(loading, "SMALL_MODEL_PARAMETERS", 0)  # every model counts as large
    monkeypatch.setattr(small_llama, "CPU", Machine(device="cpu"))  # dtype: auto
    yield measures
    cpu_dtype._measure_faster_dtype.cache_clear()


@pytest.fixture
def base(tmp_path):
    return small_llama.save_checkpoint(tmp_path / "base")


@pytest.mark.parametrize(
    ("times", "taken"), [(0.2, torch.float32), (1.1, torch.float32), (1.3, torch.bfloat16)]
)
def test_bfloat16_is_taken_where_it_is_clearly_faster(base, measuring, runs, times, taken):
    measuring(times)
    assert choose_checkpoint_dtype(base, small_llama.CPU) == taken
    assert not runs.exists()  # the evaluation alone leaves nothing behind


def test_what_was_measured_first_holds_for_this_model_and_for_no_other(
    base, measuring, runs, tmp_path
):
    runs.mkdir()
    measuring(3.0)
    assert load_model(base, small_llama.CPU).model.dtype == torch.bfloat16
    measuring(0.2)
    assert load_model(base, small_llama.CPU).model.dtype == torch.bfloat16
    assert (
        load_model(
            small_llama.save_checkpoint(tmp_path / "other", seed=1), small_llama.CPU
        ).model.dtype
        == torch.float32
    )
    assert (
        load_model(base, Machine(device="cpu", dtype="float32")).model.dtype == torch.float32
    )  # a person's wish


def test_a_training_that_was_killed_goes_on_in_the_numbers_it_began_with(
    base, measuring, runs, tmp_path, monkeypatch
):
    runs.mkdir()
    monkeypatch.setattr("tasks.finetuning.training.callbacks.SAVE_SECONDS", 0.0)
    measuring(3.0)
    wanted = interrupted_training.run_training(base, tmp_path / "undisturbed")
    with pytest.raises(Killed):
        interrupted_training.run_training(base, tmp_path / "killed", die)
    measuring(0.2)
    told = []
    assert (
        interrupted_training.run_training(
            base, tmp_path / "killed", lambda done, total, note="": told.append(done)
        )
        == wanted
    )
    assert told[0] > 1  # it did go on
    one, other = (
        (tmp_path / name / "adapter" / "adapter_model.safetensors").read_bytes()
        for name in ("undisturbed", "killed")
    )
    assert one == other


def test_checkpoints_made_in_other_numbers_are_not_gone_on_with(base, tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.finetuning.training.callbacks.SAVE_SECONDS", 0.0)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(small_llama, "CPU", Machine(device="cpu", dtype="bfloat16"))
        interrupted_training.run_training(base, tmp_path, die)
    told = []
    interrupted_training.run_training(
        base, tmp_path, lambda done, total, note="": told.append(done)
    )
    assert told[0] == 1


@pytest.mark.parametrize("damaged", ["", "float32\n", "double"])
def test_a_damaged_record_is_measured_anew(base, runs, measuring, damaged):
    runs.mkdir()
    measuring(1.3)
    record = runs / "precision" / f"{base.digest}.txt"
    record.parent.mkdir()
    record.write_text(damaged)
    assert choose_checkpoint_dtype(base, Machine(device="cpu")) == (
        torch.float32 if damaged.strip() == "float32" else torch.bfloat16
    )
    assert record.read_text().strip() in cpu_dtype.DTYPES
