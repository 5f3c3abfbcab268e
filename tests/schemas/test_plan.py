"""Choices that cannot work are refused when the plan is read, before anything is paid for or replaced."""

import json

import pytest

from tasks.engine.cache_key import canonical_value
from tasks.schemas.errors import PlanError
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.sections.profiles import ITEM_FORMS
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


def test_a_profile_brings_its_question_types_unless_the_plan_names_others() -> None:
    gpt = {"writer": "gpt", "profile": "law"}
    law = parse_plan({"generation": gpt})
    assert law.generation.kinds == ITEM_FORMS["law"].kinds and law.wording == "fa-x-law"
    changed = parse_plan(
        StudyPlan().model_dump(mode="json"),
        {"generation.profile": "law", "generation.writer": "gpt"},
    )
    assert (
        changed.generation.kinds == ITEM_FORMS["law"].kinds
    )  # a whole plan's file names medicine's
    own = parse_plan({"generation": gpt | {"kinds": {"reason": 1}}})
    assert own.generation.kinds == {"reason": 1}
    for form in ITEM_FORMS.values():
        assert sum(form.kinds.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"profile": "law"}, "the rules write patients"),
        (
            {"profile": "law", "writer": "gpt", "kinds": {"symptoms": 1}},
            "no types of the profile law",
        ),
        ({"kinds": {"application": 1}}, "no types of the profile medicine"),
        ({"profile": "poetry"}, "medicine"),
    ],
)
def test_choices_that_do_not_fit_a_profile_are_refused(choices, said) -> None:
    with pytest.raises(PlanError, match=said):
        parse_plan({"generation": choices})


def test_own_items_may_have_any_profile_without_a_server() -> None:
    own = {"profile": "general", "pairs": "p.json", "questions": "q.json"}
    assert parse_plan({"generation": own}).wording == "fa-x-general"


def test_keys_of_medical_plans_know_no_profile() -> None:
    """So that what was kept before there were profiles is found."""
    plan = StudyPlan()
    law = parse_plan({"generation": {"profile": "law", "writer": "gpt"}})
    for name in ("select_drafting_plan", "select_checking_plan"):
        told = json.dumps(canonical_value(getattr(plan, name)()))
        assert "profile" not in told
        assert '"law"' in json.dumps(canonical_value(getattr(law, name)()))
    assert plan.wording == plan.language == "fa"


@pytest.mark.parametrize("kinds", [3, None, "diagnosis", ["diagnosis"], [["law"]]])
def test_shares_of_question_types_that_are_no_shares_are_refused(kinds):
    refused("generation.kinds", kinds)
