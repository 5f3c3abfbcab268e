"""What solves the questions, how many of each kind there are, and a person's review: on page, in Markdown, in files."""

import html
import re
from dataclasses import replace

import pytest
from support.reports.example_study import make_example_study

from tasks.evaluation.question_measures import measure_all
from tasks.evaluation.statistics.agreement import summarize_review
from tasks.reporting.exports import build_study_record
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.page import render_page
from tasks.reporting.report_data import ReportData
from tasks.reporting.review.review_words import describe_review
from tasks.reporting.sanitize import escape_markdown
from tasks.schemas.rows.review_rows import ReviewedItem


def reviewed(n: int, decision: str, outcome: str, gate: bool | None = True) -> ReviewedItem:
    kind = None if gate is None else "pair" if n % 2 else "question"
    return ReviewedItem(
        item=f"i{n}", kind=kind, passage_id=f"p{n}", decision=decision, gate=gate, outcome=outcome
    )  # type: ignore[arg-type]


ROWS = [
    *(reviewed(n, "keep", "kept") for n in range(18)),
    reviewed(18, "reject", "rejected"),
    reviewed(19, "mend", "fell"),
    *(reviewed(n, "reject", "refused", False) for n in range(20, 28)),
    reviewed(28, "keep", "refused", False),
    reviewed(29, "keep", "unmatched", None),
]


@pytest.fixture(scope="module", params=["en", "fa"])
def study(request) -> ReportData:
    made = make_example_study(request.param)
    books = {passage.id: passage.text for passage in made.passages}
    return replace(
        made,
        measures=measure_all(made.primary_questions, books, []),
        review=summarize_review(ROWS),
        language=request.param,
    )


def text_of(page: str) -> str:
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script).*?</\1>", "", page, flags=re.S))
    return " ".join(html.unescape(plain).replace("\u200e", "").split())


def test_every_measure_stands_on_the_page_and_in_markdown_with_its_interval(study) -> None:
    say = load_labels(study.language)
    page, short = text_of(render_page(study)), build_markdown_report(study).replace("\u200e", "")
    for row in study.measures:
        if row.kind in ("all", "not_diagnosis"):
            shares = [
                say.format_share(x).replace("\u200e", "") for x in (row.rate, row.low, row.high)
            ]
            assert f"{shares[0]} {shares[1]} {say['to']} {shares[2]}" in page
            assert f"{shares[0]} ({shares[1]} {say['to']} {shares[2]}" in short
            assert say.get_label("solvers", row.solver) in page and say["solving"] in short


def test_kinds_are_told_with_what_the_plan_asks_for(study) -> None:
    kinds = {one.kind: (one.wanted, one.kept) for one in study.kind_counts}
    shares = study.plan.generation.kinds
    assert kinds["pair"] == (study.plan.generation.pairs, 340)
    assert kinds["diagnosis"] == (round(280 * shares["diagnosis"]), 220)
    assert kinds["telling_apart"] == (56, 0)
    assert sum(kept for _, kept in kinds.values()) == 340 + 220
    record = build_study_record(study)
    assert [one["kind"] for one in record["kinds"]] == list(kinds)
    assert len(record["measures"]) == len(study.measures)


def test_a_review_is_told_with_share_kinds_and_agreement(study) -> None:
    say = load_labels(study.language)
    page, short = text_of(render_page(study)), build_markdown_report(study)
    record = build_study_record(study)
    # 18 of 20 kept; κ of (18, 1, 2, 8): agreed 26/29, luck (19·20 + 10·9)/841 = 470/841
    kappa = (26 / 29 - 470 / 841) / (1 - 470 / 841)
    assert record["review"]["agreement"]["kappa"] == pytest.approx(kappa)
    assert record["review"]["sound"]["rate"] == 0.9
    assert (
        say.format_number(kappa, 2) in page and say["reviewed"] in page and say["reviewed"] in short
    )
    assert [one["code"] for one in record["review_told"]] == [
        "review-counts",
        "review-fell",
        "review-sound",
        "review-agreement",
        "review-unmatched",
    ]
    for one in describe_review(study.review):
        told = say.format_message(one)
        assert told.replace("\u200e", "") in page and escape_markdown(told) in short
    for name in ("pair", "question"):
        assert study.review.by_kind[name].n == 10


def test_a_study_without_measures_or_review_says_nothing_of_them() -> None:
    plain = make_example_study("en")
    page, record = render_page(plain), build_study_record(plain)
    assert 'id="solving"' not in page and 'id="review"' not in page
    assert record["review"] is None and record["review_told"] == [] and record["measures"] == []
