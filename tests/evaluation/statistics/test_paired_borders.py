"""What a comparison takes from the questions and answers themselves: passages, scores, texts."""

import pytest
from support.items.scored_questions import make_answers, make_questions

from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.schemas.errors import MissingArtifact
from tasks.schemas.item_rows import Quote
from tasks.schemas.messages import Nats
from tasks.schemas.plan_sections import ComparisonPlan

PLAN = ComparisonPlan()


def test_questions_on_one_passage_may_move_together_though_their_facts_differ() -> None:
    """Twelve questions, a fact each; four passages of two, and four questions without a quote."""
    asked = [
        q.model_copy(
            update={"quote": Quote(passage_id=f"p{i // 2}", page=1, start=0, end=9, text="…")}
            if i < 8
            else {}
        )
        for i, q in enumerate(make_questions(12))
    ]
    base, tuned = make_answers(asked, [2] * 12), make_answers(asked, [1] * 8 + [2] * 4)
    row = compare_models({"same_fact": asked}, base, tuned, PLAN)[0]
    assert (row.extra["facts"], row.extra["passages"]) == (12, 8)
    assert row.extra["p_facts"] == pytest.approx(2 / 2**8)
    assert row.p_value == row.extra["p_passages"] == pytest.approx(2 / 2**4)
    alone = compare_models({"same_fact": make_questions(12)}, base, tuned, PLAN)[0]
    assert "passages" not in alone.extra and alone.p_value == alone.extra["p_facts"]


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "identical"), (0.04, "identical"), (0.06, "inconclusive")]
)
def test_scores_that_move_by_less_than_a_twentieth_are_the_same(shift, verdict) -> None:
    asked = make_questions(20)
    base = [
        a.model_copy(update={"scores": (-1.0, -2.0, -3.0, -4.0)})
        for a in make_answers(asked, [1] * 20)
    ]
    tuned = [
        a.model_copy(update={"scores": (-1.0 - shift, -2.0 + shift, -3.0 - shift, -4.0 + shift)})
        for a in base
    ]
    row = compare_models({"same_fact": asked}, base, tuned, PLAN)[0]
    assert row.verdict == verdict and row.extra["score_shift"] == pytest.approx(shift)
    if verdict == "identical":
        assert row.limits.code == "limits-shift"
        assert row.limits.values["shift"] == Nats(row.extra["score_shift"])


def test_other_words_with_the_same_option_are_not_the_same_answer() -> None:
    asked = make_questions(20)
    base = make_answers(asked, [1] * 20)
    tuned = [a.model_copy(update={"said": "another text"}) for a in base[:1]] + base[1:]
    assert compare_models({"same_fact": asked}, base, tuned, PLAN)[0].verdict == "inconclusive"
    assert compare_models({"same_fact": asked}, base, base, PLAN)[0].verdict == "identical"


def test_a_primary_mode_that_was_not_scored_is_refused_with_what_to_do() -> None:
    asked = make_questions(2)
    said = make_answers(asked, [1, 1], "digits")
    with pytest.raises(MissingArtifact, match=r"mode 'cloze', only in .*; redo evaluate_model\.$"):
        compare_models({"same_fact": asked}, said, said, PLAN)
