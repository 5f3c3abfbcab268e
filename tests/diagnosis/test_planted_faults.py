"""Each fault, planted in a healthy study, is named first; the healthy study names none."""

import pytest
from support.planted_faults.item_faults import plant_chance_level, plant_illegible_answers
from support.planted_faults.row_faults import FAULTS, collect_fault_evidence, plant_rote_learning
from support.planted_faults.row_studies import RowStudy, make_healthy_study

from tasks.diagnosis.next_plan import build_next_plan
from tasks.diagnosis.remedies import require_harder_questions
from tasks.diagnosis.rules.ranking import NO_GAIN_RULES, VALIDITY_RULES, diagnose_evidence
from tasks.language.book_profile import BookLook
from tasks.language.i18n import load_translator
from tasks.language.language_pack import load_pack
from tasks.reporting.message_words import tell_advice, tell_claim
from tasks.schemas.item_rows import Rejection
from tasks.schemas.messages import build_message
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.result_rows import ScreenedQuestion
from tasks.schemas.sections.profiles import ITEM_FORMS


def test_a_healthy_study_names_no_fault_and_needs_no_other_plan() -> None:
    evidence = make_healthy_study().collect_evidence()
    assert evidence.primary.verdict == "improved"
    assert diagnose_evidence(evidence) == []
    assert build_next_plan(evidence.plan, []) is None


