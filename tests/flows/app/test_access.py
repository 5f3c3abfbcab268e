"""Who may use the page: the token, the cookie, foreign hosts and origins, two persons' keys."""

import pytest
from starlette.testclient import TestClient
from support.app_site import ADDRESS, SECRET, make_client, make_second_browser

from flows.app.access import SessionKeeper, load_token
from flows.app.serve_app import serve_app
from flows.app.site import build_site
from tasks.engine.readiness.plan_check import PlanCheck
from tasks.schemas.errors import PlanError

CHOICES = "flows.app.routes.choice_pages"
PAGES = ["/", "/plans/a/book", "/plans/a/choices", "/plans/a/items", "/plans/a/run", "/studies/a"]


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    monkeypatch.setattr("flows.app.access.GUESS_SECONDS", 0.0)
    monkeypatch.setattr(f"{CHOICES}.check_planned_study", lambda plan: PlanCheck([], []))


@pytest.mark.parametrize("page", PAGES)
def test_nobody_comes_in_without_the_token(page):
    answer = make_client(is_in=False).get(page)
    assert answer.status_code == 401 and "Who is there?" in answer.text


@pytest.mark.parametrize(
    "page", ["/books", "/language", "/key", "/plans/a/run", "/studies/a/remove"]
)
def test_nothing_is_done_without_the_token(page):
    assert make_client(is_in=False).post(page, data={"x": "1"}).status_code == 401


def test_the_token_becomes_a_cookie_and_leaves_the_address():
    client = make_client(is_in=False)
    answer = client.get(f"/?token={SECRET}", follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert answer.status_code == 303 and SECRET not in answer.headers["location"]
    assert "httponly" in cookie and "samesite=strict" in cookie and SECRET not in cookie
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", SECRET[:-1], SECRET + "x"])
def test_a_wrong_token_and_a_wrong_password_open_nothing(token):
    client = make_client(is_in=False)
    assert client.get("/", params={"token": token}).status_code == 401
    assert client.post("/login", data={"secret": token}).status_code == 401
    assert client.get("/").status_code == 401


def test_the_password_can_be_typed():
    client = make_client(is_in=False)
    assert client.post("/login", data={"secret": SECRET}).status_code == 200
    assert client.get("/").status_code == 200


def test_a_forged_cookie_opens_nothing():
    keeper, other = SessionKeeper(SECRET, 1), SessionKeeper("another secret", 1)
    assert keeper.find_session(keeper.sign_new_session()) is not None
    for forged in (other.sign_new_session(), "abc.def", "", ".", "x" * 5000):
        assert keeper.find_session(forged) is None


def test_a_cookie_outlives_a_restart_and_what_the_session_held_does_not():
    before = SessionKeeper(SECRET, 1)
    cookie = before.sign_new_session()
    before.find_session(cookie).writer["OPENAI_API_KEY"] = "sk-secret-one"
    assert SessionKeeper(SECRET, 1).find_session(cookie).writer == {}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example"])
def test_a_foreign_host_name_is_refused(host):
    assert make_client().get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_a_page_of_another_origin_does_nothing(origin):
    answer = make_client().post("/examples", data={"language": "en"}, headers={"origin": origin})
    assert answer.status_code == 403


def test_every_answer_forbids_foreign_and_inline_scripts_and_being_framed():
    client = make_client()
    for path in ("/", "/static/app.js", "/static/page.css", "/nothing", "/plans/none/book"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy and headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_pages_hold_no_inline_script_and_no_inline_style():
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    for path in ("/", "/plans/handbook/run"):
        text = client.get(path).text
        assert "<style" not in text and " style=" not in text and " onclick" not in text
        assert text.count("<script") == text.count('<script src="/static/')


def test_one_persons_key_is_neither_shown_nor_given_to_another(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    first = make_client()
    second, workers = make_second_browser(first), first.app.app.state.workers
    first.post("/key", data={"OPENAI_API_KEY": "sk-of-the-first-person"})
    for browser in (first, second):
        browser.post("/examples", data={"language": "en"}, follow_redirects=False)
        assert "sk-of-the-first-person" not in browser.get("/").text
    assert "is kept for this session" in first.get("/").text
    assert "is kept for this session" not in second.get("/").text
    for browser in (first, second):
        browser.get("/plans/handbook/check")
    assert workers.environments[-2]["OPENAI_API_KEY"] == "sk-of-the-first-person"
    assert "OPENAI_API_KEY" not in workers.environments[-1]
    first.post("/key", data={"OPENAI_API_KEY": ""})
    first.get("/plans/handbook/check")
    assert "OPENAI_API_KEY" not in workers.environments[-1]


def test_a_persons_own_server_never_gets_the_key_of_the_program(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-owner")
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    client.post("/key", data={"OPENAI_BASE_URL": "https://evil.example/v1"})
    client.get("/plans/handbook/check")
    own = client.app.app.state.workers.environments[-1]
    assert own["OPENAI_BASE_URL"] == "https://evil.example/v1" and "OPENAI_API_KEY" not in own


def test_a_key_is_in_no_file(tmp_path):
    client = make_client()
    client.post("/key", data={"OPENAI_API_KEY": "sk-in-no-file-at-all"})
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    client.get("/plans/handbook/check")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not [p for p in files if b"sk-in-no-file-at-all" in p.read_bytes()]


def test_a_form_that_is_no_key_is_refused():
    client = make_client()
    assert client.post("/key", data={"OPENAI_API_KEY": "a\nb"}).status_code == 400
    assert client.post("/key", data={"OPENAI_API_KEY": "x" * 501}).status_code == 400


def test_the_token_is_kept_for_its_owner_alone(tmp_path):
    token, file = load_token(), tmp_path / "runs" / "app" / "token"
    assert load_token() == token and len(token) >= 32
    assert file.stat().st_mode & 0o777 == 0o600


def test_others_are_let_in_behind_a_password_only(monkeypatch):
    monkeypatch.delenv("BOOK2LORA_APP_PASSWORD", raising=False)
    with pytest.raises(PlanError, match="BOOK2LORA_APP_PASSWORD"):
        serve_app(host="0.0.0.0", port=0)


def test_over_the_network_a_number_is_an_own_host_and_a_name_of_others_is_not():
    site = build_site("a password", "0.0.0.0", 8420)
    browser = TestClient(site, base_url="http://10.0.0.7:8420")
    assert browser.get("/").status_code == 401
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(("back", "gone"), [("/studies/a", "/studies/a"), ("//evil.example", "/")])
def test_a_language_is_kept_and_leads_nowhere_else(back, gone):
    client = make_client()
    form = {"language": "fa", "back": back}
    answer = client.post("/language", data=form, follow_redirects=False)
    assert answer.headers["location"] == gone
    text = client.get("/").text
    assert 'lang="fa" dir="rtl"' in text and ADDRESS not in text
