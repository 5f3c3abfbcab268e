"""A stage is done once for the same inputs and code, whatever runs it; its record is checked before it is believed."""

import json

import pytest

from tasks.engine.run_timings import get_timings, reset_timings
from tasks.engine.stage import NotCached, Stage, forced_stages, running_key
from tasks.schemas.result_rows import TrainingStep
from tasks.store.artifacts import TrainingSteps
from tasks.store.paths import get_runs_dir


def write_steps(number: int) -> TrainingSteps:
    """A table of one row."""
    CALLS.append(number)
    return TrainingSteps.save_rows([TrainingStep(step=number, epoch=0, loss=1.0)])


CALLS: list[int] = []


@pytest.fixture
def stage(runs):
    CALLS.clear()
    reset_timings()
    return Stage(write_steps, sources=())


def test_the_second_call_finds_what_the_first_made(stage):
    assert stage(1) == stage(1)
    assert CALLS == [1]
    assert [timing.cached for timing in get_timings().stages] == [False, True]


def test_seconds_and_memory_stand_in_the_record(stage):
    stage(1)
    record = json.loads((get_runs_dir() / "results" / stage.bind(1).key).read_text("utf-8"))
    assert record["stage"] == "write_steps" and record["seconds"] >= 0 and record["memory_mb"] > 1


def test_a_table_that_is_gone_is_made_again(stage):
    stage(1).path.unlink()
    stage(1)
    assert CALLS == [1, 1]


def test_a_forced_stage_is_done_again(stage):
    stage(1)
    token = forced_stages.set(frozenset({"write_steps"}))
    stage(1)
    forced_stages.reset(token)
    assert CALLS == [1, 1]


def test_find_gives_kept_results_only(stage):
    with pytest.raises(NotCached):
        stage.find(stage.bind(1))
    made = stage(1)
    assert stage.find(stage.bind(1)) == made
    assert CALLS == [1]


def test_a_stage_knows_its_key_while_it_runs(runs):
    seen = []

    def note() -> int:
        seen.append(running_key())
        return 1

    stage = Stage(note, sources=())
    stage()
    assert seen == [stage.bind().key]


def test_another_version_and_other_content_are_other_keys(runs):
    one = Stage(write_steps, sources=(), version=1, content=lambda given: "prompt")
    assert (
        one.bind(1).key
        != Stage(write_steps, sources=(), version=2, content=lambda given: "prompt").bind(1).key
    )
    assert (
        one.bind(1).key
        != Stage(write_steps, sources=(), version=1, content=lambda given: "prompt.").bind(1).key
    )
    assert (
        one.bind(1).key
        == Stage(write_steps, sources=(), version=1, content=lambda given: "prompt").bind(1).key
    )
