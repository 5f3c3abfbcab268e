"""`evaluate` works alone: a model folder, an adapter, questions in any language."""

import pytest
from support.models import scoring_models

from flows.cli.evaluate_files import describe_base_accuracy, evaluate_files
from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.standalone import ModelAnswers, evaluate_questions
from tasks.language.catalogue import load_catalogue
from tasks.schemas.errors import NothingLeft, PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import ComparisonPlan, EvaluationPlan
from tasks.schemas.result_rows import Answer

PLAN = EvaluationPlan(modes=("generate", "digits", "cloze"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("models")
    scoring_models.make_base_model().model.save_pretrained(place / "base")
    scoring_models.make_tokenizer().save_pretrained(place / "base")
    scoring_models.make_tuned_model().model.save_pretrained(place / "adapter")
    return place


@pytest.mark.parametrize("language", ["fa", "en", "sv"])
def test_base_and_tuned_from_folders_answer_as_the_loaded_models_do(folder, language):
    questions, told = scoring_models.make_questions(5), []
    both = evaluate_questions(
        str(folder / "base"),
        str(folder / "adapter"),
        questions,
        PLAN,
        language=language,
        progress=lambda done, total, note="": told.append(done / total),
    )
    assert both.base == answer_questions(
        scoring_models.make_base_model(), questions, PLAN, language
    )
    assert both.tuned == answer_questions(
        scoring_models.make_tuned_model(), questions, PLAN, language
    )
    assert [row.scores for row in both.base] != [row.scores for row in both.tuned]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_without_an_adapter_only_the_base_answers(folder):
    both = evaluate_questions(str(folder / "base"), None, scoring_models.make_questions(2), PLAN)
    assert len(both.base) == 6
    assert both.tuned == []


@pytest.mark.parametrize(
    "other",
    [{"hidden_size": 32}, {"num_hidden_layers": 2}, {"num_hidden_layers": 4}],
    ids=["narrower", "fewer layers", "more layers"],
)
def test_an_adapter_made_for_another_model_is_refused(folder, tmp_path, other):
    scoring_models.make_base_model(**other).model.save_pretrained(tmp_path)
    scoring_models.make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(PlanError, match="adapter does not fit this base model"):
        evaluate_questions(
            str(tmp_path), str(folder / "adapter"), scoring_models.make_questions(1), PLAN
        )


def test_the_command_counts_what_does_not_fit_the_window(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    scoring_models.make_base_model(max_position_embeddings=64).model.save_pretrained(tmp_path)
    scoring_models.make_tokenizer().save_pretrained(tmp_path)
    asked = scoring_models.make_questions(2)
    asked[0] = asked[0].model_copy(update={"question": "درد " * 200})
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(question.model_dump_json() + "\n" for question in asked), "utf-8")
    choices = StudyPlan(
        evaluation=EvaluationPlan(modes=("cloze",)), comparison=ComparisonPlan(primary_mode="cloze")
    )
    rows, sentence = evaluate_files(
        str(tmp_path), folder / "adapter", file, choices, Machine(device="cpu")
    )
    assert sentence.endswith(
        "1 questions are longer than the model's window; they were not put and count as wrong."
    )
    assert [row["truncated"] for row in rows] == [True, False] * 2


def test_what_cannot_be_put_is_refused_before_a_model_is_loaded():
    with pytest.raises(NothingLeft, match="no question"):
        evaluate_questions("nowhere", None, [], PLAN)
    with pytest.raises(PlanError, match="'q000' is used more than once"):
        evaluate_questions("nowhere", None, scoring_models.make_questions(1) * 2, PLAN)


def test_a_base_alone_is_told_by_its_shares_in_each_mode() -> None:
    answers = [
        Answer(question_id=f"q{i}", rotation=0, mode=mode, said="", predicted=1, is_correct=right)
        for mode, marks in (
            ("digits", (True, False, False, False)),
            ("cloze", (True, True, False, False)),
        )
        for i, right in enumerate(marks)
    ]
    plan = StudyPlan(evaluation=EvaluationPlan(modes=("digits", "cloze")))
    assert (
        describe_base_accuracy(ModelAnswers(answers, []), plan, "m", load_catalogue("en"))
        == "4 questions put to m: option numbers 25.0%, option texts 50.0% right (chance 25%)."
    )
