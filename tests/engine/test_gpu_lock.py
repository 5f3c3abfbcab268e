"""One model at a time on a card: the second waits, whichever process it is in; a killed one's lock is free."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOLD = "import sys; from tasks.engine.gpu_lock import lock_device\nwith lock_device(sys.argv[1]):\n    print('held', flush=True)\n    sys.stdin.read()"


@pytest.fixture
def held(runs):
    """A process that holds a card."""
    with start("cuda") as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def start(device, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, device],
        cwd=ROOT,
        env={**os.environ, "BOOK2LORA_LANG": "en", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_says_that_it_waits_and_has_the_card_when_the_first_is_killed(held):
    with start("cuda:0") as second:  # the same card by its other name
        assert "busy with another run's model" in second.stderr.readline()
        held.send_signal(signal.SIGKILL)
        assert second.stdout.readline() == "held\n"
        second.kill()


@pytest.mark.parametrize(("device", "cards"), [("cpu", ""), ("cuda:1", ""), ("cuda", "1")])
def test_a_cpu_and_another_card_are_free(held, device, cards):
    with start(device, CUDA_VISIBLE_DEVICES=cards) as other:
        assert other.stdout.readline() == "held\n"
        other.kill()


def test_every_stage_that_loads_a_model_asks_for_the_card():
    from tasks import stages

    asking = {name for name in stages.list_stages() if getattr(stages, name)._needs_gpu}
    assert asking == {
        "prepare_base",
        "finetune_adapter",
        "evaluate_model",
        "screen_questions",
        "probe_tuning",
        "ask_everyday_questions",
        "ask_with_aid",
    }
