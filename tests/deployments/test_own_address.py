"""The server answers its own pages and its clients, and nobody else: no other host name, no page of another origin."""

import asyncio
import base64
import stat

import httpx
import pytest
from served import served

from flows.login import login_file, login_of_store, make_login
from flows.server_app import OwnAddressOnly, own_origins

CLIENT = httpx.Client(timeout=60)  # seconds; a fresh server on a busy machine takes more than httpx's five
asked = CLIENT.post
OWN = "http://127.0.0.1:4200"


async def _inner(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})
    else:
        await send({"type": "websocket.accept"})


def answer(kind="http", listens_on="127.0.0.1", origins=None, **headers):
    """The first message that comes back."""
    sent = []

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    app = OwnAddressOnly(_inner, origins or own_origins(listens_on, 4200), listens_on)
    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    asyncio.run(app(scope, receive, send))
    return sent[0].get("status") or sent[0]["type"]


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "[::1]:4200", "LOCALHOST:4200"])
def test_the_own_address_is_answered(host):
    assert answer(host=host) == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:4200", "localhost.evil.example", "10.0.0.1:4200", "", "[", "a@b"])
def test_another_host_is_refused(host):
    assert answer(host=host) == 403
    assert answer() == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:5000", "http://127.0.0.1:42000", "file://"])
@pytest.mark.parametrize(("kind", "refused"), [("http", 403), ("websocket", "websocket.close")])
def test_a_page_of_another_origin_is_refused(kind, refused, origin):
    assert answer(kind, host="127.0.0.1:4200", origin=origin) == refused


@pytest.mark.parametrize(("kind", "taken"), [("http", 200), ("websocket", "websocket.accept")])
def test_the_own_pages_are_answered(kind, taken):
    for origin in (OWN, "http://localhost:4200"):
        assert answer(kind, host="127.0.0.1:4200", origin=origin) == taken


def test_a_server_for_others_is_reached_by_number_and_by_its_names_only():
    origins = own_origins("0.0.0.0", 4200) + ",https://team.example"
    for host in ("10.0.0.5:4200", "team.example", "127.0.0.1:4200"):
        assert answer(host=host, listens_on="0.0.0.0", origins=origins) == 200
    assert answer(host="10.0.0.5:4200", origin="http://10.0.0.5:4200", listens_on="0.0.0.0", origins=origins) == 200
    assert answer(host="rebound.example", listens_on="0.0.0.0", origins=origins) == 403


def test_the_login_is_made_once_and_only_its_owner_can_read_it(runs, monkeypatch):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    first = login_of_store()
    assert first == login_of_store() and len(first) > 40 and first != make_login()
    assert stat.S_IMODE(login_file().stat().st_mode) == 0o600
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "me:mine")
    assert login_of_store() == "me:mine"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), "book2lora:a-word") as address:
        yield address


def test_only_who_knows_the_password_gets_in(server):
    ask = f"{server}/api/flow_runs/filter"
    assert asked(ask, json={}).status_code == 401
    assert asked(ask, json={}, auth=("book2lora", "another")).status_code == 401
    assert asked(ask, json={}, auth=("book2lora", "a-word")).status_code == 200


def test_a_foreign_page_is_told_nothing_and_may_send_nothing_even_with_the_password(server):
    known = {"Authorization": "Basic " + base64.b64encode(b"book2lora:a-word").decode()}
    foreign = {"Origin": "http://evil.example", **known}
    told = asked(f"{server}/api/flow_runs/filter", json={}, headers=foreign)
    assert told.status_code == 403 and "access-control-allow-origin" not in told.headers
    wish = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in CLIENT.options(f"{server}/api/flows/", headers=wish).headers
    assert asked(f"{server}/api/flow_runs/filter", json={}, headers={"Host": "evil.example", **known}).status_code == 403


def test_the_own_page_under_its_other_name_is_let_in(server):
    origin = server.replace("127.0.0.1", "localhost")
    told = asked(f"{server}/api/flow_runs/filter", json={}, auth=("book2lora", "a-word"), headers={"Origin": origin})
    assert told.status_code == 200 and told.headers["access-control-allow-origin"] == origin
