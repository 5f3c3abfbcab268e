"""A sweep's file says what is tried; what cannot be is refused before any work, with the key."""

import pytest

from tasks.schemas.errors import PlanError
from tasks.schemas.plan_file import load_plan
from tasks.schemas.sweep_plan import (
    Setting,
    build_best_plan,
    build_setting_plan,
    list_settings,
    load_sweep,
    parse_sweep,
)


def made(**tree):
    return parse_sweep({"name": "t", **tree})


def test_every_combination_is_a_setting_with_a_name_of_its_own():
    plan = made(grid={"finetuning.rank": [4, 8], "finetuning.learning_rate": [1e-3, 5e-5]})
    assert [arm.name for arm in list_settings(plan)] == [
        "rank=4 learning_rate=0.001",
        "rank=4 learning_rate=5e-05",
        "rank=8 learning_rate=0.001",
        "rank=8 learning_rate=5e-05",
    ]


def test_a_sweeps_changes_leave_the_callers_tree_as_it_was():
    study = {"finetuning": {"epochs": 1}}
    parse_sweep(
        {"study": study, "set": {"finetuning.updates": 2}, "grid": {"finetuning.rank": [4]}}
    )
    assert study == {"finetuning": {"epochs": 1}}


def test_keys_that_end_alike_are_named_whole():
    plan = made(grid={"generation.seed": [1], "validation.seed": [2]})
    assert list_settings(plan)[0].name == "generation.seed=1 validation.seed=2"


def test_a_setting_changes_the_study_and_all_sit_its_exam():
    plan = made(
        study={"finetuning": {"rank": 4}, "comparison": {"primary_mode": "digits"}},
        grid={"finetuning.epochs": [2]},
        seeds=[7],
    )
    arm = list_settings(plan)[0]
    study = build_setting_plan(plan, arm, 9)
    assert (study.evaluation, study.comparison) == (plan.study.evaluation, plan.study.comparison)
    assert (study.finetuning.rank, study.finetuning.epochs, study.finetuning.seed) == (4, 2, 9)
    best = build_best_plan(plan, arm)
    assert (best.evaluation, best.finetuning.seed, best.name) == (
        plan.study.evaluation,
        7,
        "t-best",
    )


def test_a_study_is_taken_by_name_and_changed_for_all_settings():
    plan = made(
        study="laptop-exercise", set={"finetuning.rank": 2}, grid={"finetuning.epochs": [1]}
    )
    assert plan.study == load_plan("laptop-exercise", {"finetuning.rank": 2})


def test_changes_reach_the_study_and_the_grid():
    plan = load_sweep(
        "sweep-laptop",
        {
            "study.base.steps": 9,
            "grid.finetuning.epochs": [2],
            "grid.finetuning.learning_rate": [1e-3],
            "seeds": [4],
        },
    )
    assert (plan.study.base.steps, len(list_settings(plan)), plan.seeds) == (9, 1, (4,))


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({}, "nothing to try"),
        ({"grid": {"finetuning.epoch": [1]}}, "finetuning.epoch: no such key"),
        ({"grid": {"finetuning.epochs": [1, -1]}}, "setting 'epochs=-1'.*greater than 0"),
        ({"grid": {"finetuning.epochs": []}}, "finetuning.epochs: no values"),
        (
            {"grid": {"comparison.primary_mode": ["digits", "cloze"]}},
            "cannot differ between settings",
        ),
        (
            {"arms": [{"name": "a", "changes": {"evaluation.rotations": 4}}]},
            "cannot differ between settings",
        ),
        ({"grid": {"finetuning.seed": [0, 1]}}, "what `seeds:` is for"),
        ({"arms": [{"name": "a"}, {"name": "a"}]}, "two settings with one name: a"),
        ({"grid": {"finetuning.epochs": [1, 1.0]}}, "two settings with one name"),
        ({"grid": {"finetuning.epochs": [1]}, "seeds": []}, "seeds"),
        ({"grid": {"finetuning.epochs": [1]}, "choose_share": 1}, "choose_share"),
        ({"grid": {"finetuning.epochs": [1]}, "epochs": 3}, "epochs: no such key. Known: .*set"),
        ({"grid": {"finetuning.epochs": [1]}, "study": "no-such-plan"}, "no plan 'no-such-plan'"),
        ({"grid": {"finetuning.epochs": [1]}, "study": 3}, "neither a plan's name nor a plan"),
        ({"grid": {"finetuning.epochs": [1]}, "study": {"bok": "x.pdf"}}, "bok: no such key"),
        ({"grid": ["finetuning.epochs"]}, "grid"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(tree, said):
    with pytest.raises(PlanError, match=said):
        made(**tree)


def test_a_sweep_given_as_a_study_says_how_to_run_it():
    with pytest.raises(PlanError, match="book2lora sweep sweep-laptop"):
        load_plan("sweep-laptop")


def test_a_study_given_as_a_sweep_is_refused():
    with pytest.raises(PlanError, match="nothing to try"):
        load_sweep("laptop-exercise")


def test_an_arm_may_change_nothing():
    assert (
        build_setting_plan(
            made(arms=[{"name": "as it is"}]), Setting(name="as it is"), 0
        ).finetuning
        == load_plan("laptop").finetuning
    )
