"""A study that fails leaves no key and no password behind: not in the store, not in Prefect's database and logs, not on the terminal."""

import pytest
from support.kill import StudyCommand
from support.openai_server.server import start_server

pytestmark = pytest.mark.slow
TREE = {
    "name": "secret",
    "reading": {"last_page": 8},
    "generation": {"writer": "gpt", "pairs": 4, "questions": 4, "per_request": 4, "budget_usd": 20},
    "base": {"steps": 4},
}
KEY, PASSWORD = "sk-test-0123456789", "hidden-word-987"


def test_after_a_refused_key_neither_key_nor_the_addresss_password_is_anywhere(tmp_path):
    command = StudyCommand.with_plan_file(tmp_path / "runs", TREE)
    command.store.mkdir()
    with start_server(faults="401") as server:
        place = server.url.replace("http://", f"http://me:{PASSWORD}@")
        process = command.start_study("--verbose", OPENAI_BASE_URL=place, OPENAI_API_KEY=KEY)
        told = process.communicate(timeout=280)[0]
        assert server.entries, "the server was not asked"
    assert process.returncode == 1 and "WriterRefused" in told, told[-2000:]
    assert (command.store / ".prefect" / "prefect.db").is_file(), (
        "Prefect's own database is looked into, too"
    )
    for secret in (KEY, PASSWORD):
        assert secret not in told
        left = [
            path
            for path in command.store.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]
        assert not left, f"{secret} is in {left}"
