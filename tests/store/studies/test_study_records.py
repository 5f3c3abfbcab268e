"""One plan, one folder: another plan under the same name gets the next number, whatever lies there, whoever runs at once or was killed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.schemas.plan_file import parse_plan
from tasks.schemas.plan_sections import NAME_LENGTH
from tasks.schemas.sweep_plan import parse_sweep
from tasks.store import study_folder
from tasks.store.studies.study_records import (
    RunRecord,
    claim_folder,
    compare_choices,
    find_folder,
    list_runs,
    number_names,
    save_record,
)
from tasks.store.study_folder import StudyFolder

ROOT = Path(__file__).parents[3]


def record_of(name: str = "laptop", book: str = "b1", writer: str = "", **changes) -> RunRecord:
    plan = parse_plan({"name": name}, changes).model_dump(mode="json")
    return RunRecord(
        name=name,
        asked=name,
        started="2026-01-01T00:00:00+00:00",
        plan=plan,
        book=book,
        writer=writer,
    )


def claim(*args, **changes) -> RunRecord:
    """Claimed by a run that is gone again."""
    record, handle = claim_folder("studies", record_of(*args, **changes))
    os.close(handle)
    return record


def write_result(name: str) -> None:
    StudyFolder.replace_folder(name, lambda folder: (folder / "verdict.json").write_text("{}"))


def test_another_plan_gets_the_next_number_and_tells_in_what_it_differs_from_the_first(runs):
    names = [claim(**{"finetuning.seed": seed}) for seed in (0, 1, 2)]
    assert [record.name for record in names] == ["laptop", "laptop-2", "laptop-3"]
    assert [record.beside for record in names] == ["", "laptop", "laptop"]
    assert names[0].differences == {}
    assert names[1].differences == {"finetuning.seed": (0, 1)}
    assert names[2].differences == {"finetuning.seed": (0, 2)}
    assert claim(**{"finetuning.seed": 1}) == names[1], "the same plan again is the same study"
    assert find_folder("studies", record_of(**{"finetuning.seed": 2})).name == "laptop-3"
    assert find_folder("studies", record_of(**{"finetuning.seed": 3})) is None
    assert sorted(p.name for p in (runs / "studies").iterdir()) == [
        "laptop",
        "laptop-2",
        "laptop-3",
    ]


def test_another_book_behind_the_same_path_and_another_server_are_other_studies(runs):
    claim()
    assert claim(book="b2").differences == {"book.digest": ("b1", "b2")}
    gpt = {"generation.writer": "gpt"}
    there = claim("paid", writer="https://a/v1", **gpt)
    assert there.name == "paid"
    assert claim("paid", writer="https://b/v1", **gpt).differences == {
        "writer.server": ("https://a/v1", "https://b/v1")
    }


def test_after_a_larger_budget_a_study_goes_on_in_its_own_folder_and_knows_the_new_one(runs):
    paid = {"generation.writer": "gpt"}
    claim(**paid, **{"generation.budget_usd": 1.0})
    more = claim(**paid, **{"generation.budget_usd": 3.0})
    assert (more.name, more.plan["generation"]["budget_usd"]) == ("laptop", 3.0)
    assert json.loads((runs / "studies" / "laptop" / "run.json").read_text("utf-8")) == json.loads(
        more.model_dump_json()
    )
    other = claim(**paid, **{"generation.budget_usd": 3.0, "finetuning.seed": 1})
    assert (other.name, list(other.differences)) == ("laptop-2", ["finetuning.seed"])


def test_a_sweep_goes_on_after_a_larger_budget_too(runs):
    for dollars in (1.0, 3.0):
        tree = {"name": "s", "grid": {"finetuning.rank": [4, 8]}}
        tree["study"] = {"generation": {"writer": "gpt", "budget_usd": dollars}}
        plan = parse_sweep(tree).model_dump(mode="json")
        record, handle = claim_folder("sweeps", RunRecord(name="s", asked="s", plan=plan))
        os.close(handle)
        assert (record.name, record.plan) == ("s", plan)


def test_what_a_folder_does_not_tell_is_no_difference():
    known = record_of(book="")
    assert compare_choices(known, record_of(writer="https://a/v1")) == {}


def test_a_folder_that_is_not_ours_is_passed_by_and_stays_as_it_is(runs):
    for name, content in (("laptop", "mine"), ("laptop-2", "mine too")):
        (runs / "studies" / name).mkdir(parents=True)
        (runs / "studies" / name / "thesis.txt").write_text(content)
    (runs / "studies" / "laptop-3").write_text("a file")
    (runs / "studies" / "laptop-4").symlink_to(runs / "nowhere")
    record = claim()
    assert (record.name, record.beside) == ("laptop-5", "")
    assert [run.folder.name for run in list_runs()] == ["laptop-5"]
    assert (runs / "studies" / "laptop" / "thesis.txt").read_text() == "mine"
    assert (runs / "studies" / "laptop-3").read_text() == "a file"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": 3}', '{"plan": 1}'])
def test_a_folder_whose_record_cannot_be_read_is_no_one_s_and_is_listed(runs, content):
    place = runs / "studies" / "laptop"
    place.mkdir(parents=True)
    (place / "run.json").write_text(content)
    assert claim().name == "laptop-2"
    assert {run.folder.name: run.record is None for run in list_runs()} == {
        "laptop": True,
        "laptop-2": False,
    }


def test_a_folder_of_an_earlier_version_is_known_by_its_study_file(runs):
    """Its plan lacks a choice that came later: that was what it is by default now."""
    place = runs / "studies" / "laptop"
    place.mkdir(parents=True)
    plan = record_of().plan
    del plan["generation"]["columns"]
    told = {"plan": plan, "book": {"digest": "b1"}, "writing": {"servers": []}}
    (place / "study.json").write_text(json.dumps(told))
    (place / "verdict.json").write_text("{}")
    assert find_folder("studies", record_of()).name == "laptop"
    other = claim(**{"finetuning.rank": 3})
    assert (other.name, list(other.differences)) == ("laptop-2", ["finetuning.rank"])
    assert claim().name == "laptop"


def test_a_choice_that_the_version_of_a_record_did_not_have_makes_no_other_study(runs):
    claim()
    place = runs / "studies" / "laptop" / "run.json"
    told = json.loads(place.read_text("utf-8"))
    del told["plan"]["generation"]["pilot_share"], told["plan"]["generation"]["extra"]
    place.write_text(json.dumps(told))
    again = claim()
    assert again.name == "laptop" and again.plan["generation"]["pilot_share"] == 0.25
    other = claim(**{"generation.pilot_share": 0.5})
    assert other.differences == {"generation.pilot_share": (0.25, 0.5)}


def test_a_sweep_of_an_earlier_version_is_known_by_its_plan_too(runs):
    plan = parse_sweep({"name": "s", "grid": {"finetuning.rank": [4, 8]}}).model_dump(mode="json")
    wanted = RunRecord(name="s", asked="s", plan=plan)
    os.close(claim_folder("sweeps", wanted)[1])
    place = runs / "sweeps" / "s" / "run.json"
    told = json.loads(place.read_text("utf-8"))
    del told["plan"]["study"]["generation"]["pilot_share"]
    place.write_text(json.dumps(told))
    assert find_folder("sweeps", wanted).plan == plan


def test_a_name_as_long_as_it_may_be_has_room_for_the_number():
    long = "n" * NAME_LENGTH
    names = number_names(long)
    assert [next(names) for _ in range(2)] == [long, "n" * (NAME_LENGTH - 2) + "-2"]


def test_a_run_is_running_while_it_lives_then_done_failed_or_stopped(runs):
    def state():
        return [run.state for run in list_runs()]

    record, handle = claim_folder("studies", record_of())
    assert state() == ["running"]
    os.close(handle)
    assert state() == ["stopped"], "nobody holds its lock"
    save_record("studies", record.model_copy(update={"state": "failed", "failure": ("why",)}))
    assert state() == ["failed"]
    again, handle = claim_folder("studies", record_of())
    assert (again.name, again.failure, state()) == ("laptop", (), ["running"])
    other, second = claim_folder("studies", record_of())
    os.close(handle)
    assert state() == ["running"], "the same study is run twice at once, and one of them lives"
    write_result(other.name)
    os.close(second)
    assert state() == ["done"], "a result in the folder is of this very plan"


def test_the_record_and_notes_stay_when_the_folder_is_written_and_are_no_part_of_it(runs, capsys):
    record = claim()
    told = []
    study = StudyFolder.replace_folder(
        record.name,
        lambda folder: (folder / "verdict.json").write_text("{}"),
        lambda folder, names: told.append(names),
    )
    save_record("studies", record.model_copy(update={"state": "done"}))
    study.verify_content()
    assert json.loads((study.path / "run.json").read_text())["state"] == "done"
    assert told == [], "the record is ours"


CLAIM = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from store.studies.test_study_records import claim
sys.stdin.readline()
for seed in {seeds}:
    print(claim(**{{"finetuning.seed": seed}}).name)
"""


