"""The table of studies shows every study, what became of it and how it differs, and names each that cannot be read."""

import json
import os

import pytest
from support.command_call import call_command
from support.study_folders import VERDICT, write_study

from flows.cli.studies.run_table import build_row, format_size
from tasks.language.catalogue import load_catalogue
from tasks.schemas.messages import build_message
from tasks.schemas.plan_file import parse_plan
from tasks.store.studies.study_records import RunRecord, claim_folder, list_runs, save_record

EN = load_catalogue("en")


def tell_runs(*arguments: str, language: str = "en") -> str:
    done = call_command("runs", *arguments, BOOK2LORA_LANG=language)
    assert done.returncode == 0
    return done.stdout


def write_record(store, name: str, content: str) -> None:
    (store / "studies" / name).mkdir(parents=True)
    (store / "studies" / name / "verdict.json").write_text(content, "utf-8")


def test_a_broken_record_hides_no_other(runs):
    broken = {"cut": '{"verdict": "impr', "list": "[]", "number": '{"verdict": 3, "base": 1}'}
    for name, content in {"sound": json.dumps(VERDICT), **broken}.items():
        write_record(runs, name, content)
    lines = {line.split()[0]: line for line in tell_runs().splitlines()[1:]}
    assert "improved: 25.0% → 50.0%" in lines.pop("sound")
    assert lines.keys() == broken.keys()
    assert all("cannot be read" in line for line in lines.values())


def test_state_date_differences_and_size_stand_in_the_line(runs):
    first = write_study("laptop", {1: True})
    write_study("laptop", {1: True}, **{"finetuning.seed": 1, "finetuning.rank": 3})
    head, one, two = tell_runs().splitlines()
    assert head.split() == [
        "study",
        "state",
        "date",
        "(UTC)",
        "book",
        "base",
        "differs",
        "in",
        "verdict",
        "size",
    ]
    size = sum(p.stat().st_size for p in first.rglob("*") if p.is_file())
    assert one.rstrip().endswith(f"{size / 1e3:.1f} kB")
    assert one.split()[:6] == ["laptop", "done", "2026-01-02", "03:04", "handbook.pdf", "tiny"]
    assert "finetuning.rank 16 → 3, finetuning.seed 0 → 1" in two
    assert two.startswith("laptop-2") and "finetuning" not in one


def test_failed_stopped_and_running_ones_are_listed_with_where_and_why(runs):
    for name, update in {
        "broken": {
            "state": "failed",
            "stage": "finetune_adapter",
            "failure": (build_message("no-end-token"), "two"),
        },
        "stopped": {"stage": "read_book"},
    }.items():
        plan = parse_plan({"name": name}).model_dump(mode="json")
        record, handle = claim_folder("studies", RunRecord(name=name, asked=name, plan=plan))
        os.close(handle)
        save_record("studies", record.model_copy(update=update))
    plan = parse_plan({"name": "living"}).model_dump(mode="json")
    _, handle = claim_folder("studies", RunRecord(name="living", asked="living", plan=plan))
    lines = {line.split()[0]: line for line in tell_runs().splitlines()[1:]}
    os.close(handle)
    assert lines["broken"].split()[1] == "failed"
    assert "finetune_adapter: base.model: its tokenizer has no end-of-text token" in lines["broken"]
    assert lines["stopped"].split()[1] == "stopped" and "read_book" in lines["stopped"]
    assert lines["living"].split()[1] == "running"
    told = json.loads(tell_runs("--json"))
    assert {row["name"]: row["state"] for row in told} == {
        "broken": "failed",
        "stopped": "stopped",
        "living": "stopped",
    }
    assert next(row for row in told if row["name"] == "broken")["failure"][1] == "two"


def test_a_failure_is_told_in_the_reader_s_language(runs):
    plan = parse_plan({"name": "a"}).model_dump(mode="json")
    record, handle = claim_folder("studies", RunRecord(name="a", asked="a", plan=plan))
    os.close(handle)
    save_record(
        "studies",
        record.model_copy(update={"state": "failed", "failure": (build_message("no-end-token"),)}),
    )
    (row,) = [build_row(run) for run in list_runs()]
    assert row.failure == [load_catalogue("fa").format_message(build_message("no-end-token"))]
    assert "ناموفق" in tell_runs(language="fa")


def test_json_has_every_figure(runs):
    folder = write_study("laptop", {1: True, 2: False}, **{"base.model": "/models/base"})
    (told,) = json.loads(tell_runs("--json"))
    assert told["kind"] == "study" and told["path"] == str(folder)
    assert (told["book"], told["base"]) == ("books/handbook.pdf", "/models/base")
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    assert told["result"] == VERDICT and told["size"] == size
    assert told["differences"] == {} and told["notes"] == told["tags"] == []


def test_what_answers_cost_and_what_may_have_been_charged_are_two_figures(runs):
    folder = write_study("paid", {1: True}, **{"generation.writer": "gpt"})
    assert "cost" not in tell_runs()
    told = json.loads((folder / "study.json").read_text())
    money = {"writing": {"cost_usd": 3.187, "lost_usd": 0.54}}
    (folder / "study.json").write_text(json.dumps(told | money))
    head, line = tell_runs().splitlines()
    assert "cost" in head and "$3.19 spent, $0.54 may have been charged" in line
    (row,) = json.loads(tell_runs("--json"))
    assert (row["cost_usd"], row["lost_usd"]) == (3.187, 0.54)


def test_a_sweep_is_listed_with_the_setting_that_it_chose(runs):
    place = runs / "sweeps" / "wide"
    place.mkdir(parents=True)
    told = {
        "verdict": VERDICT,
        "chosen": {"name": "rank=8"},
        "plan": {"study": {"book": "b.pdf", "base": {"model": "tiny"}}},
    }
    (place / "sweep.json").write_text(json.dumps(told))
    line = tell_runs().splitlines()[1]
    assert line.startswith("wide") and "rank=8: improved: 25.0% → 50.0%" in line and "b.pdf" in line


def test_control_characters_of_a_folder_do_not_reach_the_terminal(runs):
    write_record(runs, "red\x1b[31m", json.dumps(VERDICT))
    assert "\x1b" not in tell_runs() and "red⟦U+001B⟧[31m" in tell_runs()


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0.0 kB"), (99_999, "100.0 kB"), (100_000, "0.1 MB"), (1_234_567_890, "1\u202f234.6 MB")],
)
def test_sizes(size, told):
    assert format_size(size, EN) == told
