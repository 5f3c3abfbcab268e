"""A small sweep from plan to folder: each setting is done once, a killed one goes on, and who chooses does not decide."""

import json
import shutil

import pytest
from support.small_study import SMALL_PLAN_TREE, watch_stages

from tasks.evaluation import evaluate
from tasks.finetuning import fit
from tasks.schemas.sweep_plan import parse_sweep

ARMS = [
    {"name": "as it is"},
    {"name": "no text fits", "changes": {"finetuning.max_tokens": 8}},
    {"name": "strong", "changes": {"finetuning.learning_rate": 0.02, "finetuning.rank": 8}},
]


def small_sweep(**tree):
    return parse_sweep(
        {"name": "try", "study": SMALL_PLAN_TREE, "arms": ARMS, "final_seeds": [1], **tree}
    )


@pytest.fixture
def sweep_in(monkeypatch):
    """Run a sweep in a store; gives [(stage, "cached" or "done")]."""
    from flows.sweep import run_sweep

    def run(store, plan, **options):
        monkeypatch.setenv("RUNS_DIR", str(store))
        with monkeypatch.context() as patch:
            ran = watch_stages(patch)
            run_sweep(plan, **options)
        return ran

    return run


@pytest.fixture
def store(finished, tmp_path):
    """A copy of the small study's store: book, items and base model are there already."""
    return shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)


def done(ran, name):
    return ran.count((name, "done"))


def told(store, name="try"):
    return json.loads((store / "sweeps" / name / "sweep.json").read_text("utf-8"))


def test_a_sweep_takes_the_studys_data_tunes_each_setting_once_and_a_second_run_does_nothing(
    store, sweep_in, monkeypatch
):
    papers, answer = [], evaluate.answer_questions
    monkeypatch.setattr(
        evaluate,
        "answer_questions",
        lambda loaded, questions, *rest, **named: (
            papers.append({q.id for q in questions}),
            answer(loaded, questions, *rest, **named),
        )[1],
    )
    ran = sweep_in(store, small_sweep())
    assert not {"read_book", "generate_drafts", "validate_drafts", "prepare_base"} & {
        name for name, how in ran if how == "done"
    }
    assert (
        done(ran, "finetune_adapter") == 1 + 1
    )  # the study tuned one of the two settings before; one more seed for the chosen one
    assert (
        done(ran, "evaluate_model") == 1 + 2 + 1 + 2
    )  # base and two settings; base and two seeds of the chosen one
    assert papers[0] == papers[1] == papers[2] and papers[3] == papers[4] == papers[5]
    assert not papers[0] & papers[3], "a question chose and decided"
    assert {how for name, how in sweep_in(store, small_sweep()) if name != "finetune_adapter"} == {
        "cached"
    }

    found = told(store)
    unfit = found["settings"][-1]
    assert unfit["name"] == "no text fits"
    assert [why["code"] for why in unfit["seeds"][0]["failed"]] == ["texts-over-limit"]
    assert found["chosen"]["name"] == found["settings"][0]["name"] in {"as it is", "strong"}
    assert found["verdict"]["n"] == len(papers[3]) and [row["seed"] for row in found["seeds"]] == [
        0,
        1,
    ]
    assert found["settings"][0]["seeds"][0]["result"]["n"] == len(papers[0])
    assert {"index.html", "report.md", "best-plan.yaml"} <= {
        path.name for path in (store / "sweeps" / "try").iterdir()
    }


def test_a_sweep_that_was_cut_off_does_no_finished_setting_again(store, sweep_in, monkeypatch):
    tune, names = fit.fit_adapter, []

    def killed(checkpoint, pairs, held_out, plan, **rest):
        names.append(plan.learning_rate)
        if plan.learning_rate == 0.02:
            raise RuntimeError("cut off")
        return tune(checkpoint, pairs, held_out, plan, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(fit, "fit_adapter", killed)
        with pytest.raises(RuntimeError, match="cut off"):
            sweep_in(store, small_sweep())
    assert names[-1] == 0.02 and len(names) == 2  # the study tuned the first setting before
    ran = sweep_in(store, small_sweep(final_seeds=[]))
    assert done(ran, "finetune_adapter") == 1, "only the setting that was cut off is tuned"
    assert ran[-1] == ("write_sweep", "done")


def test_settings_with_other_data_sit_the_same_questions_and_a_curve_is_told(store, sweep_in):
    plan = parse_sweep(
        {
            "name": "curve",
            "study": SMALL_PLAN_TREE,
            "set": {"comparison.primary_set": "all", "finetuning.updates": 2},
            "grid": {"generation.pairs": [40, 20]},
        }
    )
    ran = sweep_in(store, plan)
    assert done(ran, "validate_drafts") == 1  # the study's own data are there
    found = told(store, "curve")
    assert found["same_questions"] is True
    assert (found["trend"]["smaller"], found["trend"]["larger"]) == (20, 40)
    assert 'aria-labelledby="curve-title' in (store / "sweeps" / "curve" / "index.html").read_text(
        "utf-8"
    )
    pairs = {row["name"]: row["seeds"][0]["pairs"] for row in found["settings"]}
    assert pairs["pairs=20"] < pairs["pairs=40"]
