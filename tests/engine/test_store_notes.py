"""A store of 0.1: told once in a line, its records never read as ours, its study folders open."""

import json

import pytest

from flows.cli.export_adapter import find_study_folder, read_base_path
from flows.cli.studies.run_table import build_row
from flows.cli.summary import format_verdict_cell
from tasks.engine.stage import NotCached, Stage
from tasks.engine.store_notes import tell_older_store
from tasks.language.catalogue import load_catalogue
from tasks.store.studies.study_records import list_runs

SENTENCE = "made by book2lora 0.1: stages are done again, answers that were paid for are kept"


def count_pages(number: int) -> int:
    """A stage."""
    return number


@pytest.fixture
def old_store(runs, monkeypatch):
    """What a study by 0.1 left: Prefect's records, their timings, and a study folder."""
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    stage = Stage(count_pages, sources=())
    for place, content in {
        f"results/{stage.bind(3).key}": {
            "metadata": {"serializer": {"type": "json"}, "storage_key": "x"},
            "result": "3",
        },
        "timings/count_pages/v1-0123.json": {"stage": "count_pages", "seconds": 1, "memory_mb": 1},
        "studies/old/verdict.json": {
            "name": "old",
            "verdict": "improved",
            "mode": "cloze",
            "set": "same_fact",
            "n": 198,
            "base": {"rate": 0.283},
            "tuned": {"rate": 0.566},
            "gained": 68,
            "lost": 12,
            "p_value": 1.2e-10,
        },
        "studies/old/study.json": {
            "name": "old",
            "artifacts": {"checkpoint": {"path": "/models/tiny", "digest": "d"}},
        },
        "studies/old/adapter/adapter_model.safetensors": "weights",
    }.items():
        path = runs / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), "utf-8")
    return runs


def test_an_older_store_is_told_once(old_store, capsys):
    tell_older_store()
    assert capsys.readouterr().err.count(SENTENCE) == 1
    tell_older_store()
    assert capsys.readouterr().err == ""


def test_a_new_store_is_told_nothing(runs, capsys):
    tell_older_store()
    (runs / "timings").mkdir()
    tell_older_store()
    assert capsys.readouterr().err == ""


def test_its_records_are_not_taken_for_results(old_store):
    stage = Stage(count_pages, sources=())
    with pytest.raises(NotCached):
        stage.find(stage.bind(3))
    assert stage(3) == 3


def test_its_study_folders_are_listed_and_their_adapters_found(old_store, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    (row,) = [build_row(run) for run in list_runs()]
    figures = "improved: 28.3% → 56.6% (same_fact, cloze, n = 198, p = 1.2e-10)"
    assert (row.name, row.state) == ("old", "done")
    assert format_verdict_cell(row.result, load_catalogue("en")) == figures
    assert find_study_folder("old") == old_store / "studies" / "old"
    assert read_base_path(find_study_folder("old")) == "/models/tiny"
