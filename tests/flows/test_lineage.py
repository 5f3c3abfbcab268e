"""The whole way of an endpoint that moves: fork, its next plan, and every place that tells the verdict of that."""

import json
import re
import shutil

from support.small_study import build_small_plan

from flows.cli import summary
from flows.cli.studies.run_table import build_row
from tasks.diagnosis import next_plan
from tasks.language.catalogue import load_catalogue
from tasks.schemas.plan_file import load_plan
from tasks.schemas.result_rows import Finding
from tasks.store.studies.study_records import list_runs

SAY = load_catalogue("fa")


def moved(plan, findings, *history):
    """What a rule's remedy makes of the plan: the set with the visible gain becomes the primary one."""
    return Finding(
        rule="not-carried-over",
        evidence={},
        priority=1.0,
        remedy={"comparison.primary_set": "same_fact"},
    )


def read(store, name, file):
    return (store / "studies" / name / file).read_text("utf-8")


def done(ran):
    return [name for name, how in ran if how == "done"]


def test_an_endpoint_moved_after_the_answers_is_exploratory_wherever_its_verdict_is_told(
    rerun, monkeypatch
):
    shutil.rmtree(rerun.store / "looks")  # as if nobody had decided on these questions
    fork = build_small_plan(name="fork", **{"comparison.primary_set": "new_fact"})
    monkeypatch.setattr(
        next_plan, "select_followed_findings", lambda plan, findings: [moved(plan, findings)]
    )
    rerun(fork)
    assert SAY["primary_note"] in read(rerun.store, "fork", "index.html")
    assert not json.loads(read(rerun.store, "fork", "verdict.json"))["exploratory"]
    following = load_plan(rerun.store / "studies" / "fork" / "next-plan.yaml")
    assert (
        following.lineage.chosen_after == ("endpoint",) and following.lineage.predecessor == "fork"
    )
    (*_, warned, command) = summary.summarize_study(rerun.store / "studies" / "fork")
    assert warned == json.loads(read(rerun.store, "fork", "study.json"))["next_note"]
    assert "سنجهٔ اصلی" in warned and SAY["terminal"]["next"].split(":")[0] in command

    assert done(rerun(following)) == ["diagnose_tuning", "write_report"]
    told = json.loads(read(rerun.store, "fork-next", "verdict.json"))
    assert told["exploratory"] is True and told["look"] == 2
    assert "تأییدشده نیست" in told["sentence"] or told["verdict"] in ("identical", "inconclusive")
    assert "comparison.primary_set new_fact → same_fact" in told["history"]
    verdict, *others = summary.summarize_study(rerun.store / "studies" / "fork-next")
    mark = f" ({SAY['exploratory']}): "
    assert mark in verdict and any("انتخاب شد: سنجهٔ اصلی" in line for line in others)
    (listed,) = [build_row(run) for run in list_runs() if run.folder.name == "fork-next"]
    assert mark in summary.format_verdict_cell(listed.result, SAY)
    for file in ("index.html", "report.md"):
        text = re.sub(r"\\(.)", r"\1", read(rerun.store, "fork-next", file))
        assert f"({SAY['exploratory']})" in text and SAY["primary_note"] not in text, file
        assert "انتخاب شد: سنجهٔ اصلی" in text, file
    card = read(rerun.store, "fork-next", "adapter/README.md")
    assert "** (exploratory): " in card and "first in fork" in card
    assert {how for _, how in rerun(following)} == {"cached"}, (
        "the very same study again is what it was"
    )
    assert json.loads(read(rerun.store, "fork-next", "verdict.json")) == told


def test_the_store_knows_an_endpoint_that_was_moved_by_hand_and_counts_a_second_look(rerun):
    rerun(build_small_plan(name="again"))
    told = json.loads(read(rerun.store, "again", "verdict.json"))
    assert (told["exploratory"], told["look"]) == (False, 2) and "نخست در «small»" in told[
        "history"
    ]
    rerun(build_small_plan(name="fork", **{"comparison.primary_set": "new_fact"}))
    told = json.loads(read(rerun.store, "fork", "verdict.json"))
    assert (told["exploratory"], told["look"]) == (True, 3)
    assert "اکتشافی، نه تأییدشده" in read(rerun.store, "fork", "index.html")
    rerun(build_small_plan())
    assert json.loads(read(rerun.store, "small", "verdict.json"))["look"] == 1
