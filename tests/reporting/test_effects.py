"""What is told beside the verdict stands on the page, in the Markdown, in the files and on the terminal, alike."""

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from support.reports.example_effects import make_full_study
from support.reports.example_study import make_example_study

from flows.cli.summary import summarize_study
from tasks.language.catalogue import load_catalogue
from tasks.reporting.charts.effect_charts import draw_aids, draw_grouping, draw_reliability
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.page import render_page
from tasks.reporting.report_data import ReportData
from tasks.reporting.sanitize import escape_markdown
from tasks.reporting.write import write_study_folder

SECTIONS = ("harm", "aids", "where", "calibration")


@pytest.fixture(params=["en", "fa"])
def study(request: pytest.FixtureRequest, runs: Path) -> ReportData:
    return make_full_study(request.param)


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", html)))


def test_harm_stands_next_to_the_verdict_before_all_figures(study: ReportData) -> None:
    say, html = load_labels(study.plan.language), render_page(study)
    harm = next(one for one in study.effects.harms if one.finding == "harm")
    assert harm.what == "everyday" and (harm.base.correct, harm.tuned.correct) == (44, 20)
    told = say.format_message(harm.told)
    assert html.index('id="result"') < html.index(told) < html.index('class="figures"')
    assert re.search(rf'<p class="alarm harm">.{{0,40}}{re.escape(told)}', html)
    markdown = build_markdown_report(study)
    assert f"- **{escape_markdown(told)}**" in markdown
    assert markdown.index(escape_markdown(told)) < markdown.index("| --- |")


def test_every_section_is_there_and_only_where_something_was_measured(study: ReportData) -> None:
    html, bare = render_page(study), render_page(make_example_study(study.plan.language))
    for name in SECTIONS:
        assert html.count(f'id="{name}"') == html.count(f'href="#{name}"') == 1
        assert f'id="{name}"' not in bare and f'href="#{name}"' not in bare
        title = load_labels(study.plan.language)["head"][name]
        assert (f"## {title}" in build_markdown_report(study)) == (name != "harm")


def test_each_figure_of_the_rows_is_told_on_page_and_in_markdown(study: ReportData) -> None:
    say, effects = load_labels(study.plan.language), study.effects
    page, markdown = words_of(render_page(study)), build_markdown_report(study)
    told = []
    for grouping in effects.groupings:
        for group in grouping.groups:
            told += [say.format_share(group.base), say.format_share(group.tuned)]
            told += [
                say.format_points(x) for x in (group.seen, *group.shrunk.model_dump().values())
            ]
        told += [say.format_points(grouping.between_most, sign=False)]
    for one in effects.calibrations:
        told += [
            say.format_number(x, 3) for x in (one.log_score, one.brier, one.ece, one.ece_by_chance)
        ]
    assert effects.aids is not None
    for one in effects.aids.effects:
        told += [say.format_share(one.rate.rate), say.format_points(one.difference.value)]
    asked = say.format_number(len(study.questions["same_fact"]))
    counts = [say.format_number(x) for x in (2, 131, 1, 7, 4, 19)]
    passages, found, unmatched, cut, examples, examples_cut = counts
    note = say["aids"]["note"].format(
        n=asked,
        known=asked,
        mode=say.get_label("modes", "cloze"),
        passages=passages,
        found=found,
        unmatched=unmatched,
        cut=cut,
        examples=examples,
        examples_cut=examples_cut,
    )
    for figure in [*told, note]:
        assert figure in page and figure in markdown, figure
    for harm in effects.harms:
        assert say.format_share(harm.kept, 0) in page


def test_groups_without_a_place_and_titles_of_a_book_are_told_as_they_are(runs: Path) -> None:
    study = make_full_study("en")
    grouping = study.effects.groupings[0]
    odd = [
        group.model_copy(update={"name": name})
        for group, name in zip(grouping.groups, ["", "<b>|evil|</b>"], strict=False)
    ]
    one = grouping.model_copy(update={"by": "chapter", "groups": tuple(odd)})
    changed = replace(study, effects=study.effects.model_copy(update={"groupings": (one,)}))
    html, markdown = render_page(changed), build_markdown_report(changed)
    assert "<b>|evil|" not in html and "&lt;b&gt;|evil|" in html and "<b>" not in markdown
    assert "not known" in html and "not known" in markdown
    assert "|evil|" not in markdown  # a bar would be a cell


def test_pictures_show_each_group_each_bin_and_each_means(study: ReportData) -> None:
    say, effects = load_labels(study.plan.language), study.effects
    for grouping in effects.groupings:
        drawn = draw_grouping(grouping, say)
        assert drawn.count("whisker") == len(grouping.groups) == drawn.count("<circle") / 2
    drawn = draw_reliability(effects.calibrations, say)
    assert drawn.count("<circle") == sum(len(one.bins) for one in effects.calibrations) == 20
    assert effects.aids is not None
    assert draw_aids(effects.aids, say).count("whisker") == 5


def test_files_and_terminal_tell_the_same(
    study: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = replace(study, adapter=tmp_path / "adapter")
    (tmp_path / "adapter").mkdir()
    write_study_folder(tmp_path / "study", study)
    say = load_labels(study.plan.language)
    verdict = json.loads((tmp_path / "study" / "verdict.json").read_text("utf-8"))
    assert [one["sentence"] for one in verdict["harm"]] == [
        say.format_message(one.told) for one in study.effects.harms
    ]
    assert (
        verdict["harm"][-1]["finding"] == "harm" and verdict["harm"][-1]["difference"]["high"] < 0
    )
    lines = list(summarize_study(tmp_path / "study"))
    for sentence in [*(one["sentence"] for one in verdict["harm"]), verdict["beside"]["sentence"]]:
        assert sum(sentence in line for line in lines) == 1
    named = load_catalogue(say.language)["terminal"]["elsewhere"].format(text="")
    assert sum(line.startswith(named) for line in lines) == len(study.effects.harms)
    card = (tmp_path / "study" / "adapter" / "README.md").read_text("utf-8")
    assert "Harm: everyday questions fell from 88.0% to 40.0% right" in card
    whole = json.loads((tmp_path / "study" / "study.json").read_text("utf-8"))
    assert whole["effects"] == json.loads(study.effects.model_dump_json())


def test_a_folder_from_before_costs_were_told_is_still_summarized(tmp_path: Path) -> None:
    write_study_folder(tmp_path, make_example_study("en"))
    file = tmp_path / "verdict.json"
    old = json.loads(file.read_text("utf-8"))
    assert old.pop("harm") == [] and old.pop("beside") is None
    file.write_text(json.dumps(old), "utf-8")
    assert list(summarize_study(tmp_path))
