"""Numbers and labels are right in each language, and text from outside is disarmed."""

import itertools
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support.reports.example_study import make_example_study

from tasks.reporting.labels import format_measure, load_labels, type_figures
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.sanitize import escape_markdown, mark_control_characters
from tasks.schemas.item_rows import AnswerMode, QuestionType, SetName
from tasks.schemas.messages import Figure, Nats, Points, PValue, Share
from tasks.schemas.result_rows import VerdictName

FA, EN = load_labels("fa"), load_labels("en")


def keys(tree: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for name, value in tree.items():
        found |= keys(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
    return found


def test_both_languages_have_the_same_labels() -> None:
    assert keys(FA.labels) == keys(EN.labels)


def test_labels_take_the_same_values_in_both_languages() -> None:
    def holes(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: holes(value) for name, value in tree.items()}
        return {part.partition("}")[0] for part in str(tree).split("{")[1:]}

    assert holes(FA.labels) == holes(EN.labels)


@pytest.mark.parametrize("say", [FA, EN])
def test_every_word_of_the_rows_has_a_label(say: Any) -> None:
    for group, kind in (
        ("sets", SetName),
        ("modes", AnswerMode),
        ("verdicts", VerdictName),
        ("question_kinds", QuestionType),
    ):
        assert set(get_args(kind)) <= say[group].keys()


@pytest.mark.parametrize(
    ("value", "english", "persian"),
    [(0, "0", "۰"), (1234567, "1\u202f234\u202f567", "۱\u202f۲۳۴\u202f۵۶۷"), (12.345, "12.3", "۱۲٫۳"), (0.5, "0.5", "۰٫۵"), (-2.0, "\u200e−2", "\u200e−۲"), (0.00012, "0.00012", "۰٫۰۰۰۱۲"), (7.1e-9, "7.1e-09", "۷٫۱e-۰۹"), (None, "—", "—"), ("q_proj", "q_proj", "q_proj"), (float("nan"), "nan", "nan")],
)  # fmt: skip
def test_numbers_are_written_as_the_language_writes_them(
    value: Any, english: str, persian: str
) -> None:
    assert (EN.format_number(value), FA.format_number(value)) == (english, persian)


def test_shares_points_and_p_values() -> None:
    assert (EN.format_share(0.3407), FA.format_share(0.3407)) == ("34.1%", "\u200e۳۴٫۱٪")
    assert (EN.format_points(0.125), EN.format_points(-0.125), EN.format_points(0.125, False)) == (
        "\u200e+12.5",
        "\u200e−12.5",
        "12.5",
    )
    assert (EN.format_p_value(0.0215), EN.format_p_value(1e-9)) == ("= 0.021", "< 0.001")


@pytest.mark.parametrize(
    ("value", "english", "persian"),
    [(Share(0.3407), "34.1%", "\u200e۳۴٫۱٪"), (Points(-0.03), "\u200e−3.0 points", "\u200e−۳٫۰ واحد درصد"), (Points(0.03), "3.0 points", "۳٫۰ واحد درصد"), (PValue(0.0215), "0.021", "۰٫۰۲۱"), (PValue(1e-9), "< 0.001", "< ۰٫۰۰۱"), (Nats(2.999), "3", "۳"), (1234, "1\u202f234", "۱\u202f۲۳۴"), (None, "—", "—")],
)  # fmt: skip
def test_the_evidence_shows_each_number_as_its_kind_is_written(
    value: Any, english: str, persian: str
) -> None:
    assert (format_measure(EN, value), format_measure(FA, value)) == (english, persian)


def test_further_figures_of_a_comparison_get_their_kinds() -> None:
    assert type_figures({"p_holm": 0.5, "mean_base": 0.25, "discordance": 0.5, "facts": 198.0}) == {
        "p_holm": PValue(0.5),
        "mean_base": Share(0.25),
        "discordance": Share(0.5),
        "facts": Figure(198.0),
    }


def test_unknown_language_is_told_in_english() -> None:
    assert load_labels("de").language == "en"


def test_controls_are_shown_and_persian_is_left_alone() -> None:
    assert mark_control_characters("a\u202eb\x00c\u2067") == "a⟦U+202E⟧b⟦U+0000⟧c⟦U+2067⟧"
    assert mark_control_characters("می‌شود\nخط دوم\t\u200e۱") == "می‌شود\nخط دوم\t\u200e۱"


@settings(deadline=None)
@given(some.text())
def test_markdown_of_any_text_is_one_line_without_tags_or_cells(text: str) -> None:
    safe = escape_markdown(text)
    assert "\n" not in safe and "<" not in safe and ">" not in safe
    assert all(safe[i - 1] == "\\" for i, mark in enumerate(safe) if mark in "|`*_[]#")


def test_brief_is_right_to_left_with_blank_lines_inside() -> None:
    text = build_markdown_report(make_example_study())
    assert text.startswith('<div dir="rtl" lang="fa">\n\n') and text.endswith("\n\n</div>\n")
    assert "data:" not in text and len(text) < 12_000


def test_brief_has_even_tables_whatever_the_model_wrote() -> None:
    study = make_example_study("en")
    evil = "a|b\n| c |<script>"
    study = replace(
        study,
        book_title=evil,
        findings=[
            study.findings[0].model_copy(
                update={"beside": study.findings[0].beside | {"mode": evil}}
            )
        ],
    )
    lines = build_markdown_report(study).splitlines()
    assert "<script>" not in build_markdown_report(study)
    for first, second in itertools.pairwise(lines):
        if first.startswith("|") and second.startswith("|"):
            assert first.replace("\\|", "").count("|") == second.replace("\\|", "").count("|")
