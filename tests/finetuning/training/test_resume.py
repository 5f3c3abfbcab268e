"""Killed with SIGKILL at any moment, the same call ends with the same adapter and log as the undisturbed run, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import interrupted_training
from support.models import small_llama

from tasks.finetuning.training.resume import find_last_checkpoint

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_llama.save_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def undisturbed(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return interrupted_training.run_training(base, folder), (
        folder / "adapter" / "adapter_model.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(["7"], id="mid-epoch"),
        pytest.param(["6", "while saving"], id="while saving"),
        pytest.param(["9"], id="after an epoch", marks=pytest.mark.slow),
        pytest.param(["12"], id="at the last update", marks=pytest.mark.slow),
    ],
)
def test_killed_and_run_again_it_ends_with_the_same_bytes(base, undisturbed, tmp_path, moment):
    command = [
        sys.executable,
        str(ROOT / "tests" / "support" / "interrupted_training.py"),
        base.source,
        str(tmp_path),
        *moment,
    ]
    paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    killed = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **paths}, capture_output=True, text=True
    )
    assert killed.returncode == -9, killed.stderr
    assert (
        find_last_checkpoint(tmp_path / "scratch") is not None
    )  # there is something to go on from
    told = []
    again = interrupted_training.run_training(
        base, tmp_path, lambda done, total, note="": told.append(done)
    )
    assert told[0] >= int(moment[0]) - 1  # it did go on, and not from the start
    assert again == undisturbed[0]
    assert (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes() == undisturbed[1]


def test_a_training_killed_between_its_last_checkpoint_and_its_adapter_trains_no_further(
    base, undisturbed, tmp_path, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("tasks.finetuning.lora.save_adapter", die)
        with pytest.raises(Killed):
            interrupted_training.run_training(base, tmp_path)
    told = []
    again = interrupted_training.run_training(
        base, tmp_path, lambda done, total, note="": told.append(done)
    )
    assert not told
    assert again == undisturbed[0]
    assert (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes() == undisturbed[1]


def test_a_checkpoint_that_was_cut_off_is_removed(tmp_path):
    (tmp_path / "checkpoint-2").mkdir()
    (tmp_path / "checkpoint-2" / "complete").touch()
    (tmp_path / "checkpoint-10").mkdir()
    assert find_last_checkpoint(tmp_path) == tmp_path / "checkpoint-2"
    assert not (tmp_path / "checkpoint-10").exists()
