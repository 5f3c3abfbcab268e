"""Every question is accounted for, and each set and mode is compared on its own."""

import pytest
from support.items.scored_questions import make_answers, make_questions

from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.schemas.errors import MissingArtifact, NothingLeft
from tasks.schemas.item_rows import Question
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer

PLAN = ComparisonPlan()


def some(count: int = 20) -> dict[str, list[Question]]:
    return {"train": [], "same_fact": make_questions(count), "new_fact": []}


def test_counts_gained_lost_changed_and_illegible() -> None:
    papers = some(6)
    asked = papers["same_fact"]
    base = make_answers(asked, [1, 1, 2, 2, None, None])
    tuned = make_answers(asked, [1, 2, 1, 3, 1, None])
    row = compare_models(papers, base, tuned, PLAN)[0]
    assert (row.base.correct, row.tuned.correct, row.gained, row.lost, row.changed) == (
        2,
        3,
        2,
        1,
        4,
    )
    assert (row.illegible_base, row.illegible_tuned, row.n) == (2, 1, 6)
    assert row.tuned.correct - row.base.correct == row.gained - row.lost


def test_two_models_that_name_no_option_are_not_said_to_be_alike() -> None:
    papers = some(6)
    mute = make_answers(papers["same_fact"], [None] * 6)
    row = compare_models(papers, mute, mute, PLAN)[0]
    assert row.verdict == "identical" and row.told.code == "verdict-identical-mute"


def test_primary_is_first_and_all_joins_the_two_unseen_sets() -> None:
    papers = {
        "train": make_questions(4, prefix="t"),
        "same_fact": make_questions(6, prefix="s"),
        "new_fact": make_questions(8, prefix="n"),
    }
    rows = [q for part in papers.values() for q in part]
    both = [a for mode in ("digits", "cloze") for a in make_answers(rows, [2] * 18, mode)]
    found = compare_models(
        papers, both, both, ComparisonPlan(primary_set="new_fact", primary_mode="cloze")
    )
    assert [row.primary for row in found] == [True] + [False] * 7
    assert (found[0].set, found[0].mode, found[0].n) == ("new_fact", "cloze", 8)
    assert {(row.set, row.mode): row.n for row in found}[("all", "digits")] == 14


def test_a_missing_record_is_refused() -> None:
    papers = some()
    base = make_answers(papers["same_fact"], [1] * 20)
    with pytest.raises(MissingArtifact, match=r"1 answers in cloze are missing \(tuned q19"):
        compare_models(papers, base, base[:-1], PLAN)
    with pytest.raises(MissingArtifact, match="base q19"):
        compare_models(papers, base[:-1], base[:-1], PLAN)
    with pytest.raises(MissingArtifact, match="rotation 1"):
        compare_models(
            papers, base, base + make_answers(papers["same_fact"][:3], [1] * 3, rotation=1), PLAN
        )


def test_a_whole_mode_missing_in_one_model_is_refused() -> None:
    papers = some()
    cloze = make_answers(papers["same_fact"], [1] * 20)
    with pytest.raises(MissingArtifact, match="20 answers in digits are missing"):
        compare_models(
            papers, cloze, cloze + make_answers(papers["same_fact"], [1] * 20, "digits"), PLAN
        )


def test_a_doubled_record_and_a_doubled_question_are_refused() -> None:
    papers = some()
    base = make_answers(papers["same_fact"], [1] * 20)
    with pytest.raises(MissingArtifact, match="twice"):
        compare_models(papers, base, [*base, base[0]], PLAN)
    with pytest.raises(MissingArtifact, match="id of its own"):
        compare_models({**papers, "new_fact": papers["same_fact"][:1]}, base, base, PLAN)


def test_an_answer_marked_against_another_key_is_refused() -> None:
    papers = some(2)
    base = make_answers(papers["same_fact"], [1, 2])
    wrong = [base[0], base[1].model_copy(update={"is_correct": True})]
    with pytest.raises(MissingArtifact, match="another key"):
        compare_models(papers, base, wrong, PLAN)


def test_an_empty_primary_set_is_refused() -> None:
    papers = some()
    base = make_answers(papers["same_fact"], [1] * 20)
    with pytest.raises(NothingLeft, match="new_fact"):
        compare_models(papers, base, base, ComparisonPlan(primary_set="new_fact"))


def test_answers_to_other_questions_are_left_aside() -> None:
    papers = some(10)
    base = make_answers(make_questions(20), [1] * 20)
    assert compare_models(papers, base, base, PLAN)[0].n == 10


def test_a_cut_prompt_counts_as_wrong() -> None:
    papers = some(2)
    whole = make_answers(papers["same_fact"], [1, 1])
    cut = [whole[0], whole[1].model_copy(update={"truncated": True, "is_correct": False})]
    row = compare_models(papers, whole, cut, PLAN)[0]
    assert (row.base.correct, row.tuned.correct, row.extra["truncated_tuned"]) == (2, 1, 0.5)


def scored(question: Question, rotation: int, *scores: float) -> Answer:
    best = max(range(4), key=scores.__getitem__) + 1
    return Answer(
        question_id=question.id,
        rotation=rotation,
        mode="digits",
        scores=scores,
        predicted=best,
        is_correct=best == question.answer,
    )


def test_over_rotations_the_highest_mean_score_is_the_answer() -> None:
    papers = some(1)
    (one,) = papers["same_fact"]
    base = [
        scored(one, 0, -1, -2, -3, -4),
        scored(one, 1, -9, -2, -3, -4),
    ]  # means -5, -2: option 2
    tuned = [
        scored(one, 0, -1, -9, -9, -9),
        scored(one, 1, -3, -2.5, -4, -4),
    ]  # means -2, -5.75: option 1
    row = compare_models(papers, base, tuned, ComparisonPlan(primary_mode="digits"))[0]
    assert (row.base.correct, row.tuned.correct, row.gained) == (0, 1, 1)
    assert (
        row.extra["mean_base"] == row.extra["mean_tuned"] == 0.5
    )  # each is right in one rotation of two
    assert row.extra["steady_tuned"] == 0


def test_without_scores_the_most_named_option_is_the_answer() -> None:
    papers = some(1)
    asked = papers["same_fact"]
    said = {"base": (2, 1, 1, 3), "tuned": (2, 1, 2, 1)}  # plurality 1; a tie, so the earlier: 2
    rows = {
        who: [
            a
            for r, option in enumerate(named)
            for a in make_answers(asked, [option], "generate", r)
        ]
        for who, named in said.items()
    }
    row = compare_models(
        papers, rows["base"], rows["tuned"], ComparisonPlan(primary_mode="generate")
    )[0]
    assert (row.base.correct, row.tuned.correct) == (1, 0)
