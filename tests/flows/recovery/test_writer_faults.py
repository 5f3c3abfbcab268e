"""A study whose writer is a server: busy for a while, or the process is killed while it asks. Nothing is asked twice that was answered."""

import re
import time

import pytest
from support.kill import StudyCommand, wait_for_exit
from support.openai_server.server import start_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

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
    "validation": {"train_questions": 8},
    "base": {"steps": 4},
    "finetuning": {"epochs": 1, "rank": 4},
    "evaluation": {"modes": ["digits", "cloze"], "screening": False},
}


def asked_of(server):
    return {
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "sk-test-0123456789",
        "BOOK2LORA_LANG": "en",
    }


def stored(command):
    """The requests whose answers lie in the ledger."""
    return {path.stem for path in (command.store / "ledger").rglob("responses/*/*.json")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The verdict of a study that nothing disturbed."""
    command = StudyCommand.with_plan_file(tmp_path_factory.mktemp("undisturbed") / "runs", TREE)
    command.store.mkdir()
    with start_server() as server:
        command.run_to_end(**asked_of(server))
        assert len(server.list_answered()) == len(set(server.list_answered()))
    return command.read_verdict()


def test_a_busy_server_delays_and_changes_nothing(undisturbed, tmp_path):
    command = StudyCommand.with_plan_file(tmp_path / "runs", TREE)
    command.store.mkdir()
    with start_server(faults="429:0.2,503:0.2,drop:0.1") as server:
        command.run_to_end(**asked_of(server))
        assert any(entry["fault"] for entry in server.entries), "the storm did not blow"
        assert len(server.list_answered()) == len(set(server.list_answered())), (
            "what was answered was asked again"
        )
    assert command.read_verdict() == undisturbed


def test_a_kill_while_it_asks_loses_no_answer_and_asks_none_again(undisturbed, tmp_path):
    command = StudyCommand.with_plan_file(tmp_path / "runs", TREE)
    command.store.mkdir()
    with start_server(latency=0.5) as server:
        process = command.start_study(**asked_of(server))
        while len(stored(command)) < 3:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        process.kill()
        process.wait()
        had, before = stored(command), len(server.entries)
        time.sleep(1)  # what was under way when it died
        command.run_to_end(**asked_of(server))
        again = {entry["hash"] for entry in server.entries[before:]}
        assert again, "nothing was left to ask: the kill came too late to test anything"
        assert not again & had
    assert command.read_verdict() == undisturbed


def test_a_key_that_is_refused_ends_at_once_with_its_remedy_and_is_not_told(tmp_path):
    command = StudyCommand.with_plan_file(tmp_path / "runs", TREE)
    command.store.mkdir()
    with start_server() as server:
        process = command.start_study(
            OPENAI_BASE_URL=server.url, OPENAI_API_KEY="sk-refused-0123456789"
        )
        told = process.communicate(timeout=200)[0]
    assert process.returncode == 1
    assert "WriterRefused" in told and "sk-refused-0123456789" not in told
    assert not stored(command)


def test_the_end_of_the_money_tells_what_there_is_and_more_money_asks_only_for_the_rest(
    undisturbed, tmp_path
):
    command = StudyCommand.with_plan_file(tmp_path / "runs", TREE)
    command.store.mkdir()
    with start_server() as server:
        told = wait_for_exit(
            command.start_study("--set", "generation.budget_usd=0.08", **asked_of(server)), code=1
        )
        assert (
            "BudgetSpent" in told
            and "ended: training pairs: the budget ended" in told
            and "raise generation.budget_usd" in told
        )
        assert 0 < server.compute_bill() <= 0.08
        assert len(list((command.store / "ledger" / "small" / "accounts").iterdir())) > 1
        assert re.search(rf"All {len(server.list_answered())} answers are in", told)
        command.run_to_end(**asked_of(server))
        assert len(server.list_answered()) == len(set(server.list_answered()))
    assert command.read_verdict() == undisturbed, "another budget is no other study"
    assert not (command.store / "studies" / "small-2").exists()
