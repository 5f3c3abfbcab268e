"""What all tests share: a store of their own, one quiet Prefect for the session, no keys from outside."""

import fcntl
import json
import os
import shutil
import tempfile
from types import SimpleNamespace

import hypothesis
import pytest

# On a busy machine a first example takes longer than hypothesis allows; pytest's own timeout ends what hangs.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

# Before anything imports Prefect: its history and results lie in a folder of this session.
os.environ["RUNS_DIR"] = os.environ.get("BOOK2LORA_TEST_RUNS") or tempfile.mkdtemp(
    prefix="book2lora-tests-"
)
for name in (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "PREFECT_HOME",
    "PREFECT_API_URL",
    "PREFECT_LOCAL_STORAGE_PATH",
):
    os.environ.pop(name, None)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["BOOK2LORA_LANG"] = "fa"  # whatever the machine speaks
os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # each of the test workers has a core, not all of them

from support.small_study import build_small_plan, run_study_in  # noqa: E402

from tasks.engine.orchestration.prefect_settings import configure_prefect  # noqa: E402
from tasks.language import catalogue  # noqa: E402, F401 (so that errors are in words)

configure_prefect()


# Files of a minute and more on 2 cores. They are begun first, so that the workers of `make test` end
# together; those that share the finished study stand apart, since one waits while the other makes it.
LONG_FILES = (
    "deployments/test_server.py",
    "reading/test_hostile.py",
    "generation/openai/test_storm_and_kill.py",
    "finetuning/test_fit.py",
    "flows/test_study.py",
    "flows/test_sweep.py",
    "diagnosis/test_small_studies.py",
)


def pytest_collection_modifyitems(items):
    """The long files first, all others in their order."""

    def place(item):
        name = item.nodeid.partition("::")[0].removeprefix("tests/")
        return LONG_FILES.index(name) if name in LONG_FILES else len(LONG_FILES)

    items.sort(key=place)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty artifact store."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="session")
def prefect():
    """One temporary Prefect server for all tests that run flows (9 s once)."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory, prefect):
    """The store of a finished small study, made once for all workers of the session."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    store, ran = folder / "finished" / "runs", folder / "finished" / "stages.json"
    ran.parent.mkdir(exist_ok=True)
    with (folder / "finished" / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ran.exists():
            ran.write_text(json.dumps(run_study_in(store, patch, build_small_plan())))
    return SimpleNamespace(store=store, stages=list(map(tuple, json.loads(ran.read_text()))))


@pytest.fixture
def rerun(finished, tmp_path, monkeypatch):
    """Run a study in a copy of the finished store; gives [(stage, "cached" or "done")]."""
    store = tmp_path / "runs"
    shutil.copytree(finished.store, store, symlinks=True)

    def run(plan=None, **options):
        return run_study_in(store, monkeypatch, plan or build_small_plan(), **options)

    run.store = store
    return run
