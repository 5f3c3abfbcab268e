"""The whole study, small: what it leaves behind, and that a second run does nothing again."""

import itertools
import json

import pytest
from support.small_study import build_small_plan

from flows.cli import summary
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Nats, Points, build_message
from tasks.schemas.plan_file import load_plan

EN = load_catalogue("en")


def read(finished, name):
    return json.loads((finished.store / "studies" / "small" / name).read_text("utf-8"))


def test_every_stage_ran_once_and_generation_once_a_chapter(finished):
    done = [name for name, how in finished.stages if how == "done"]
    assert done.count("generate_drafts") == sum(
        1 for _ in finished.store.glob("results/generate_drafts/*")
    )
    assert list(dict.fromkeys(done)) == [
        "read_book",
        "generate_drafts",
        "validate_drafts",
        "prepare_base",
        "finetune_adapter",
        "evaluate_model",
        "probe_tuning",
        "screen_questions",
        "ask_everyday_questions",
        "compare_answers",
        "measure_effects",
        "measure_questions",
        "diagnose_tuning",
        "write_report",
    ]


def test_the_verdict_has_its_figures(finished):
    told = read(finished, "verdict.json")
    assert told["verdict"] in {"improved", "worse", "no-difference", "inconclusive", "identical"}
    assert {
        "mode",
        "set",
        "n",
        "base",
        "tuned",
        "gained",
        "lost",
        "p_value",
        "difference",
        "detectable",
        "causes",
    } <= told.keys()
    assert told["tuned"]["correct"] - told["base"]["correct"] == told["gained"] - told["lost"]


def test_there_is_one_record_for_each_question_in_the_exercises_shape(finished):
    questions, base, tuned = (
        read(finished, f"{name}.json") for name in ("questions", "answers-base", "answers-tuned")
    )
    assert len(questions) == len(base) == len(tuned) > 0
    for record in [*base, *tuned]:
        assert list(record) == ["question", "options", "answer", "predicted", "is_correct"]
        assert record["is_correct"] == (record["predicted"] == record["answer"])
    assert [r["question"] for r in base] == [r["question"] for r in tuned]


def test_the_verdict_counts_what_the_records_say(finished):
    """The primary set's figures can be counted by hand from the records."""
    told = read(finished, "verdict.json")
    lines = [
        json.loads(line)
        for line in next(finished.store.glob("comparisons/*.jsonl")).read_text("utf-8").splitlines()
    ]
    primary = next(line for line in lines if line["primary"])
    assert primary["n"] == told["n"]
    assert primary["base"]["correct"] == told["base"]["correct"]


def test_drafts_are_kept_or_rejected_and_nothing_is_lost(finished):
    funnel = [
        json.loads(line)
        for line in next(finished.store.glob("funnel/*.jsonl")).read_text("utf-8").splitlines()
    ]
    for kind in ("pair", "question"):
        stages = [stage for stage in funnel if stage["kind"] == kind]
        for stage in stages:
            assert stage["came"] == stage["kept"] + sum(stage["fell"].values())
        for earlier, later in itertools.pairwise(stages):
            assert later["came"] == earlier["kept"]


def test_latest_points_to_the_study(finished):
    assert (finished.store / "latest" / "index.html").is_file()


def test_the_adapter_is_in_pefts_own_format(finished):
    folder = finished.store / "studies" / "small" / "adapter"
    assert {"adapter_config.json", "adapter_model.safetensors"} <= {
        p.name for p in folder.iterdir()
    }


def test_a_second_run_is_cached_throughout_on_another_machine_too(rerun):
    assert {how for _, how in rerun(machine=Machine(micro_batch=2, workers=1))} == {"cached"}


def test_another_plan_is_not_cached_and_keeps_what_does_not_depend_on_it(rerun):
    ran = rerun(build_small_plan(**{"finetuning.seed": 1}))
    assert next(name for name, how in ran if how == "done") == "finetune_adapter"
    assert ("evaluate_model", "cached") in ran, (
        "the base model's answers do not depend on the tuning"
    )


def test_a_question_of_what_counts_does_not_score_again(rerun):
    ran = rerun(build_small_plan(**{"comparison.margin": 0.1}))
    assert [name for name, how in ran if how == "done"] == [
        "compare_answers",
        "measure_effects",
        "diagnose_tuning",
        "write_report",
    ]


def test_neither_screening_nor_where_the_log_is_sent_tunes_or_scores_anew(
    rerun, capsys, tmp_path, monkeypatch
):
    (
        tmp_path / "tensorboard.py"
    ).touch()  # asked for, so it must be there; as nothing is trained, nothing is written
    monkeypatch.syspath_prepend(tmp_path)
    ran = rerun(
        build_small_plan(**{"evaluation.screening": False, "finetuning.report_to": ["tensorboard"]})
    )
    assert [name for name, how in ran if how == "done"] == [
        "measure_questions",
        "diagnose_tuning",
        "write_report",
    ]
    assert tell_reader("not-reported-anew") in capsys.readouterr().err
    ran = rerun(build_small_plan(**{"evaluation.rotations": 2}))
    assert [name for name, how in ran if how == "done"][:2] == ["evaluate_model"] * 2
    assert ("screen_questions", "cached") in ran, "its rotations are its own"


