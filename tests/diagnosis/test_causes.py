"""The exercise's four causes are answered, and the first remedy becomes a plan."""

import pytest
from support.planted_faults import row_faults as planted
from support.planted_faults.row_studies import RowStudy, make_healthy_study, use_digits_mode

from tasks.diagnosis.causes import answer_four_causes
from tasks.diagnosis.next_plan import build_next_plan, select_followed_findings
from tasks.diagnosis.remedies import extend_training
from tasks.diagnosis.rules.ranking import diagnose_evidence, order_findings
from tasks.schemas.messages import Figure, Nats
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import Finding


def verdicts(study: RowStudy) -> list[str]:
    causes = answer_four_causes(study.collect_evidence())
    assert [cause.name for cause in causes] == [
        "training data",
        "too little training",
        "leakage",
        "easy questions",
    ]
    assert all(cause.evidence and (cause.claim or cause.found) for cause in causes)
    return [cause.verdict for cause in causes]


def test_a_gain_rules_all_four_out() -> None:
    assert verdicts(make_healthy_study()) == ["ruled out"] * 4


def test_fourteen_updates_are_the_one_cause() -> None:
    study = planted.plant_few_updates(make_healthy_study())
    assert verdicts(study) == ["ruled out", "likely", "ruled out", "ruled out"]
    evidence = answer_four_causes(study.collect_evidence())[1].evidence
    assert (evidence["updates"], evidence["loss_before"], evidence["kl_mean"]) == (
        14,
        Nats(pytest.approx(2.999, abs=0.01)),
        Nats(3e-4),
    )


def test_shuffled_diagnoses_are_a_matter_of_the_data_not_of_more_training() -> None:
    assert verdicts(planted.plant_facts_not_learnt(make_healthy_study()))[:2] == [
        "likely",
        "ruled out",
    ]


def test_repeated_data_and_easy_questions_are_likely() -> None:
    assert verdicts(planted.plant_repeated_pairs(make_healthy_study()))[0] == "likely"
    assert verdicts(planted.plant_unfinished_training(make_healthy_study()))[:2] == [
        "ruled out",
        "likely",
    ]
    assert verdicts(planted.plant_easy_questions(make_healthy_study()))[3] == "likely"


def test_a_leak_explains_a_gain_but_not_its_absence() -> None:
    assert verdicts(planted.plant_leak(make_healthy_study()))[2] == "likely"
    assert (
        verdicts(
            planted.plant_leak(make_healthy_study()).with_changes(
                right={("same_fact", "cloze"): (0.3, 0.31)}
            )
        )[2]
        == "ruled out"
    )


def test_what_was_not_measured_cannot_be_told() -> None:
    """Nothing but option numbers was asked, and the likelihood of the taught diagnoses rose only a little."""
    study = use_digits_mode(make_healthy_study(), "digits").with_changes(
        probe={"taught_before": -1.0, "taught_after": -0.8}
    )
    assert verdicts(study)[1] == "cannot be told"
    assert (
        verdicts(make_healthy_study().with_changes(right={("same_fact", "cloze"): (0.66, 0.68)}))[3]
        == "cannot be told"
    )


def test_the_next_plan_of_the_exercise_trains_longer() -> None:
    """Paid pairs are read more often: 29 times 100 texts in batches of 16 are 180 updates."""
    evidence = planted.plant_few_updates(make_healthy_study()).collect_evidence()
    paid = evidence.plan.generation.model_copy(update={"writer": "gpt"})
    evidence = evidence.model_copy(
        update={"plan": evidence.plan.model_copy(update={"generation": paid})}
    )
    plan = build_next_plan(evidence.plan, diagnose_evidence(evidence))
    assert plan is not None and plan.name == "laptop-next"
    assert plan.finetuning.epochs * 100 / 16 >= 180
    assert (plan.finetuning.learning_rate, plan.finetuning.target_modules) == (5e-3, "all-linear")
    assert (
        plan.model_copy(
            update=evidence.plan.model_dump(include={"name"})
            | {"finetuning": evidence.plan.finetuning, "lineage": evidence.plan.lineage}
        )
        == evidence.plan
    )


def test_where_pairs_cost_nothing_the_next_plan_has_more_of_them() -> None:
    evidence = planted.plant_few_updates(make_healthy_study()).collect_evidence()
    few = evidence.plan.generation.model_copy(update={"writer": "rules", "pairs": 100})
    evidence = evidence.model_copy(
        update={"plan": evidence.plan.model_copy(update={"generation": few})}
    )
    plan = build_next_plan(evidence.plan, diagnose_evidence(evidence))
    assert plan is not None
    assert plan.generation.pairs == 360
    assert plan.finetuning.epochs == 8


