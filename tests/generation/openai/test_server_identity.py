"""Which server wrote: two servers never share an answer, one server is known again however its address is written."""

import pytest

from tasks.generation.openai.server_identity import OPENAI, configured_server, identify_server


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com/v1/",
        "HTTPS://API.OpenAI.com:443/v1",
        "https://me:secret@api.openai.com/v1?api-key=secret#x",
        " https://api.openai.com ",
    ],
)
def test_one_server_is_known_however_its_address_is_written(address):
    assert identify_server(address) == identify_server(OPENAI)
    assert "secret" not in identify_server(address).address


@pytest.mark.parametrize(
    "address",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com/v2",
        "https://api.openai.org/v1",
        "",
    ],
)
def test_another_scheme_port_path_or_host_is_another_server(address):
    assert identify_server(address).tag != identify_server(OPENAI).tag


def test_without_an_address_it_is_openai(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", " ")
    assert configured_server().address == OPENAI
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/")
    assert configured_server().address == "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    "address",
    ["http://host:99999/v1", "localhost:8000/v1", "http://[::1/v1", "http://u:hidden@", "nothing"],
)
def test_an_address_that_leads_nowhere_has_an_identity_without_secrets(address):
    assert "hidden" not in identify_server(address).address
