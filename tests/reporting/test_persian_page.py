"""On a Persian page a person reads Persian: English are names, identifiers and what the program or a model said, marked as such."""

import ast
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from reporting.test_page import words_of
from support.planted_faults.item_faults import plant_illegible_answers
from support.planted_faults.row_faults import FAULTS, collect_fault_evidence
from support.planted_faults.row_studies import make_healthy_study
from support.reports.example_study import make_example_study

from tasks import validation
from tasks.diagnosis.causes import answer_four_causes
from tasks.diagnosis.finding_text import load_sentences
from tasks.diagnosis.rules.ranking import diagnose_evidence
from tasks.evaluation.statistics.verdict import PairedOutcomes, judge_outcomes
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.page import render_page
from tasks.schemas.item_rows import FilterStep, Rejection
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.validation.checks import flaws, text_damage

FA = load_labels("fa")
MARKED = re.compile(r'<(code|pre|title)\b.*?</\1>|<bdi dir="ltr">.*?</bdi>', re.DOTALL)
SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,]+){3,}[A-Za-z]{2,}")


@lru_cache
def told(fault: str):
    """A study with the fault's findings."""
    return replace(
        make_example_study(),
        findings=diagnose_evidence(collect_fault_evidence(fault)),
        causes=answer_four_causes(collect_fault_evidence(fault)),
    )


def test_no_english_sentence_is_on_a_persian_page_whatever_was_found() -> None:
    reason = (
        "key given away by its length: 41 characters, the others 9, 8 and 11 in the mean of all"
    )
    fell = Rejection(
        draft_id="d", kind="question", passage_id="p001-01", check="flaws", reason=reason, raw="متن"
    )
    stage = FilterStep(
        name="flawless", kind="question", came=9, kept=8, fell={"key given away by its length": 1}
    )
    findings = [finding for fault in FAULTS for finding in told(fault).findings]
    study = replace(told("14 updates"), findings=findings, rejected=[fell], funnel=[stage])
    assert not SENTENCE.findall(words_of(MARKED.sub(" ", render_page(study))))
    assert not SENTENCE.findall(
        re.sub(r"```.*?```|`[^`]*`", " ", build_markdown_report(study), flags=re.DOTALL)
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_every_number_of_the_evidence_has_a_persian_name(fault: str) -> None:
    rows = [*told(fault).findings, *told(fault).causes]
    assert {name for row in rows for name in row.evidence} <= FA["measures"].keys()


def test_every_further_figure_of_the_primary_result_has_a_persian_name() -> None:
    plan, base = ComparisonPlan(), np.array([True, False])
    rows = np.array([[False, True], [False, True], [True, True]])  # three seeds
    marks = PairedOutcomes(base, rows, rows != base, np.array([0, 1]), np.array([0, 0]))
    drawn = {
        f"{what}_{who}" for what in ("mean", "steady", "truncated") for who in ("base", "tuned")
    }
    assert (
        judge_outcomes(marks, plan).extra.keys() | drawn | {"p_holm", "score_shift"}
        <= FA["measures"].keys()
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_claims_are_persian_with_persian_digits_only(fault: str) -> None:
    for row in [*told(fault).findings, *told(fault).causes]:
        assert re.search(r"[آ-ی]", row.claim)
        assert not re.search(r"[0-9{}]|None|—", row.claim), row.claim


def test_every_rule_has_a_persian_title() -> None:
    assert FA["rules"].keys() == load_sentences("en")["rules"].keys()


def test_an_english_study_is_told_in_english() -> None:
    for fault in FAULTS:
        evidence = collect_fault_evidence(fault)
        english = evidence.model_copy(
            update={"plan": evidence.plan.model_copy(update={"language": "en"})}
        )
        for row in [*diagnose_evidence(english), *answer_four_causes(english)]:
            assert re.sub("[\u200e\u202f−]", "", row.claim).isascii(), row.claim
            assert "{" not in row.claim


def test_every_reason_of_the_gate_has_a_persian_name() -> None:
    reasons = {
        *flaws.QUESTION_RULES,
        *flaws.PAIR_RULES,
        *text_damage.DAMAGE_RULES,
        *first_words_of("Defect"),
        *first_words_of("UnreadableItem"),
    }
    assert "key misspelt" in reasons
    assert reasons <= FA["reasons"].keys()


def first_words_of(name: str) -> set[str]:
    """What the gate's modules say first where they build a `name`: the reason's label."""
    trees = [
        ast.parse(file.read_text("utf-8"))
        for file in Path(validation.__file__).parent.rglob("*.py")
    ]
    calls = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name
    ]
    return {
        call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)
    }


def test_illegible_answers_are_told_in_persian_too() -> None:
    evidence = plant_illegible_answers(make_healthy_study()).collect_evidence()
    assert all(re.search(r"[آ-ی]", finding.claim) for finding in diagnose_evidence(evidence))
