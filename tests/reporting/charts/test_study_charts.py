"""The pictures are well-formed, say the same in words, and stay in their frame."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support.reports.example_rows import make_training_log
from support.reports.example_study import make_example_study

from tasks.reporting.charts import study_charts
from tasks.reporting.charts.svg import choose_ticks
from tasks.reporting.labels import load_labels
from tasks.reporting.page_tables import build_loss_curve, compute_option_shares, group_rejections
from tasks.reporting.report_data import PowerCurvePoint
from tasks.schemas.result_rows import TrainingStep

STUDY = make_example_study("en")
EN = load_labels("en")


def drawn(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def points(picture: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for path in re.findall(r'd="M([^"]*)"', picture)
        for x, y in (pair.split() for pair in path.split("L"))
    ]


def test_one_square_for_each_question() -> None:
    picture = drawn(study_charts.draw_paired_outcomes(STUDY.primary, EN))
    styles = [rect.get("class") for rect in picture.iter("rect")]
    assert len(styles) == STUDY.primary.n
    assert styles.count("outcome gained") == STUDY.primary.gained
    assert styles.count("outcome lost") == STUDY.primary.lost


def test_very_many_questions_become_a_bar() -> None:
    many = STUDY.primary.model_copy(update={"n": 20_000})
    assert len(list(drawn(study_charts.draw_paired_outcomes(many, EN)).iter("rect"))) == 4


def test_outcomes_add_up_to_all_questions() -> None:
    assert sum(study_charts.count_outcomes(STUDY.primary).values()) == STUDY.primary.n


def test_rates_are_told_in_words_with_the_chance_line() -> None:
    picture = drawn(study_charts.draw_rates([STUDY.primary], EN))
    assert EN.format_share(STUDY.primary.tuned.rate) in picture.find("desc").text
    assert [line for line in picture.iter("line") if line.get("class") == "chance"]


def test_loss_falls_on_the_picture_as_in_the_log() -> None:
    train = points(study_charts.draw_loss(make_training_log(), EN))
    assert train[0][1] < train[149][1]  # y grows downwards
    assert all(0 <= x <= 480 and 0 <= y <= 260 for x, y in train)


def test_long_log_is_thinned_and_keeps_its_ends() -> None:
    steps = [TrainingStep(step=n, epoch=0, loss=10_000 - n) for n in range(1, 10_001)]
    thin = build_loss_curve(steps).raw
    assert len(thin) <= 400
    assert thin[0][1] == pytest.approx(9_987, abs=1)  # mean of the first 25 updates: 10,000 - 13
    assert thin[-1][1] == pytest.approx(12, abs=1)


def test_power_curve_marks_the_smallest_detectable_difference() -> None:
    picture = study_charts.draw_power_curve(
        [PowerCurvePoint(d / 100, d / 30) for d in range(31)], STUDY.primary, EN
    )
    assert EN.format_points(STUDY.primary.detectable, False) in drawn(picture).find("desc").text


def test_shares_of_keys_and_answers_are_shares() -> None:
    table = compute_option_shares(STUDY)
    assert table["key"] == [0.25, 0.25, 0.25, 0.25, 0.0]  # 160 keys dealt round
    assert all(sum(row) == pytest.approx(1) for row in table.values())


def test_rejections_are_counted_by_items_not_rows() -> None:
    rows = [
        STUDY.rejected[0].model_copy(update={"check": "parsing", "items": 10}),
        STUDY.rejected[1],
    ]
    assert [(group.check, group.items) for group in group_rejections(rows)] == [
        ("parsing", 10),
        (STUDY.rejected[1].check, 1),
    ]


@settings(deadline=None)
@given(some.floats(-1e6, 1e6), some.floats(1e-6, 1e6))
def test_ticks_are_few_and_inside(low: float, width: float) -> None:
    found = choose_ticks(low, low + width)
    assert len(found) <= 12
    assert all(low - width * 0.01 <= value <= low + width * 1.01 for value in found)


def test_ticks_are_round() -> None:
    assert choose_ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert choose_ticks(0, 3.6) == [0, 1, 2, 3]
