"""The study folder's files hold what HOUSE and the exercise say, and account for every question."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from support.reports.example_study import make_example_study

from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.reporting.exports import save_json
from tasks.reporting.report_data import ReportData
from tasks.reporting.write import write_study_folder
from tasks.schemas.item_rows import Question
from tasks.schemas.plan_file import load_plan
from tasks.schemas.result_rows import Answer


@pytest.fixture(scope="module")
def study() -> ReportData:
    return make_example_study()


@pytest.fixture(scope="module")
def folder(study: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    write_study_folder(place, study)
    return place


def read(folder: Path, name: str) -> object:
    return json.loads((folder / name).read_text("utf-8"))


def test_a_number_that_is_none_is_null_in_json(tmp_path: Path) -> None:
    save_json(
        tmp_path / "x.json", {"loss": [float("nan"), float("-inf"), 1e-300], "words": "NaN ۱"}
    )
    assert json.loads((tmp_path / "x.json").read_text("utf-8"), parse_constant=pytest.fail) == {
        "loss": [None, None, 1e-300],
        "words": "NaN ۱",
    }


def test_folder_holds_every_file(folder: Path) -> None:
    names = "index.html report.md verdict.json study.json pairs.json questions.json answers-base.json answers-tuned.json rejections.jsonl training.jsonl next-plan.yaml"
    assert sorted(path.name for path in folder.iterdir()) == sorted(names.split())


def test_records_have_the_five_fields_for_every_question(folder: Path, study: ReportData) -> None:
    for name in ("base", "tuned"):
        records = read(folder, f"answers-{name}.json")
        assert len(records) == len(study.questions["same_fact"]) + len(study.questions["new_fact"])
        assert all(
            list(record) == ["question", "options", "answer", "predicted", "is_correct"]
            for record in records
        )
        assert all(
            record["is_correct"] == (record["predicted"] == record["answer"]) for record in records
        )


def test_records_of_the_primary_set_add_up_to_the_verdict(folder: Path, study: ReportData) -> None:
    verdict = read(folder, "verdict.json")
    n = len(study.questions["same_fact"])
    pairs = list(
        zip(
            read(folder, "answers-base.json")[:n],
            read(folder, "answers-tuned.json")[:n],
            strict=True,
        )
    )
    assert verdict["n"] == n
    assert verdict["base"]["correct"] == sum(base["is_correct"] for base, _ in pairs)
    assert verdict["tuned"]["correct"] == sum(tuned["is_correct"] for _, tuned in pairs)
    assert verdict["gained"] == sum(
        tuned["is_correct"] and not base["is_correct"] for base, tuned in pairs
    )
    assert verdict["lost"] == sum(
        base["is_correct"] and not tuned["is_correct"] for base, tuned in pairs
    )


def test_unanswered_question_stays_as_wrong(study: ReportData, tmp_path: Path) -> None:
    gone = study.questions["same_fact"][3].id
    write_study_folder(
        tmp_path,
        replace(study, tuned=[answer for answer in study.tuned if answer.question_id != gone]),
    )
    record = read(tmp_path, "answers-tuned.json")[3]
    assert record["predicted"] is None and record["is_correct"] is False
    assert len(read(tmp_path, "answers-tuned.json")) == len(read(tmp_path, "answers-base.json"))


def test_items_have_the_shapes_of_the_exercise(folder: Path) -> None:
    assert all(list(pair) == ["symptom", "diagnosis"] for pair in read(folder, "pairs.json"))
    assert all(
        list(item) == ["question", "options", "answer"] and len(item["options"]) == 4
        for item in read(folder, "questions.json")
    )


def test_verdict_has_the_promised_fields(folder: Path) -> None:
    verdict = read(folder, "verdict.json")
    promised = {
        "verdict",
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
    }
    assert promised <= verdict.keys()
    assert verdict["base"].keys() == {"correct", "rate", "low", "high"}
    assert [cause["rule"] for cause in verdict["causes"]] == ["format-gap", "knowledge-lost"]


def test_next_plan_can_be_loaded_and_says_only_what_differs(folder: Path) -> None:
    plan = load_plan(folder / "next-plan.yaml")
    assert plan.finetuning.epochs == 12
    assert "learning_rate" not in (folder / "next-plan.yaml").read_text("utf-8")


def test_files_keep_persian_readable(folder: Path) -> None:
    assert all("\\u06" not in path.read_text("utf-8") for path in folder.glob("*.json*"))


def test_every_seed_of_the_plan_is_told(folder: Path) -> None:
    assert read(folder, "study.json")["seeds"] == dict.fromkeys(
        ["generation.seed", "validation.seed", "base.seed", "finetuning.seed", "comparison.seed"], 0
    )


@pytest.mark.parametrize("scored", [True, False])
def test_over_rotations_the_records_say_what_the_verdict_counts(
    study: ReportData, tmp_path: Path, scored: bool
) -> None:
    rows = {}
    for name, seed in (("base", 1), ("tuned", 2)):
        chance = random.Random(seed)
        rows[name] = [
            rotated(question, rotation, chance, scored)
            for question in study.exported_questions
            for rotation in range(4)
        ]
    questions = {name: study.questions[name] for name in ("same_fact", "new_fact")}
    plan = study.plan.comparison.model_copy(update={"primary_set": "all"})
    counted = compare_models(questions, rows["base"], rows["tuned"], plan)
    write_study_folder(
        tmp_path, replace(study, base=rows["base"], tuned=rows["tuned"], comparisons=counted)
    )
    for name in ("base", "tuned"):
        assert (
            sum(record["is_correct"] for record in read(tmp_path, f"answers-{name}.json"))
            == getattr(counted[0], name).correct
        )


def rotated(question: Question, rotation: int, chance: random.Random, scored: bool) -> Answer:
    scores = tuple(chance.gauss(0, 1) for _ in range(4))
    predicted = scores.index(max(scores)) + 1 if scored or chance.random() < 0.9 else None
    return Answer(
        question_id=question.id,
        rotation=rotation,
        mode="cloze",
        scores=scores if scored else None,
        predicted=predicted,
        is_correct=predicted == question.answer,
    )


def test_adapter_lies_in_the_folder(study: ReportData, tmp_path: Path) -> None:
    adapter = tmp_path / "made"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    write_study_folder(tmp_path / "study", replace(study, adapter=adapter))
    assert (tmp_path / "study" / "adapter" / "adapter_config.json").read_text() == "{}"
