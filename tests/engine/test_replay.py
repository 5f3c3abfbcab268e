"""A flow is walked through kept results alone: it gives what a run gives, or nothing."""

import pytest

from tasks.engine.prefect_flow import flow
from tasks.engine.prefect_stage import stage
from tasks.engine.replay import replay, run_unrecorded
from tasks.engine.stage import Stage
from tasks.schemas.errors import BookError, StoreError
from tasks.store.paths import get_store_lock
from tasks.store.studies.store_contents import remove_entries


@stage(run_name="double {number}", sources=())
def double_number(number: int) -> int:
    """Twice a number."""
    return 2 * number


@pytest.fixture(autouse=True)
def english_reader(monkeypatch):
    """The lines of these tests are English."""
    monkeypatch.setenv("BOOK2LORA_LANG", "en")


@flow(name="sum", run_name="sum")
def add_doubles(numbers: list[int]) -> int:
    """The sum of the doubles."""
    return sum(double_number(number) for number in numbers)


def keep_result(number: int) -> None:
    """As a run of the stage does."""
    Stage.run(double_number, double_number.bind(number))


def test_a_replay_gives_what_is_kept_and_tells_each_stage(runs, capsys):
    keep_result(1), keep_result(2)
    capsys.readouterr()
    assert replay(add_doubles, [1, 2]) == 6
    assert capsys.readouterr().err.split() == ["✓", "double_number", "cached"] * 2


def test_a_replay_makes_nothing_and_gives_nothing_where_a_stage_has_no_result(runs):
    keep_result(1)
    kept = {*runs.rglob("*")}
    assert replay(add_doubles, [1, 2]) is None
    assert {*runs.rglob("*")} - kept <= {get_store_lock()}


def test_what_a_replay_told_is_not_told_again_and_what_it_did_not_find_is(runs, capsys):
    keep_result(1)
    replay(add_doubles, [1, 2])
    capsys.readouterr()
    keep_result(1), keep_result(2)
    assert capsys.readouterr().err.split()[:2] == ["✓", "double_number"]
    keep_result(2)
    assert "cached" in capsys.readouterr().err, "the replay had not found it"


def test_an_error_that_a_run_will_tell_ends_a_replay_and_a_fault_of_the_code_does_not_hide(runs):
    @flow(name="failing", run_name="failing")
    def fail(error: Exception) -> int:
        raise error

    assert replay(fail, BookError("no text")) is None
    with pytest.raises(ZeroDivisionError):
        replay(fail, ZeroDivisionError())


def test_a_walk_without_a_record_makes_what_is_missing_keeps_it_and_is_silent(runs, capsys):
    keep_result(1)
    capsys.readouterr()
    assert run_unrecorded(add_doubles, [1, 2]) == 6
    assert capsys.readouterr() == ("", "")
    assert replay(add_doubles, [1, 2]) == 6, "what was made was not kept"
    assert capsys.readouterr().err.count("cached") == 2, "the silence outlasted the walk"


def test_a_walk_without_a_record_raises_what_is_amiss(runs):
    @flow(name="failing", run_name="failing")
    def fail() -> int:
        raise BookError("no text")

    with pytest.raises(BookError, match="no text"):
        run_unrecorded(fail)


def test_nothing_is_removed_during_a_walk_without_a_record(runs):
    with pytest.raises(StoreError):
        run_unrecorded(remove_entries, list)
    remove_entries(list)