def test_redo_does_the_stage_again_and_stops_where_rows_come_out_equal(rerun):
    ran = rerun(redo=["generate_drafts"])
    assert {how for name, how in ran if name == "generate_drafts"} == {"done"}
    assert {how for name, how in ran if name != "generate_drafts"} == {"cached"}


def test_a_deleted_artifact_is_rebuilt_and_nothing_else(rerun):
    next(rerun.store.glob("comparisons/*.jsonl")).unlink()
    ran = rerun()
    assert [name for name, how in ran if how == "done"] == ["compare_answers"]
    assert list(rerun.store.glob("comparisons/*.jsonl"))


def test_a_damaged_model_is_rebuilt(rerun):
    next(rerun.store.glob("checkpoints/*/model.safetensors")).write_bytes(b"damaged")
    ran = rerun()
    assert [name for name, how in ran if how == "done"] == ["prepare_base"]


def test_the_command_ends_with_the_verdict_its_cause_the_report_and_what_to_try_next(finished):
    told, study = read(finished, "verdict.json"), read(finished, "study.json")
    following = study["next_command"]
    first, *others = summary.summarize_study(finished.store / "studies" / "small")
    say = load_catalogue("fa")
    assert first.startswith(say.get_label("verdicts", told["verdict"]))
    assert say.format_share(told["base"]["rate"]) in first
    order = [say["terminal"][name].split(":")[0] for name in ("limits", "why", "report", "next")]
    heads = [head for line in others if (head := line.split(":")[0]) in order]
    assert heads == [
        *order[:1] * (bool(told["limits"]) and told["verdict"] != "identical"),
        *order[1:2] * bool(told["causes"]),
        order[2],
        *order[3:] * bool(following),
    ]
    fewer = say["short"].split("{left}")[0].partition("}")[2]
    assert sum(fewer in line for line in others) == len(study["short"])
    assert not study["next_note"] or study["next_note"] in others
    assert not following or others[-1].endswith(following.removeprefix("book2lora"))


def test_a_name_given_with_the_command_is_the_study_s_name_everywhere_and_does_no_work_again(rerun):
    ran = rerun(name="renamed")
    assert [name for name, how in ran if how == "done"] == ["write_report"]
    folder = rerun.store / "studies" / "renamed"
    told, study = (
        json.loads((folder / name).read_text("utf-8")) for name in ("verdict.json", "study.json")
    )
    assert told["name"] == study["name"] == study["plan"]["name"] == "renamed"
    assert "renamed</title>" in (folder / "index.html").read_text("utf-8")
    assert load_plan(folder / "next-plan.yaml").name == "renamed-next"


def test_a_small_p_that_decides_nothing_is_explained_on_the_terminal():
    limits = build_message(
        "limits-detectable", detectable=Points(0.091), questions_needed=712, facts_needed=160
    )
    gain = {"verdict": "inconclusive", "limits": limits.model_dump(mode="json")}
    (line,) = summary.explain_limits(gain, EN)
    assert line.startswith("cannot tell: A true difference under 9.1 points is likely to be missed")
    assert line.endswith("about 712 questions on 160 facts would decide.")
    assert list(summary.explain_limits({"verdict": "improved", "limits": None}, EN)) == []
    same = build_message("limits-shift", shift=Nats(0.02)).model_dump(mode="json")
    (line,) = summary.explain_limits(
        {"verdict": "identical", "limits": same, "sentence": "No answer."}, EN
    )
    assert line.startswith("No answer. The options' scores moved by 0.02 nats")
    of_0_1 = {"verdict": "inconclusive", "limits": "Too few."}
    assert list(summary.explain_limits(of_0_1, EN)) == ["cannot tell: Too few."]


def test_three_seeds_are_tuned_and_the_verdict_is_on_their_mean(rerun, finished):
    ran = rerun(build_small_plan(**{"comparison.further_seeds": [1, 2]}))
    assert (rerun.store / "latest").resolve().name == "small-2"
    assert (
        ran.count(("finetune_adapter", "cached")) == 1
        and ran.count(("finetune_adapter", "done")) == 2
    )
    assert ran.count(("evaluate_model", "done")) == 2, (
        "the base model's answers are those of the first seed"
    )
    told, before = (
        json.loads((store / "latest" / "verdict.json").read_text("utf-8"))
        for store in (rerun.store, finished.store)
    )
    assert (told["claim"], before["claim"]) == ("recipe", "adapter")
    assert told["between_seeds"]["seeds"] == 3 and before["between_seeds"] is None
    assert told["difference"]["value"] == pytest.approx(told["between_seeds"]["mean"])
    assert (told["n"], told["base"]) == (before["n"], before["base"])
    assert "۳ بذر" in (rerun.store / "latest" / "report.md").read_text("utf-8")
