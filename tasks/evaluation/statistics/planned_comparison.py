"""What a comparison will be about and able to see, told before anything is scored."""

from tasks.evaluation.statistics import power_analysis
from tasks.evaluation.statistics.seed_effects import MIN_SEEDS
from tasks.schemas.messages import Figure, Message, Points, Share, Term, build_message
from tasks.schemas.plan_sections import ComparisonPlan


def explain_claim(plan: ComparisonPlan) -> Message:
    """Whether the verdict will be on the recipe or on one adapter."""
    if plan.seeds >= MIN_SEEDS:
        return build_message("check-recipe", seeds=plan.seeds)
    return build_message("check-adapter", least=MIN_SEEDS)


def explain_power(questions: int, plan: ComparisonPlan) -> Message:
    """What the primary set's questions will see, and whether they can show that nothing changed."""
    discordance, effect = power_analysis.ASSUMED_DISCORDANCE, power_analysis.ASSUMED_DESIGN_EFFECT
    worth = max(1, int(questions / effect))
    gain = power_analysis.find_detectable_difference(worth, discordance, plan.alpha, plan.power)
    chance = power_analysis.compute_equivalence_power(worth, plan.margin, discordance, plan.alpha)
    needed = effect * power_analysis.count_questions_for_absence(
        plan.margin, discordance, plan.alpha, plan.power
    )
    margin = Points(plan.margin)
    return build_message(
        "power",
        n=questions,
        set=Term("sets", plan.primary_set),
        gain=Points(gain),
        power=Share(plan.power),
        discordance=Share(discordance),
        effect=Figure(effect),
        absence=build_message("absence-shown", margin=margin, chance=Share(chance))
        if chance >= plan.power
        else build_message(
            "absence-unseen",
            margin=margin,
            chance=Share(chance),
            needed=int(float(f"{needed:.2g}")),
        ),
    )
