"""Write the whole study folder: the page for people, the files for programs."""

import shutil
from pathlib import Path

from tasks.reporting.brief import brief
from tasks.reporting.exports import write_files
from tasks.reporting.facts import StudyFacts
from tasks.reporting.gather import gather
from tasks.reporting.page import page

__all__ = ["StudyFacts", "gather", "verdict_line", "write"]


def write(folder: Path, study: StudyFacts) -> None:
    """Fill an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if study.adapter:
        shutil.copytree(study.adapter, folder / "adapter", dirs_exist_ok=True)
    write_files(folder, study)
    (folder / "index.html").write_text(page(study), "utf-8")
    (folder / "report.md").write_text(brief(study), "utf-8")


def verdict_line(study: StudyFacts) -> str:
    """The result in one line for the terminal."""
    result = study.primary
    return (
        f"{result.verdict}: {result.base.rate:.1%} → {result.tuned.rate:.1%} of {result.n} questions "
        f"({result.set}, {result.mode}; chance 25 %; {result.gained} gained, {result.lost} lost; p = {result.p_value:.3g})"
    )
