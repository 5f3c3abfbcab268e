"""What is asked beside the study's papers is asked only where the plan says so, and redoes nothing else."""

import json

import pytest
from support.small_study import build_small_plan

from flows.prepare import prepare_items
from flows.tune import answer_aside
from tasks.engine.replay import replay, run_unrecorded
from tasks.schemas.machine import Machine
from tasks.stages import ask_with_aid, prepare_base
from tasks.store.artifacts import Book


def read(store, name: str = "verdict.json"):
    return json.loads((store / "latest" / name).read_text("utf-8"))


def list_done(ran) -> list[str]:
    return [name for name, how in ran if how == "done"]


def test_the_small_study_tells_what_it_cost(finished):
    told = read(finished.store)
    assert [one["what"] for one in told["harm"]] == ["new_fact", "everyday"]
    rows = read(finished.store, "study.json")["comparisons"]
    own = next(row for row in rows if (row["set"], row["mode"]) == ("new_fact", told["mode"]))
    assert [told["harm"][0][key] for key in ("base", "tuned", "difference", "p_value")] == [
        own[key] for key in ("base", "tuned", "difference", "p_value")
    ]
    assert told["harm"][1]["n"] == 50 and told["beside"] is None


def test_passages_are_shown_where_the_plan_says_so_and_nothing_else_is_asked_again(rerun):
    ran = list_done(rerun(build_small_plan(**{"evaluation.retrieval": "bm25"})))
    assert ran == ["ask_with_aid"] * 3 + ["measure_effects", "diagnose_tuning", "write_report"]
    told = read(rerun.store)
    worth = {one["aid"]: one["difference"] for one in told["beside"]["effects"]}
    assert worth["tuning"] == told["difference"]
    assert told["beside"]["beyond"]["value"] == pytest.approx(
        worth["both"]["value"] - worth["passages"]["value"]
    )
    assert told["beside"]["known"] == told["n"] >= told["beside"]["found"] > 0
    again = list_done(
        rerun(build_small_plan(**{"evaluation.retrieval": "bm25", "evaluation.passages": 1}))
    )
    assert again.count("ask_with_aid") >= 2 and "evaluate_model" not in again


def test_passages_and_examples_are_put_in_the_words_of_the_plan_s_profile(rerun, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(rerun.store))
    plan = build_small_plan(**{"evaluation.retrieval": "bm25", "evaluation.general": False})
    law = plan.model_copy(
        update={"generation": plan.generation.model_copy(update={"profile": "law"})}
    )
    prepared = run_unrecorded(prepare_items, Book.from_path(plan.book), plan)
    checkpoint = run_unrecorded(prepare_base, prepared.text, plan.base, Machine())
    aside = run_unrecorded(answer_aside, checkpoint, None, prepared, law, Machine())
    for aid, given in (
        (prepared.text, aside.with_passages),
        (prepared.splits.sitting, aside.with_examples),
    ):
        asked = (checkpoint, None, prepared.splits.sitting, aid)
        exam = law.select_answering_plan(law.comparison.primary_mode)
        named = {"primary_set": law.comparison.primary_set, "best": law.evaluation.passages}
        for language, found in ((law.wording, given), (plan.wording, None)):
            kept = replay(ask_with_aid, *asked, exam, **named, language=language, machine=Machine())
            assert kept == found, language


def test_everyday_questions_can_be_left_out(rerun):
    ran = list_done(rerun(build_small_plan(**{"evaluation.general": False})))
    assert ran == ["measure_effects", "diagnose_tuning", "write_report"]
    assert [one["what"] for one in read(rerun.store)["harm"]] == ["new_fact"]


def test_costs_are_those_of_the_recipe_where_the_verdict_is(rerun):
    ran = rerun(build_small_plan(**{"comparison.seeds": 3, "evaluation.retrieval": "bm25"}))
    assert ran.count(("ask_everyday_questions", "done")) == 2
    assert ran.count(("ask_with_aid", "done")) == 2 + 3
    told, whole = read(rerun.store), read(rerun.store, "study.json")
    assert told["claim"] == "recipe"
    for one in told["harm"]:
        assert one["tuned"]["correct"] - one["base"]["correct"] == pytest.approx(
            one["n"] * one["difference"]["value"], abs=0.06
        )
    groups = whole["effects"]["groupings"][0]["groups"]
    assert sum(g["n"] * g["seen"] for g in groups) == pytest.approx(
        told["n"] * told["difference"]["value"]
    )
