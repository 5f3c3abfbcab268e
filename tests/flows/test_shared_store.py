"""Two machines, one bucket: what one has finished the other finds, down to the same verdict."""

import shutil

import pytest
from support.object_store import serve_bucket
from support.small_study import build_small_plan, run_study_in

from tasks.store import remote_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # real processes, real faults


@pytest.fixture
def second_machine(finished, tmp_path, monkeypatch):
    """A machine with an empty mirror; another one with the finished store has shared it before."""
    with serve_bucket(monkeypatch) as url:
        remote_store._open_remote_store.cache_clear()
        monkeypatch.setenv("RUNS_MIRROR", str(tmp_path / "first"))
        monkeypatch.setenv("RUNS_DIR", url)
        shutil.copytree(finished.store, tmp_path / "first", symlinks=True)
        for folder in (
            "results",
            *(p.name for p in finished.store.iterdir() if p.name[0] != "." and p.is_dir()),
        ):
            remote_store.push_path(tmp_path / "first" / folder)
        monkeypatch.setenv("RUNS_MIRROR", str(tmp_path / "second"))
        yield url, tmp_path / "second"


def test_another_machine_finds_everything_and_comes_to_the_same_verdict(
    finished, second_machine, monkeypatch
):
    url, here = second_machine
    assert {how for _, how in run_study_in(url, monkeypatch, build_small_plan())} == {"cached"}
    told = (here / "studies" / "small" / "verdict.json").read_bytes()
    assert told == (finished.store / "studies" / "small" / "verdict.json").read_bytes()


def test_what_a_machine_does_anew_the_first_one_finds(second_machine, monkeypatch, tmp_path):
    url, _ = second_machine
    plan = build_small_plan(**{"comparison.margin": 0.1})
    assert "done" in {how for _, how in run_study_in(url, monkeypatch, plan)}
    monkeypatch.setenv("RUNS_MIRROR", str(tmp_path / "first"))
    assert {how for _, how in run_study_in(url, monkeypatch, plan)} == {"cached"}
