"""The local page for tests: in this process with workers that answer at once, or as the command."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from flows.app.plan_jobs import JobWorkers, PlanJob
from flows.app.site import build_site
from support.prefect_team import find_free_port
from tasks.schemas.errors import StudyError

ROOT = Path(__file__).parents[2]
PORT, SECRET = 8420, "a-token-of-thirty-two-letters-and-more"
ADDRESS = f"http://127.0.0.1:{PORT}"


class PromptWorkers(JobWorkers):
    """Answers in this process before it returns; notes what it was asked with."""

    def __init__(self):
        super().__init__()
        self.environments = []
        self.answered = {}

    def find(self, question, plan, environment, language):
        return self.answered.get((question.__name__, plan.model_dump_json()))

    def ask(self, question, plan, environment, language, *, again=False):
        self.environments.append(dict(environment))
        future = Future()
        try:
            future.set_result(question(plan))
        except StudyError as error:
            future.set_exception(error)
        job = PlanJob(future, Path("/nonexistent/events"))
        self.answered[question.__name__, plan.model_dump_json()] = job
        return job


def make_client(workers=None, *, is_in: bool = True, secret: str = SECRET) -> TestClient:
    """A browser at the page, signed in unless told otherwise."""
    site = build_site(secret, "127.0.0.1", PORT)
    site.app.state.workers = workers or PromptWorkers()
    client = TestClient(site, base_url=ADDRESS)
    if is_in:
        assert client.get(f"/?token={secret}").status_code == 200
    return client


def make_second_browser(client: TestClient) -> TestClient:
    """Another browser at the same page."""
    other = TestClient(client.app, base_url=ADDRESS)
    assert other.get(f"/?token={SECRET}").status_code == 200
    return other


@contextmanager
def run_app(store: Path, log: Path, port: int = 0, **environment: str) -> Iterator[str]:
    """`book2lora app` over a store; gives its address with the token."""
    port = port or find_free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    own = {"RUNS_DIR": str(store), "BOOK2LORA_LANG": "en", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "flows.cli.main", "app", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=kept | own | environment, stdout=out, stderr=out
        )
    try:
        yield _wait_for_address(process, log)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_address(process: subprocess.Popen, log: Path) -> str:
    import time

    for _ in range(1200):
        if found := re.search(r"http://\S+", log.read_text()):
            return found[0]
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no address within two minutes: {log.read_text()}")