@pytest.mark.parametrize("fault", FAULTS)
def test_the_planted_fault_is_named_first(fault: str) -> None:
    findings = diagnose_evidence(collect_fault_evidence(fault))
    assert [finding.rule for finding in findings][:1] == [FAULTS[fault][0]], [
        (f.rule, f.evidence) for f in findings
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_finding_can_be_followed_or_advised(fault: str) -> None:
    for finding in diagnose_evidence(collect_fault_evidence(fault)):
        assert finding.claim and finding.evidence and 0 < finding.priority <= 1
        assert (
            not finding.remedy
            or build_next_plan(collect_fault_evidence(fault).plan, [finding]) is not None
        ), finding.remedy


@pytest.mark.parametrize("fault", FAULTS)
def test_a_person_s_own_items_are_never_replaced_by_a_remedy(fault: str) -> None:
    evidence = collect_fault_evidence(fault)
    own = evidence.plan.generation.model_copy(
        update={"pairs": "pairs.json", "questions": "questions.json"}
    )
    plan = evidence.plan.model_copy(update={"generation": own})
    for finding in diagnose_evidence(evidence.model_copy(update={"plan": plan})):
        assert not {"generation.pairs", "generation.questions"} & finding.remedy.keys()


def test_illegible_answers_and_cut_prompts_are_named() -> None:
    evidence = plant_illegible_answers(make_healthy_study()).collect_evidence()
    row = evidence.primary
    mute = evidence.model_copy(
        update={
            "comparisons": (
                row.model_copy(update={"illegible_tuned": 190}),
                *evidence.comparisons[1:],
            )
        }
    )
    cut = evidence.model_copy(
        update={
            "comparisons": (
                row.model_copy(update={"extra": row.extra | {"truncated_tuned": 0.5}}),
                *evidence.comparisons[1:],
            )
        }
    )
    assert diagnose_evidence(mute)[0].rule == "illegible-answers"
    assert diagnose_evidence(cut)[0].rule == "prompts-cut"


@pytest.mark.parametrize("modes", [["generate"], ["generate", "cloze"]])
def test_two_models_that_name_no_option_are_not_one_model(modes: list[str]) -> None:
    study = make_healthy_study().with_changes(
        plan={"comparison.primary_mode": "generate", "evaluation.modes": modes}
    )
    evidence = study.collect_evidence()
    mute = [
        row.model_copy(
            update={
                "changed": 0,
                "illegible_base": row.n,
                "illegible_tuned": row.n,
                "verdict": "identical",
                "extra": {},
            }
        )
        if row.mode == "generate"
        else row
        for row in evidence.comparisons
    ]
    rules = [
        finding.rule
        for finding in diagnose_evidence(evidence.model_copy(update={"comparisons": tuple(mute)}))
    ]
    assert "same-model-twice" not in rules and "illegible-answers" in rules


def test_a_plan_that_lets_leaks_through_is_told_of_them_all_the_same() -> None:
    study = FAULTS["questions repeat the training texts"][1](make_healthy_study()).with_changes(
        plan={"validation.leak_ngram": 100}
    )
    first = diagnose_evidence(study.collect_evidence())[0]
    assert first.rule == "leakage" and first.remedy["validation.leak_ngram"] == 6


def test_one_legible_answer_is_no_favourite_place() -> None:
    evidence = plant_illegible_answers(make_healthy_study()).collect_evidence()
    row = evidence.primary
    found = diagnose_evidence(
        evidence.model_copy(
            update={
                "favourite_tuned": 1.0,
                "comparisons": (
                    row.model_copy(update={"illegible_tuned": row.n - 1}),
                    *evidence.comparisons[1:],
                ),
            }
        )
    )
    assert found[0].rule == "illegible-answers" and "one-option-favoured" not in {
        finding.rule for finding in found
    }


def test_a_check_that_is_stricter_than_usual_is_what_brings_few_pairs_more() -> None:
    study = FAULTS["a fifth of the pairs"][1](make_healthy_study())
    fallen = [
        Rejection(
            draft_id="d",
            kind="pair",
            check="duplicates",
            reason=build_message("says-the-same-as-an-earlier-item", text=""),
            raw="",
            items=1500,
        )
    ]
    strict = diagnose_evidence(
        study.with_changes(
            plan={"validation.near_duplicate": 0.1}, rejected=fallen
        ).collect_evidence()
    )[0]
    usual = diagnose_evidence(study.with_changes(rejected=fallen).collect_evidence())[0]
    assert (strict.rule, strict.remedy) == ("few-pairs", {"validation.near_duplicate": 0.85})
    assert (usual.rule, usual.remedy) == ("few-pairs", {}), "rules would give the same again"
    asked = {"generation.writer": "gpt"}
    usual = diagnose_evidence(study.with_changes(plan=asked, rejected=fallen).collect_evidence())[0]
    assert (usual.rule, usual.remedy) == ("few-pairs", {"generation.rounds": 8})


def test_a_gain_that_is_only_legibility_is_named() -> None:
    evidence = make_healthy_study().collect_evidence()
    row = evidence.primary.model_copy(update={"illegible_base": 150})
    assert (
        diagnose_evidence(
            evidence.model_copy(update={"comparisons": (row, *evidence.comparisons[1:])})
        )[0].rule
        == "legibility-gain"
    )


def test_answers_that_follow_the_place_are_named() -> None:
    evidence = (
        plant_chance_level(make_healthy_study())
        .with_changes(plan={"evaluation.rotations": 4})
        .collect_evidence()
    )
    row = evidence.primary.model_copy(
        update={"extra": evidence.primary.extra | {"steady_tuned": 0.1}}
    )
    assert (
        diagnose_evidence(
            evidence.model_copy(update={"comparisons": (row, *evidence.comparisons[1:])})
        )[0].rule
        == "answers-follow-place"
    )


def test_seeds_that_disagree_are_named_though_this_one_improved() -> None:
    evidence = make_healthy_study().collect_evidence()
    for p_seeds, wanted in ((0.01, ["seeds-disagree"]), (0.0101, [])):
        row = evidence.primary.model_copy(
            update={"seeds": (0.65, 0.02), "extra": evidence.primary.extra | {"p_seeds": p_seeds}}
        )
        changed = evidence.model_copy(update={"comparisons": (row, *evidence.comparisons[1:])})
        assert [finding.rule for finding in diagnose_evidence(changed)] == wanted


def test_screened_questions_are_named() -> None:
    study = plant_rote_learning(make_healthy_study())

    def rules(blind: int, opened: int, study: RowStudy = study) -> list[str]:
        count = {
            "mode": "digits",
            "asked": 4,
            "closed": 1,
            "kind": "useful",
            "blind_key": 0.5,
            "closed_key": 0.5,
            "opened_key": 0.5,
        }
        rows = [
            ScreenedQuestion.model_validate(
                {"question_id": q.id, "blind": blind, "opened": opened, **count}
            )
            for q in study.questions["same_fact"]
        ]
        return [
            finding.rule for finding in diagnose_evidence(study.collect_evidence(screened=rows))
        ]

    assert rules(blind=3, opened=4)[0] == "questions-guessable"
    assert "questions-unanswerable" in rules(
        1, 1, study.with_changes(plan={"base.model": "some/llama"})
    )
    assert "questions-unanswerable" not in rules(1, 1)  # the tiny control reads no passages
    assert rules(blind=1, opened=3)[0] == "learnt-by-heart"


def test_a_real_model_that_improved_but_forgot_is_told() -> None:
    """The tiny control has nothing to forget; a real model has."""
    assert (
        diagnose_evidence(
            make_healthy_study().with_changes(plan={"base.model": "some/llama"}).collect_evidence()
        )[0].rule
        == "knowledge-lost"
    )


@pytest.mark.parametrize("rule", load_pack("packs/findings.yaml", "en")["findings"])
def test_each_rule_has_a_planted_fault(rule: str) -> None:
    """A rule nobody can make speak is a rule that does not exist."""
    elsewhere = {
        "illegible-answers",
        "prompts-cut",
        "legibility-gain",
        "answers-follow-place",
        "seeds-disagree",
        "questions-unanswerable",
        "words-solve-questions",
    }
    assert rule in {planted for planted, _ in FAULTS.values()} | elsewhere


def test_there_are_as_many_rules_as_sentences_for_them() -> None:
    assert len(load_pack("packs/findings.yaml", "en")["findings"]) == len(
        VALIDITY_RULES + NO_GAIN_RULES
    )


def test_an_unfit_profile_is_named_beside_a_gain_and_its_next_plan_fits_the_book() -> None:
    healthy = make_healthy_study()._replace(look=BookLook("guideline", 5.6))
    (only,) = diagnose_evidence(healthy.collect_evidence())
    assert only.rule == "unfit-profile" and only.priority == 0.5
    following = build_next_plan(healthy.plan, [only])
    assert following is not None
    assert (following.generation.profile, following.generation.writer) == ("guideline", "gpt")
    assert following.generation.kinds == ITEM_FORMS["guideline"].kinds
    say = load_translator("en", "packs/findings.yaml", "packs/report.yaml")
    assert tell_claim(only, say).startswith("The book describes no patients (6 of 1,000 words")
    assert tell_advice(only, say).endswith("generation.profile guideline.")
    named = make_healthy_study()._replace(look=BookLook("medicine", 55.0)).collect_evidence()
    assert diagnose_evidence(named) == []
    fitting = healthy.with_changes(
        plan={"generation.profile": "guideline", "generation.writer": "gpt"}
    )
    assert diagnose_evidence(fitting.collect_evidence()) == []


def test_a_person_s_own_items_have_no_unfit_profile() -> None:
    own = {"generation.pairs": "p.json", "generation.questions": "q.json"}
    study = make_healthy_study().with_changes(plan=own)._replace(look=BookLook("law", 0.0))
    assert diagnose_evidence(study.collect_evidence()) == []


def test_harder_questions_of_a_law_are_types_that_a_law_has() -> None:
    plan = parse_plan({"generation": {"profile": "law", "writer": "gpt"}})
    change = require_harder_questions(plan)
    assert change == {"generation.kinds": {"telling_apart": 0.7, "application": 0.3}}
    assert parse_plan(plan.model_dump(mode="json"), change).generation.profile == "law"
