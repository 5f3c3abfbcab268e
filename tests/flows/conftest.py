"""One small study is run once; the tests of reruns start from a copy of its store."""

import shutil
from types import SimpleNamespace

import pytest
from small_study import run_in, small_plan


@pytest.fixture(scope="session")
def finished(tmp_path_factory, prefect):
    """The store of a finished small study."""
    store = tmp_path_factory.mktemp("finished") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        ran = run_in(store, patch, small_plan())
    return SimpleNamespace(store=store, stages=ran)


@pytest.fixture
def rerun(finished, tmp_path, monkeypatch):
    """Run a study in a copy of the finished store; gives [(stage, "cached" or "done")]."""
    store = tmp_path / "runs"
    shutil.copytree(finished.store, store, symlinks=True)

    def run(plan=None, **options):
        return run_in(store, monkeypatch, plan or small_plan(), **options)

    run.store = store
    return run
