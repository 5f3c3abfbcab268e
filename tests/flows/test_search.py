"""Which settings are tried, in which order, and that Optuna finds its way back after a kill."""

import sys

import pytest

from flows.search import Optuna, search_of
from tasks.errors import PlanError
from tasks.sweep_file import parse_sweep

RATES = {"finetuning.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "finetuning.rank": {"low": 2, "high": 32, "whole": True}}


def optuna(trials=8, grid=None, **tree):
    return parse_sweep({"name": "t", "grid": grid or RATES, "search": "optuna", "trials": trials, **tree})


def run(plan, most=1, score=lambda arm: -abs(arm.changes["finetuning.rank"] - 20)):
    """All settings in the order they were tried."""
    search, seen = search_of(plan), []
    while arms := search.ask(most):
        seen += arms
        for arm in arms:
            search.tell(arm, score(arm))
    return seen


def test_a_grid_is_known_at_once_with_named_settings_first():
    plan = parse_sweep(
        {
            "name": "t",
            "arms": [{"name": "plain"}],
            "grid": {"finetuning.epochs": [1, 3], "finetuning.target_modules": [["q_proj", "v_proj"], "all-linear"]},
        }
    )
    search = search_of(plan)
    assert [arm.name for arm in search.ask(1)] == [
        "plain", "epochs=1 target_modules=q_proj+v_proj", "epochs=1 target_modules=all-linear",
        "epochs=3 target_modules=q_proj+v_proj", "epochs=3 target_modules=all-linear",
    ]  # fmt: skip
    assert not search.ask(1)


def test_optuna_tries_as_many_as_asked_for_inside_the_ranges_and_none_twice():
    arms = run(optuna())
    assert len(arms) == len({arm.name for arm in arms}) == 8
    assert all(1e-4 <= arm.changes["finetuning.learning_rate"] <= 1e-2 and arm.changes["finetuning.rank"] in range(2, 33) for arm in arms)


def test_optuna_told_the_same_asks_the_same_so_that_finished_settings_are_found_again():
    assert run(optuna()) == run(optuna())
    assert run(optuna()) != run(optuna(seed=1))


def test_optuna_learns_from_what_it_is_told():
    arms = run(optuna(trials=40))
    late = [abs(arm.changes["finetuning.rank"] - 20) for arm in arms[-12:]]
    assert sum(late) / len(late) < 4  # drawn blindly: about 8


def test_optuna_goes_on_after_settings_that_failed():
    assert len(run(optuna(), score=lambda arm: None)) == 8


def test_a_space_that_is_used_up_ends_the_search():
    assert len(run(optuna(trials=50, grid={"finetuning.rank": [4, 8, 16]}))) == 3


def test_several_places_are_filled_at_once():
    search = search_of(optuna())
    assert [len(search.ask(3)), len(search.ask(2))] == [3, 2]
    told = search_of(optuna())
    for arm in told.ask(3):
        told.tell(arm, 0.5)
    assert len(told.ask(9)) == 5


def test_without_optuna_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(PlanError, match=r"pip install 'book2lora\[search\]'"):
        Optuna(optuna())
