"""Choices that cannot work are refused when the plan is read, before anything is paid for or replaced."""

import pytest

from tasks.schemas.errors import PlanError
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.sweep_plan import SweepPlan
from tasks.store.study_folder import StudyFolder

OUTSIDE = ["..", ".", ".hidden", "../x", "a/b", "/home/me/thesis", "-x", "a\n"]


def refused(key, value):
    with pytest.raises(PlanError, match=key):
        parse_plan({}, {key: value})


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_would_replace_another_folder_is_refused(name, monkeypatch, tmp_path):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    refused("name", name)
    with pytest.raises(ValueError, match="name"):
        SweepPlan(name=name)
    kept = tmp_path / "runs" / "studies" / "mine" / "index.html"
    kept.parent.mkdir(parents=True)
    kept.write_text("precious")
    with pytest.raises(PlanError, match="is not a name of at most 100 letters"):
        StudyFolder.replace_folder(name, lambda folder: None)  # as `--name` reaches it
    assert kept.read_text() == "precious"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    "key", ["generation.budget_usd", "generation.prices.input", "finetuning.alpha"]
)
def test_what_is_no_number_is_refused(key, value):
    refused(key, value)


def test_prices_and_limits_below_nothing_are_refused():
    refused("generation.prices.output", -1.0)  # a request would add to the budget
    refused("generation.max_output_tokens", 0)


@pytest.mark.parametrize("template", ["{diagnosis}: {symptom}", "{symptom}", "nothing"])
def test_a_training_text_without_the_symptom_before_the_diagnosis_is_refused(template):
    refused("finetuning.template", template)


def test_a_training_text_over_several_lines_is_taken():
    assert (
        parse_plan({}, {"finetuning.template": "{symptom}\n→\n{diagnosis}."}).finetuning.template
        == "{symptom}\n→\n{diagnosis}."
    )


def test_seeds_are_a_number_and_old_plans_that_list_them_are_read():
    assert parse_plan({}).comparison.seeds == 1
    for further in ([1, 2], [], (7,)):
        tree = {"comparison": {"further_seeds": further}}
        assert parse_plan(tree).comparison.seeds == 1 + len(further)
    both = {"comparison": {"further_seeds": [1, 2], "seeds": 5}}
    assert parse_plan(both).comparison.seeds == 5
    refused("comparison.further_seeds", 5)
    refused("comparison.seeds", 0)
    refused("comparison.seeds", 21)