def test_a_finding_without_a_remedy_gives_way_to_the_next() -> None:
    def finding(rule: str, **remedy: object) -> Finding:
        return Finding(
            rule=rule,
            evidence={},
            priority=1,
            remedy={key.replace("__", "."): value for key, value in remedy.items()},
        )

    plan = build_next_plan(
        StudyPlan(),
        [
            finding("a"),
            finding("b", finetuning__epochs=StudyPlan().finetuning.epochs),
            finding("c", finetuning__epochs=9),
        ],
    )
    assert plan is not None and plan.finetuning.epochs == 9
    assert build_next_plan(StudyPlan(), [finding("a")]) is None


def test_a_remedy_without_which_the_next_run_would_be_mute_goes_with_the_first() -> None:
    def finding(rule: str, **remedy: object) -> Finding:
        return Finding(
            rule=rule,
            evidence={},
            priority=1,
            remedy={key.replace("__", "."): value for key, value in remedy.items()},
        )

    longer, other = (
        finding("too-few-updates", finetuning__epochs=29),
        finding("too-few-questions", generation__questions=900),
    )
    legible = finding("illegible-answers", comparison__primary_mode="digits")
    found = [longer, other, legible]
    assert select_followed_findings(StudyPlan(), found) == [longer, legible], (
        "of the other remedies only the first"
    )
    plan = build_next_plan(StudyPlan(), found)
    assert plan is not None and (
        plan.finetuning.epochs,
        plan.comparison.primary_mode,
        plan.generation.questions,
    ) == (29, "digits", 280)
    asked = finding("one-option-favoured", comparison__primary_mode="generate")
    assert select_followed_findings(StudyPlan(), [asked, legible]) == [asked], (
        "the first remedy settles what both touch"
    )
    assert select_followed_findings(StudyPlan(), [legible, longer]) == [legible]


def test_of_neighbours_what_is_paid_for_waits() -> None:
    """More pairs of rules cost nothing; of a paid writer they come after the next cause that costs nothing."""
    plan = StudyPlan()
    written = plan.generation.model_copy(update={"writer": "gpt"})
    paid = plan.model_copy(update={"generation": written})
    more = Finding(rule="a", evidence={}, priority=0.922, remedy={"generation.pairs": 800})
    longer = Finding(rule="b", evidence={}, priority=0.915, remedy={"finetuning.epochs": 20})
    assert order_findings([longer, more], plan) == [more, longer]
    assert order_findings([longer, more], paid) == [longer, more]


def test_answers_that_name_no_option_do_not_tell_whether_the_questions_are_easy() -> None:
    evidence = planted.FAULTS["14 updates"][1](make_healthy_study()).collect_evidence()
    row = evidence.primary
    unread = row.model_copy(
        update={
            "illegible_base": row.n,
            "base": row.base.model_copy(
                update={"correct": 0.0, "rate": 0.0, "low": 0.0, "high": 0.04}
            ),
        }
    )
    told = answer_four_causes(
        evidence.model_copy(update={"comparisons": (unread, *evidence.comparisons[1:])})
    )[3]
    assert (
        told.verdict == "cannot be told"
        and told.claim == ("unread",)
        and told.evidence["n"] == row.n
    )
    assert answer_four_causes(evidence)[3].verdict == "ruled out"


def test_a_book_that_gave_few_pairs_is_not_asked_for_thousands() -> None:
    """400 were asked for and 15 came; 400 · 360 / 15 would be 9,600."""
    plan = StudyPlan()
    assert (
        "generation.pairs" not in extend_training(plan, 15, True)
        and extend_training(plan, 15, True)["finetuning.epochs"] > plan.finetuning.epochs
    )
    assert extend_training(plan, 300, True)["generation.pairs"] == 480


@pytest.mark.parametrize("fault", planted.FAULTS)
def test_of_a_recipe_the_mean_number_of_changed_answers_need_not_be_whole(fault: str) -> None:
    evidence = planted.collect_fault_evidence(fault)
    row = evidence.primary
    halves = {name: getattr(row, name) + 0.5 for name in ("gained", "lost", "changed")}
    recipe = row.model_copy(update={"claim": "recipe", **halves})
    evidence = evidence.model_copy(update={"comparisons": (recipe, *evidence.comparisons[1:])})
    told = [*diagnose_evidence(evidence), *answer_four_causes(evidence)]
    counts = [one.evidence["changed"] for one in told if one.evidence.get("changed")]
    assert Figure(row.changed + 0.5) in counts
