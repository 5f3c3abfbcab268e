"""A process that is stopped ends at once with 128 + the signal's number, whatever it is doing."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
WORK = """
import hashlib, subprocess, sys, threading, time
from tasks.store import stop_signals

def last_words():
    time.sleep(float(sys.argv[2]))
    print("told", flush=True)

stop_signals.stop_on_signals(lambda: "it stopped.", last_words, seconds=1.0)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
if sys.argv[1] == "in C":
    hashlib.pbkdf2_hmac("sha512", b"a", b"b", 500_000_000)  # minutes without a bytecode
time.sleep(60)
"""


def start(doing="asleep", last_words=0.0):
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, doing, str(last_words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return process, int(process.stdout.readline())


def has_ended(pid):
    """Gone, or a zombie where the machine has no process that reaps orphans."""
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            process.wait(timeout=1)  # SIGKILL was sent; the kernel may need a moment
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def stopped(process):
    begun = time.monotonic()
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err, time.monotonic() - begun


@pytest.mark.parametrize("doing", ["asleep", "in C"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_it_with_one_sentence_and_no_child_left(number, doing):
    process, child = start(doing)
    process.send_signal(number)
    code, out, err, seconds = stopped(process)
    assert (code, out, err) == (128 + number, "told\n", "it stopped.\n")
    assert seconds < 1 and has_ended(child)


def test_last_words_that_take_too_long_are_cut_short():
    process, _ = start(last_words=60)
    process.terminate()
    code, out, _, seconds = stopped(process)
    assert code == 143 and out == "" and seconds < 3


def test_a_second_signal_ends_it_at_once():
    process, child = start(last_words=0.9)
    process.terminate()
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    code, out, _, seconds = stopped(process)
    assert code == 130 and out == "" and seconds < 0.4 and has_ended(child)


def test_a_signal_to_process_and_group_is_one_signal():
    process, _ = start(last_words=0.3)
    process.terminate()
    os.killpg(process.pid, signal.SIGTERM)  # as `timeout` does
    assert stopped(process)[:2] == (143, "told\n")


def test_a_hangup_that_was_ignored_from_the_start_stays_ignored():
    process = subprocess.Popen(
        ["nohup", sys.executable, "-c", WORK, "asleep", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.terminate()
    assert process.wait(10) == 143
