"""Prefect's server is away, another, closed to us, or knows no such deployment: one sentence before any work, with its exit code."""

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from support.command_call import call_command

from tasks.engine.orchestration import prefect_api
from tasks.schemas.errors import PlanError, ServerError


@contextmanager
def answering(status, body):
    """A server that always answers so."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *anything):
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def book2lora(tmp_path, *arguments, url=""):
    """The command where PREFECT_API_URL names this server; its exit code and what it tells."""
    environment = {"RUNS_DIR": str(tmp_path), "BOOK2LORA_LANG": "en", "PREFECT_API_URL": url}
    with temporary_settings({PREFECT_API_URL: url} if url else {}):
        done = call_command(*arguments, **environment)
    assert not list(tmp_path.glob("passages")), "nothing was done before"
    return done.returncode, done.stderr


def test_a_gpu_worker_without_a_server_is_a_wrong_command(tmp_path):
    code, told = book2lora(tmp_path, "sweep", "--gpu", "arm/gpu")
    assert code == 2 and "--gpu arm/gpu: set PREFECT_API_URL" in told


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b"{}", "lets us not in (401): set PREFECT_API_AUTH_STRING"),
        (200, b"<html>the dashboard</html>", "is no Prefect API; such an address ends with /api"),
    ],
)
def test_a_server_that_is_no_use_is_told_without_the_login_in_its_address(
    tmp_path, status, body, told
):
    with answering(status, body) as place:
        code, said = book2lora(tmp_path, "study", url=f"http://me:hidden-word@{place}/api")
    assert code == 1 and told in said, said
    assert "hidden-word" not in said


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "127.0.0.1:4200/api"])
def test_a_server_that_is_away_or_no_address_is_told(tmp_path, url):
    code, told = book2lora(tmp_path, "study", url=url)
    last = told.splitlines()[-1]
    assert code == 1 and last.startswith("book2lora: ServerError") and url in last, told


def test_a_server_that_takes_the_call_and_never_answers_is_told_in_time(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        monkeypatch.setenv("PREFECT_API_URL", url)
        monkeypatch.setattr(prefect_api, "RESPONSE_TIMEOUT_SECONDS", 0.5)
        with (
            temporary_settings({PREFECT_API_URL: url}),
            pytest.raises(ServerError, match=r"does not answer \(ReadTimeout\)"),
        ):
            prefect_api.ensure_reachable()


def test_an_unknown_deployment_is_told_with_those_that_there_are_before_anything_is_prepared(rerun):
    from prefect import get_client

    from flows.study import run_study

    with get_client(sync_client=True) as client:
        client.create_deployment(
            flow_id=client.create_flow(run_study.as_prefect_flow), name="there"
        )
    with pytest.raises(PlanError, match=r"knows no deployment 'tune/nowhere'.*study/there"):
        rerun(gpu="tune/nowhere")
