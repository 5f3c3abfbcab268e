"""No form in which a server can echo a key or a login is told."""

import base64

import pytest

from tasks.store.redaction import redact_secrets


def pack(login: str) -> str:
    return base64.b64encode(login.encode()).decode()


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Basic " + pack("reader:pa:ss@word1"),
        "Basic " + pack("reader:pa:ss@word1").rstrip("="),
        "your password pa%3Ass%40word1 is wrong",
        "your password pa:ss@word1 is wrong",
        "https://reader:pa%3Ass%40word1@host/v1",
    ],
)
def test_a_login_in_the_servers_address(said, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://reader:pa%3Ass%40word1@host/v1")
    told = redact_secrets(said)
    assert "word1" not in told and pack("reader:pa:ss@word1").rstrip("=") not in told


def test_a_key_in_the_servers_address_that_is_echoed_alone(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://host/v1?api-key=abcd-1234-efgh")
    assert redact_secrets("invalid key abcd-1234-efgh") == "invalid key $OPENAI_BASE_URL"


def test_a_login_of_prefect_whole_in_part_and_packed(monkeypatch):
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:correct-horse")
    for said in ("admin:correct-horse", "correct-horse", pack("admin:correct-horse")):
        assert redact_secrets(f"bad: {said}.") == "bad: $PREFECT_API_AUTH_STRING."


def test_ordinary_words_stay(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://host/v1?model=short")
    assert redact_secrets("no model named short at host") == "no model named short at host"
