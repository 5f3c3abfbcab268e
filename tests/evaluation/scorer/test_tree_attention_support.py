"""Any causal model is scored right: by branches where it can read them, one text at a time where it cannot."""

import pytest
from support.models import scoring_models
from support.models.architectures import ARCHITECTURES, generate_reply, make_model, score_alone

from tasks import prompts
from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.scorer import dispatch
from tasks.evaluation.scorer.tree_attention_support import can_use_tree_attention
from tasks.schemas.plan_sections import EvaluationPlan


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_kind_of_model_gets_the_scores_and_words_of_single_passes(name):
    loaded, questions = make_model(name), scoring_models.make_questions(3)
    rows = iter(
        answer_questions(
            loaded,
            questions,
            EvaluationPlan(modes=("generate", "digits", "cloze"), answer_tokens=3),
        )
    )
    for question in questions:
        said, digits, cloze = next(rows), next(rows), next(rows)
        assert said.said == generate_reply(loaded, prompts.build_question_prompt(question), 3)
        assert digits.scores == pytest.approx(
            score_alone(
                loaded, prompts.build_question_prompt(question), prompts.get_option_numerals("fa")
            ),
            abs=1e-4,
        )
        assert cloze.scores == pytest.approx(
            score_alone(loaded, prompts.build_cloze_prompt(question), question.options), abs=1e-4
        )


def test_a_prompt_longer_than_the_window_of_learned_positions_is_counted_and_the_others_are_put():
    loaded, questions = make_model("GPT2", n_positions=110), scoring_models.make_questions(6)
    rows = answer_questions(
        loaded, questions, EvaluationPlan(modes=("generate", "digits", "cloze"), answer_tokens=6)
    )
    long = {row.mode for row in rows if row.truncated}
    assert long == {"generate", "digits"} and not any(
        row.is_correct or row.predicted for row in rows if row.truncated
    )
    for row, question in zip([row for row in rows if row.mode == "cloze"], questions, strict=True):
        assert row.scores == pytest.approx(
            score_alone(loaded, prompts.build_cloze_prompt(question), question.options), abs=1e-4
        )
    fitting = len(loaded.tokenizer(prompts.build_question_prompt(questions[0]))["input_ids"])
    [said] = answer_questions(
        make_model("GPT2", n_positions=fitting + 2),
        questions[:1],
        EvaluationPlan(modes=("generate",), answer_tokens=6),
    )
    assert (
        not said.truncated
        and len(loaded.tokenizer(said.said, add_special_tokens=False)["input_ids"]) <= 2
    )  # it ends with the window


@pytest.mark.parametrize(
    ("name", "branches"), [(name, branches) for name, (_, branches) in ARCHITECTURES.items()]
)
def test_models_that_cannot_branch_are_found_out(name, branches):
    assert can_use_tree_attention(make_model(name).model, 100) is branches


def test_a_text_too_long_for_a_mask_is_read_alone_and_the_others_are_not(monkeypatch):
    loaded, questions = scoring_models.make_base_model(), scoring_models.make_questions(4)
    plan = EvaluationPlan(modes=("generate", "digits", "cloze"), rotations=2)
    want = answer_questions(loaded, questions, plan)
    monkeypatch.setattr(dispatch, "MAX_TREE_TOKENS", 100)  # the cloze texts fit, the papers do not
    got = answer_questions(loaded, questions, plan)
    for a, b in zip(want, got, strict=True):
        assert (a.question_id, a.mode, a.rotation, a.said, a.predicted) == (
            b.question_id,
            b.mode,
            b.rotation,
            b.said,
            b.predicted,
        )
        assert a.scores == (None if b.scores is None else pytest.approx(b.scores, abs=1e-4))
