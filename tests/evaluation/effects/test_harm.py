"""A loss elsewhere is a finding of its own, beside any gain, and says how sure it is."""

import pytest
from support.items.scored_questions import make_answers, make_questions

from tasks.evaluation.effects.everyday_questions import load_everyday_questions
from tasks.evaluation.effects.harm import judge_everyday_answers, list_harms
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.language.catalogue import load_catalogue
from tasks.schemas.effects.effect_rows import Harm
from tasks.schemas.plan_sections import ComparisonPlan

PLAN = ComparisonPlan()
TAUGHT = make_questions(52, per_fact=3, prefix="taught")


def judge(before: list[int], after: list[int], per_fact: int) -> Harm:
    """The untaught questions' harm beside a study whose taught facts rose from 34.6 to 96.2 %."""
    untaught = make_questions(len(before), per_fact=per_fact, prefix="new")
    papers = {"train": [], "same_fact": TAUGHT, "new_fact": untaught}
    base = make_answers(TAUGHT, [1] * 18 + [2] * 34) + make_answers(untaught, before)
    tuned = make_answers(TAUGHT, [1] * 50 + [2] * 2) + make_answers(untaught, after)
    rows = compare_models(papers, base, tuned, PLAN)
    assert rows[0].verdict == "improved" and round(100 * rows[0].base.rate, 1) == 34.6
    (found,) = list_harms(rows, PLAN)
    own = next(row for row in rows if row.set == "new_fact")
    assert (found.difference, found.p_value) == (own.difference, own.p_value)  # one engine
    return found


def test_a_tuned_model_that_forgot_the_untaught_facts_did_harm() -> None:
    """27 of 59 before and 5 after: every fact lost some."""
    known = [1 if place % 10 in (0, 3, 6, 9) or place < 6 else 2 for place in range(59)]
    assert sum(one == 1 for one in known) == 27
    kept = [place for place, one in enumerate(known) if one == 1][::6]
    found = judge(known, [1 if place in kept else 3 for place in range(59)], per_fact=3)
    assert (found.finding, found.facts) == ("harm", 20)
    assert (round(found.base.rate, 3), round(found.tuned.rate, 3)) == (0.458, 0.085)
    assert found.difference.high < 0
    told = load_catalogue("en").format_message(found.told)
    assert told.startswith("Harm: questions on facts never taught fell from 45.8% to 8.5% right")
    assert "45٫8٪" in load_catalogue("fa").format_message(found.told).translate(
        str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
    )


def test_the_same_loss_on_few_facts_is_said_as_possible_harm_and_never_bare() -> None:
    """It lies on three of six facts, whose signs fall alike by chance in a quarter of all cases."""
    known = [1] * 27 + [2] * 32
    found = judge(known, [1] * 5 + [2] * 54, per_fact=10)
    assert found.p_value == pytest.approx(0.25)
    assert found.finding == "possible-harm" and found.difference.high >= 0
    told = load_catalogue("en").format_message(found.told)
    assert told.startswith("Possible harm") and "45.8% to 8.5%" in told and "6 facts" in told


def test_a_base_that_guesses_has_nothing_to_lose() -> None:
    found = judge([1, 2, 3, 4] * 20, [2, 1, 3, 4] * 20, per_fact=1)
    assert (found.finding, found.told.code) == ("not-measurable", "harm-floor")


def test_no_harm_is_said_only_where_the_interval_rules_a_loss_out() -> None:
    most = [1] * 180 + [2] * 20
    still = judge(most, [*most[:-1], 1], per_fact=1)
    assert still.finding == "no-harm" and still.difference.low >= -PLAN.margin
    few = judge([1] * 18 + [2] * 2, [2] + [1] * 17 + [2, 1], per_fact=1)
    assert (few.finding, few.told.code) == ("not-measurable", "harm-unclear")
    assert few.difference.low < -PLAN.margin


def test_a_gain_elsewhere_is_no_harm_though_the_base_guessed() -> None:
    found = judge([1, 2, 3, 4] * 20, [1] * 80, per_fact=1)
    assert found.finding == "no-harm" and found.difference.low > 0


def test_the_verdict_s_own_questions_and_the_taught_pairs_are_no_elsewhere() -> None:
    papers = {name: make_questions(8, prefix=name) for name in ("train", "same_fact", "new_fact")}
    asked = [q for rows in papers.values() for q in rows]
    answers = [
        a for mode in ("digits", "cloze") for a in make_answers(asked, [1] * len(asked), mode)
    ]
    for primary in ("same_fact", "new_fact", "train", "all"):
        plan = ComparisonPlan(primary_set=primary)
        found = list_harms(compare_models(papers, answers, answers, plan), plan)
        elsewhere = "same_fact" if primary == "new_fact" else "new_fact"
        # one row beside the everyday questions: two rows share alpha, three would not
        assert [(one.what, one.mode) for one in found] == [(elsewhere, "cloze")]


def test_everyday_answers_are_judged_over_all_seeds_and_the_kept_ones_counted() -> None:
    asked = load_everyday_questions("en")
    keys = [question.answer for question in asked]
    wrong = [key % 4 + 1 for key in keys]
    base = make_answers(asked, keys[:40] + wrong[40:])
    one = make_answers(asked, wrong[:20] + keys[20:40] + wrong[40:])
    two = make_answers(asked, wrong[:10] + keys[10:])
    alone = judge_everyday_answers(asked, base, [one], PLAN)
    assert (alone.finding, alone.n, alone.facts) == ("harm", 50, 50)
    assert (alone.base.correct, alone.tuned.correct, alone.kept) == (40, 20, 0.6)
    three = judge_everyday_answers(asked, base, [one, two, one], PLAN)
    assert three.tuned.rate == pytest.approx((20 + 40 + 20) / 150)
    assert three.kept == pytest.approx((30 + 30 + 30) / 150, abs=0.01)
