"""What is told before anything is scored is what the questions can see."""

import pytest

from tasks.evaluation.statistics import power_analysis
from tasks.evaluation.statistics.planned_comparison import explain_claim, explain_power
from tasks.schemas.messages import Figure, Points, Share, Term, build_message
from tasks.schemas.plan_sections import ComparisonPlan


@pytest.mark.parametrize(
    ("seeds", "wanted"),
    [
        (1, build_message("check-adapter", least=3)),
        (2, build_message("check-adapter", least=3)),
        (3, build_message("check-recipe", seeds=3)),
        (4, build_message("check-recipe", seeds=4)),
    ],
)
def test_from_three_seeds_on_the_verdict_will_be_on_the_recipe(seeds, wanted):
    assert explain_claim(ComparisonPlan(seeds=seeds)) == wanted


@pytest.mark.parametrize(
    "plan",
    [
        ComparisonPlan(),
        ComparisonPlan(alpha=0.2, power=0.6, margin=0.1, primary_set="new_fact"),
    ],
)
def test_what_so_many_questions_see_is_counted_as_facts_and_told_with_the_assumptions(plan):
    """At a design effect of 1.7, 170 questions are worth 100; 40 % change between right and wrong."""
    told = explain_power(170, plan)
    gain = power_analysis.find_detectable_difference(100, 0.4, plan.alpha, plan.power)
    chance = power_analysis.compute_equivalence_power(100, plan.margin, 0.4, plan.alpha)
    alone = power_analysis.count_questions_for_absence(plan.margin, 0.4, plan.alpha, plan.power)
    assert chance < plan.power
    assert told == build_message(
        "power",
        n=170,
        set=Term("sets", plan.primary_set),
        gain=Points(gain),
        power=Share(plan.power),
        discordance=Share(0.4),
        effect=Figure(1.7),
        absence=build_message(
            "absence-unseen",
            margin=Points(plan.margin),
            chance=Share(chance),
            needed=int(float(f"{1.7 * alone:.2g}")),
        ),
    )


def test_enough_questions_are_said_to_show_absence():
    plan = ComparisonPlan(margin=0.1)
    told = explain_power(1700, plan)
    chance = power_analysis.compute_equivalence_power(1000, 0.1, 0.4)
    assert chance > plan.power
    assert told.values["absence"] == build_message(
        "absence-shown", margin=Points(0.1), chance=Share(chance)
    )
    border = plan.model_copy(update={"power": chance})
    assert explain_power(1700, border).values["absence"].code == "absence-shown"


def test_a_single_question_sees_nothing():
    assert explain_power(1, ComparisonPlan()).values["gain"] == Points(1.0)
