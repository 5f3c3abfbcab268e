"""Write the whole study folder: the page for people, the files for programs."""

import shutil
from pathlib import Path

from tasks.reporting.exports import write_data_files
from tasks.reporting.history import told
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.message_words import tell_verdict
from tasks.reporting.page import render_page
from tasks.reporting.report_data import ReportData
from tasks.reporting.sanitize import escape_markdown


def write_study_folder(folder: Path, study: ReportData) -> None:
    """Fill an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if study.adapter:
        shutil.copytree(study.adapter, folder / "adapter", dirs_exist_ok=True)
        with (folder / "adapter" / "README.md").open("a", encoding="utf-8") as card:
            card.write(build_card_verdict(study))
    write_data_files(folder, study)
    (folder / "index.html").write_text(render_page(study), "utf-8")
    (folder / "report.md").write_text(build_markdown_report(study), "utf-8")


def build_card_verdict(study: ReportData) -> str:
    """What the study found, as the last part of the adapter's model card: the adapter goes its own
    way from here.
    """
    result, title, english = (
        study.primary,
        escape_markdown(study.book_title),
        load_labels("en"),
    )
    return (
        f"\n## Data and verdict\n\n{len(study.pairs)} pairs from «{title}», asked in"
        f" {sum(map(len, study.questions.values()))} questions.\n\n"
        f"**{result.verdict}**{' (exploratory)' * study.history.exploratory}:"
        f" {result.base.rate:.1%} → {result.tuned.rate:.1%} of {result.n} questions ({result.set},"
        f" {result.mode}; "
        f"chance 25 %; {result.gained:g} gained, {result.lost:g} lost; sign-flip p by fact ="
        f" {result.p_value:.2g}). {tell_verdict(result, study.history, english)}"
        f"{' ' + before if (before := told(study.history, english)) else ''}\n"
        + "".join(
            f"\n{english.format_message(told_beside)}\n"
            for told_beside in study.effects.list_findings()
        )
    )
