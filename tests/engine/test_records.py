"""Kept records are data: what is not in their form is refused, never executed, and its stage is done again."""

import json

import pytest

FOREIGN = {
    "an orchestrator's record of an earlier version": {
        "metadata": {"serializer": {"type": "pickle"}},
        "result": "gASV",
    },
    "a stage's name alone": {"stage": "compare_answers"},
    "another type": [1, 2],
    "not an object": "\x80\x04nonsense",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_record_is_refused_and_its_stage_done_again(rerun, name):
    record = next((rerun.store / "results").glob("compare_answers/*"))
    record.write_text(json.dumps(FOREIGN[name]), "utf-8")
    assert [stage for stage, how in rerun() if how == "done"] == ["compare_answers"]
    assert json.loads(record.read_text("utf-8"))["stage"] == "compare_answers"


def test_a_record_that_is_not_json_is_done_again(rerun):
    record = next((rerun.store / "results").glob("compare_answers/*"))
    record.write_bytes(b"\x80\x04\x95")
    assert [stage for stage, how in rerun() if how == "done"] == ["compare_answers"]


def test_a_record_whose_form_is_another_is_done_again(rerun):
    record = next((rerun.store / "results").glob("compare_answers/*"))
    record.write_text(record.read_text("utf-8").replace("digest", "digset"), "utf-8")
    assert [stage for stage, how in rerun() if how == "done"] == ["compare_answers"]


def test_records_lie_in_the_store_where_only_their_owner_reads_them(rerun):
    assert (rerun.store / "results").stat().st_mode & 0o077 == 0
    assert list((rerun.store / "results").glob("write_report/*"))
