"""What dies is started again, later and later; the others are not touched."""

import subprocess
import sys

import pytest

from deployments.supervisor import Part, keep_alive, stop
from tasks.schemas.project import PROJECT_ROOT


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def part(name, seconds):
    one = Part(name, [sys.executable, "-c", f"import time; time.sleep({seconds})"], {})
    one.start()
    return one


def test_a_dead_part_is_told_and_started_again_with_back_off(runs, capfd, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    dies, lives, clock = part("worker-gpu", 0), part("worker-cpu", 60), Clock()
    try:
        for wait in (1, 2, 4):
            dies.process.wait()
            dies.started = clock.now
            keep_alive([dies, lives], clock)
            told = capfd.readouterr().err
            assert (
                "worker-gpu ended with code 0" in told
                and f"in {wait} s" in told
                and "worker-cpu" not in told
            )
            before = dies.process.pid
            clock.now += wait - 0.1
            keep_alive([dies, lives], clock)
            assert dies.process.pid == before, "it did not wait"
            clock.now += 0.2
            keep_alive([dies, lives], clock)
            assert dies.process.pid != before
        assert lives.process.poll() is None
    finally:
        stop([dies.process, lives.process], 5)


def test_a_part_that_lived_long_is_started_again_soon(runs):
    one, clock = part("worker-cpu", 0), Clock()
    one.wait, one.started = 32.0, clock.now - 100
    one.process.wait()
    keep_alive([one], clock)
    assert one.due == clock.now + 1


def test_what_does_not_end_in_time_is_killed(runs):
    one = Part(
        "stubborn",
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)",
        ],
        {},
    )
    one.start()
    stop([one.process], 0.5)
    assert one.process.returncode in (-9, -15)


ADOPT = """
import subprocess, sys, time
import psutil
from tasks.store.parent_death import adopt_orphans, reap_orphans
adopt_orphans()
reap_orphans(set())  # without a child
leaves = "import subprocess; subprocess.Popen(['sleep', '0.1'])"
subprocess.run([sys.executable, "-c", leaves], check=True)
own = subprocess.Popen(["false"])
while any(child.status() != psutil.STATUS_ZOMBIE for child in psutil.Process().children()):
    time.sleep(0.05)
before = len(psutil.Process().children())
reap_orphans({own.pid})
reap_orphans({own.pid})
print(before, own.wait(), len(psutil.Process().children()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="others adopt no orphans")
def test_an_adopted_run_that_ended_is_let_go_and_a_part_keeps_its_code():
    done = subprocess.run(
        [sys.executable, "-c", ADOPT], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["2", "1", "0"]
