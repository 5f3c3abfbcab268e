"""The laptop study and its controls, whole: minutes long, run with -m slow. Measured, not arranged."""

import json

import pytest
from support.small_study import run_study_in

from tasks.schemas.plan_file import load_plan

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def verdict(store, name):
    return json.loads((store / "studies" / name / "verdict.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("laptop") / "runs"


def run(store, plan, seed=0):
    """A study with every seed of its plan set."""
    seeds = {
        f"{group}.seed": seed
        for group in ("generation", "validation", "base", "finetuning", "comparison")
    }
    with pytest.MonkeyPatch.context() as patch:
        run_study_in(store, patch, load_plan(plan, {**seeds, "name": f"{plan}-{seed}"}))
    return verdict(store, f"{plan}-{seed}")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_laptop_study_improves_with_every_seed(store, prefect, seed):
    told = run(store, "laptop", seed)
    assert (told["verdict"], told["set"]) == ("improved", "same_fact")
    assert told["p_value"] < 0.001
    assert told["n"] >= 100
    assert abs(told["base"]["rate"] - 0.25) <= 0.15, (
        "the base model must not know the answers before"
    )


def test_shuffled_diagnoses_change_most_answers_and_teach_nothing(store, prefect):
    told = run(store, "laptop-shuffled")
    assert told["verdict"] != "improved"
    assert told["changed"] > told["n"] / 2
    assert told["causes"][0]["rule"] == "facts-not-learnt"


def test_fourteen_updates_change_nothing_and_the_report_says_why(store, prefect):
    told = run(store, "laptop-exercise")
    assert told["verdict"] in {"identical", "no-difference", "inconclusive"}
    assert told["changed"] <= 3
    first = told["causes"][0]
    assert first["rule"] == "too-few-updates"
    assert first["evidence"]["updates"] == 14
    assert {"loss_before", "loss_after", "kl_mean"} <= first["evidence"].keys()