def test_two_at_once_under_one_name_never_share_a_number_for_two_plans(runs):
    seeds = [[0, 2, 4, 6], [1, 3, 5, 6]]
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                CLAIM.format(root=str(ROOT), tests=str(ROOT / "tests"), seeds=asked),
            ],
            cwd=ROOT,
            env={**os.environ, "RUNS_DIR": str(runs)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for asked in seeds
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    names = [process.communicate(timeout=120)[0].split() for process in processes]
    held = {
        name: seed
        for asked, given in zip(seeds, names, strict=True)
        for seed, name in zip(asked, given, strict=True)
    }
    assert sorted(held.values()) == list(range(7)), "seven plans, seven folders"
    for run in list_runs():
        assert run.record.plan["finetuning"]["seed"] == held[run.folder.name]


KILL = """
import os, signal, sys
sys.path[:0] = [{root!r}]
from pathlib import Path
from tasks.store import study_folder
replace, left = Path.replace, [{renames}]

def replace_or_die(self, target):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return replace(self, target)

fill = lambda folder: (folder / "verdict.json").write_text('"new"')
Path.replace = replace_or_die
study_folder.StudyFolder.replace_folder("laptop", fill)
"""


@pytest.mark.parametrize(("renames", "told"), [(0, '"old"'), (1, '"old"'), (2, '"new"')])
def test_a_kill_between_the_renames_of_the_folder_loses_neither_study_nor_notes(
    runs, renames, told
):
    """At which rename: before the first, between the two, and when nothing is left to be renamed."""
    record = claim()
    StudyFolder.replace_folder(
        "laptop", lambda folder: (folder / "verdict.json").write_text('"old"')
    )
    place = runs / "studies" / "laptop"
    (place / "notes.md").write_text("mine")
    killed = subprocess.run(
        [sys.executable, "-c", KILL.format(root=str(ROOT), renames=renames)],
        cwd=ROOT,
        env={**os.environ, "RUNS_DIR": str(runs)},
        check=False,
    )
    assert killed.returncode == (0 if renames == 2 else -9)
    assert place.exists() == (renames != 1), "the kill came where it should"
    assert [run.folder.name for run in list_runs()] == ["laptop"]
    assert (place / "verdict.json").read_text() == told
    assert (place / "notes.md").read_text() == "mine"
    assert find_folder("studies", record_of()) == record
    write_result("laptop")
    assert (place / "notes.md").read_text() == "mine"
    left = {p.name for p in (runs / "studies").iterdir() if not p.name.startswith(".part-")}
    assert left == {"laptop"}


def test_notes_that_0_1_had_not_yet_moved_when_it_was_killed_are_found(runs):
    claim()
    aside = runs / "studies" / ".old-x" / "laptop"
    aside.mkdir(parents=True)
    (aside / study_folder.LIST_NAME).write_text("index.html\n")
    (aside / "index.html").write_text("old")
    (aside / "notes.md").write_text("mine")
    list_runs()
    assert (runs / "studies" / "laptop" / "notes.md").read_text() == "mine"
    assert not (runs / "studies" / ".old-x").exists()
    assert not (runs / "studies" / "laptop" / "index.html").exists()
