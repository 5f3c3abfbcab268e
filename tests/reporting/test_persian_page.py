"""On a Persian page a person reads Persian: English are names, identifiers and what the program or a model said, marked as such."""

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from reporting.test_page import words_of
from support.planted_faults.item_faults import plant_illegible_answers
from support.planted_faults.row_faults import FAULTS, collect_fault_evidence
from support.planted_faults.row_studies import make_healthy_study
from support.reports.example_study import make_example_study

from tasks.diagnosis.causes import answer_four_causes
from tasks.diagnosis.rules.ranking import diagnose_evidence
from tasks.evaluation.statistics.verdict import PairedOutcomes, judge_outcomes
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.message_words import tell_advice, tell_cause, tell_claim
from tasks.reporting.page import render_page
from tasks.schemas.item_rows import FilterStep, Rejection
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import ComparisonPlan

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
    reason = build_message("key-given-away-by-its-length", key=41, longest=12)
    fell = Rejection(
        draft_id="d", kind="question", passage_id="p001-01", check="flaws", reason=reason, raw="متن"
    )
    stage = FilterStep(
        name="flawless", kind="question", came=9, kept=8, fell={"key-given-away-by-its-length": 1}
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
    plan, base = ComparisonPlan(), np.array([True, False, True])
    tuned = np.array([[True, True, True], [True, False, False], [False, True, True]])
    marks = PairedOutcomes(
        base, tuned, tuned != base, fact=np.arange(3), passage=np.array([0, 0, 1])
    )
    drawn = {
        f"{what}_{who}" for what in ("mean", "steady", "truncated") for who in ("base", "tuned")
    }
    measured = judge_outcomes(marks, plan).extra.keys()
    assert measured >= {"p_passages", "p_seeds", "questions_needed"}
    assert measured | drawn | {"p_holm", "score_shift"} <= FA["measures"].keys()


def words_of_rows(fault: str, language: str) -> list[str]:
    say, study = load_labels(language), told(fault)
    claims = [tell_claim(finding, say) for finding in study.findings]
    return [
        *claims,
        *(tell_advice(finding, say) for finding in study.findings),
        *(tell_cause(cause, say) for cause in study.causes),
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_claims_are_persian_with_persian_digits_only(fault: str) -> None:
    study = told(fault)
    for text in [
        *(tell_claim(finding, FA) for finding in study.findings),
        *(tell_cause(cause, FA) for cause in study.causes),
    ]:
        assert re.search(r"[آ-ی]", text)
        assert not re.search(r"[0-9{}]|None|—", text), text


def test_every_rule_has_a_persian_title() -> None:
    assert FA["rules"].keys() == load_labels("en")["findings"].keys()


def test_an_english_study_is_told_in_english() -> None:
    for fault in FAULTS:
        for text in words_of_rows(fault, "en"):
            assert re.sub("[\u200e\u202f−]", "", text).isascii() and "{" not in text, text


def test_illegible_answers_are_told_in_persian_too() -> None:
    evidence = plant_illegible_answers(make_healthy_study()).collect_evidence()
    for finding in diagnose_evidence(evidence):
        assert re.search(r"[آ-ی]", tell_claim(finding, FA))
