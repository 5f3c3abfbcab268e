"""Ctrl-C, `docker stop`, a closed terminal: the command ends within 5 s, whatever the writer's latency, and says so once."""

import json
import os
import pty
import select
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from support.kill import StudyCommand
from support.openai_server.server import start_server

ROOT = Path(__file__).parents[3]
SECONDS = 5.0
SENTENCE = "book2lora: stopped. What was finished is kept; the same command goes on from there."
TREE = {
    "name": "small",
    "reading": {"last_page": 12},
    "generation": {
        "writer": "gpt",
        "pairs": 16,
        "questions": 24,
        "per_request": 4,
        "budget_usd": 20,
    },
    "base": {"steps": 4},
    "finetuning": {"epochs": 1, "rank": 4},
}


class Terminal:
    """A command as a shell starts it: leader of its session, its terminal a pty."""

    def __init__(self, *arguments, **environment):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "RUNS_"))
        }
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(
                sys.executable,
                [sys.executable, "-m", "flows.cli.main", *map(str, arguments)],
                kept | {"TERM": "dumb", "BOOK2LORA_LANG": "en"} | environment,
            )
        self._said, self._reader = [], threading.Thread(target=self._read, daemon=True)
        self._is_open = True
        self._reader.start()

    def _read(self):
        """Never wait in `os.read`: a pty that a thread waits in stays open when it is closed."""
        try:
            while self._is_open:
                if select.select([self._master], [], [], 0.05)[0]:
                    self._said.append(os.read(self._master, 65536))
        except OSError:  # the other end is closed
            pass

    def said(self):
        return b"".join(self._said).decode("utf-8", "replace")

    def press(self, key):
        os.write(self._master, key)

    def hang_up(self):
        """Close the terminal; the kernel sends SIGHUP to the session."""
        self._is_open = False
        self._reader.join()
        os.close(self._master)

    def signalled(self, number, whom):
        """Send a signal to the process, or to all of its group."""
        (os.kill if whom == "process" else os.killpg)(self.pid, number)

    def code(self):
        """Exit code once it has ended."""
        status = os.waitpid(self.pid, 0)[1]
        self._reader.join(2)
        return os.waitstatus_to_exitcode(status)


def asked_of(server, command):
    return {
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "sk-test-0123456789",
        "RUNS_DIR": str(command.store),
    }


def until(is_so, process=None, seconds=250):
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < seconds, (
            process.said()[-2000:] if process else "not in time"
        )
        time.sleep(0.05)


def all_under_way(server, process):
    """The number of requests that wait for their answers, once no more are sent."""
    until(lambda: server.attempts, process)
    before = 0
    while before != (now := sum(server.attempts.values())):
        before = now
        time.sleep(2)
    return now


def states(store):
    """The states of all flow runs in Prefect's own database."""
    with sqlite3.connect(f"file:{store}/.prefect/prefect.db?mode=ro", uri=True) as database:
        return database.execute(
            "select state_type, s.message from flow_run r join flow_run_state s on s.id = r.state_id"
        ).fetchall()


def own_servers(store):
    """The Prefect servers that run over a store."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        words, environment = process.info["cmdline"] or [], process.info["environ"] or {}
        if (
            environment.get("RUNS_DIR") == str(store)
            and process.info["status"] != psutil.STATUS_ZOMBIE
        ):
            found += (
                [process] if any("uvicorn" in word or "prefect" in word for word in words) else []
            )
    return found


def test_ctrl_c_in_a_terminal_ends_a_study_in_the_middle_of_slow_requests(tmp_path):
    stopped_alike(tmp_path, lambda study: study.press(b"\x03"), 130)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("whom", ["process", "group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_every_signal_to_process_or_group_ends_a_study_alike(number, whom, tmp_path):
    stopped_alike(tmp_path, lambda study: study.signalled(number, whom), 128 + number)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_closed_terminal_ends_a_study(tmp_path):
    stopped_alike(tmp_path, Terminal.hang_up, 129, is_heard=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_ends_a_sweep(tmp_path):
    tree = {"name": "small", "study": TREE, "grid": {"finetuning.rank": [2, 4]}}
    stopped_alike(tmp_path, lambda sweep: sweep.press(b"\x03"), 130, command="sweep", tree=tree)


def stopped_alike(tmp_path, stop, code, is_heard=True, command="study", tree=TREE):
    """Stop a command while its requests wait for 90 s, and look at all that must hold then."""
    place = StudyCommand.with_plan_file(tmp_path / "runs", tree)
    place.store.mkdir()
    with start_server(latency=90) as server:
        process = Terminal(command, place.plan, **asked_of(server, place))
        asked = all_under_way(server, process)
        begun = time.monotonic()
        stop(process)
        assert process.code() == code
        assert time.monotonic() - begun < SECONDS
        time.sleep(0.5)
        assert sum(server.attempts.values()) == asked, "it went on asking"
    assert process.said().count(SENTENCE) == is_heard and "Traceback" not in process.said()
    assert states(place.store) and {state for state, _ in states(place.store)} == {"CANCELLED"}
    assert all("by its user" in message for _, message in states(place.store))
    charges = [
        json.loads(line)
        for line in next(place.store.glob("ledger/*/charges.jsonl")).read_text("utf-8").splitlines()
    ]
    assert sum("reserve" in charge for charge in charges) >= asked, (
        "the money of open requests is not set aside"
    )
    assert not own_servers(place.store)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_ends_an_evaluation_that_is_loading_its_libraries(tmp_path):
    questions = tmp_path / "questions.json"
    questions.write_text(
        json.dumps([{"question": "?", "options": list("abcd"), "answer": 1}]), "utf-8"
    )
    process = Terminal("evaluate", "--base", tmp_path, "--questions", questions)
    time.sleep(3)
    process.press(b"\x03")
    begun = time.monotonic()
    assert process.code() == 130 and time.monotonic() - begun < SECONDS
    assert process.said().count(SENTENCE) == 1 and "Traceback" not in process.said()
