"""A web page that is open in the same browser cannot drive the server: real Chromium, another origin, a rebound name."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest
from served import served

LOGIN = "book2lora:a-word"
PAGE = """<!doctype html><title>begun</title><script>
const A = '%s/api', J = {method: 'POST', headers: {'Content-Type': 'application/json'}};
const send = (path, data, more) => fetch(A + path, {...J, ...more, body: JSON.stringify(data)});
const post = async (path, data) => (await send(path, data)).json();
const socket = new Promise(done => {
  const s = new WebSocket(A.replace('http', 'ws') + '/events/in');
  s.onopen = () => done('open'); s.onerror = () => done('refused');
});
(async () => {
  const said = [];
  for (const more of [{}, {mode: 'no-cors', headers: {'Content-Type': 'text/plain'}}, {credentials: 'include'}])
    try { said.push((await send('/flows/', {name: 'evil-page'}, more)).type) } catch { said.push('refused') }
  try {
    const flow = await post('/flows/', {name: 'evil-page'});
    const made = await post('/deployments/', {name: 'evil-page', flow_id: flow.id, work_pool_name: 'cpu', entrypoint: 'x.py:f',
      path: '.', pull_steps: [{'prefect.deployments.steps.run_shell_script': {script: 'touch it-ran'}}]});
    await post('/deployments/' + made.id + '/create_flow_run', {});
    said.push('made');
  } catch { said.push('refused') }
  document.title = 'ended: ' + [...said, await socket].join(' ');
})()</script>"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("hostile"), LOGIN) as address:
        made = httpx.post(f"{address}/api/work_pools/", json={"name": "cpu", "type": "process"}, auth=tuple(LOGIN.split(":")), timeout=60)
        assert made.status_code == 201
        yield address


@pytest.fixture(scope="module")
def browser(server):
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]")
    from reporting.browser import CHROMIUM, chromium

    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with chromium("--host-resolver-rules=MAP rebound.example 127.0.0.1") as browser:
        yield browser


@contextmanager
def another_origin(text):
    """The address of a site that shows this page."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=partial(site.serve_forever, 0.05), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{site.server_port}"
    finally:
        site.shutdown()


def made_by_the_page(server):
    """Flows, deployments and runs that are on the server."""
    return [
        httpx.post(f"{server}/api/{kind}/filter", json={}, auth=tuple(LOGIN.split(":")), timeout=60).json()
        for kind in ("flows", "deployments", "flow_runs")
    ]


def test_a_page_of_another_origin_makes_nothing_and_reads_nothing(server, browser):
    with another_origin(PAGE % server) as site:
        page = browser.new_page()
        page.goto(site)
        page.wait_for_function("document.title.startsWith('ended')", timeout=30_000)
    said = page.title().split(": ")[1].split()
    assert said == ["refused", "opaque", "refused", "refused", "refused"]  # opaque: sent without leave, answered 403
    assert made_by_the_page(server) == [[], [], []]


def test_not_even_with_the_password_that_the_browser_knows(server, browser):
    text = PAGE.replace("'Content-Type': 'application/json'", "'Content-Type': 'application/json', Authorization: 'Basic ' + btoa(LOGIN)")
    text = text.replace("btoa(LOGIN)", f"btoa('{LOGIN}')")
    with another_origin(text % server) as site:
        page = browser.new_page()
        page.goto(site)
        page.wait_for_function("document.title.startsWith('ended')", timeout=30_000)
    assert "made" not in page.title() and made_by_the_page(server) == [[], [], []]


def test_a_name_that_was_rebound_to_this_machine_is_refused(server, browser):
    answer = browser.new_page().goto(f"http://rebound.example:{urlsplit(server).port}/")
    assert answer.status == 403
