"""Write the whole study folder: the page for people, the files for programs."""

import shutil
from pathlib import Path

from tasks.reporting.brief import brief
from tasks.reporting.exports import write_files
from tasks.reporting.facts import StudyFacts
from tasks.reporting.gather import gather
from tasks.reporting.history import plain_sentence, told
from tasks.reporting.page import page
from tasks.reporting.safety import markdown
from tasks.reporting.wording import wording

__all__ = ["StudyFacts", "gather", "write"]


def write(folder: Path, study: StudyFacts) -> None:
    """Fill an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if study.adapter:
        shutil.copytree(study.adapter, folder / "adapter", dirs_exist_ok=True)
        with (folder / "adapter" / "README.md").open("a", encoding="utf-8") as card:
            card.write(verdict_of_card(study))
    write_files(folder, study)
    (folder / "index.html").write_text(page(study), "utf-8")
    (folder / "report.md").write_text(brief(study), "utf-8")


def verdict_of_card(study: StudyFacts) -> str:
    """What the study found, as the last part of the adapter's model card: the adapter goes its own way from here."""
    result, title = study.primary, markdown(study.book_title)
    return (
        f"\n## Data and verdict\n\n{len(study.pairs)} pairs from «{title}», asked in {sum(map(len, study.questions.values()))} questions.\n\n"
        f"**{result.verdict}**{' (exploratory)' * study.history.exploratory}: {result.base.rate:.1%} → {result.tuned.rate:.1%} of {result.n} questions ({result.set}, {result.mode}; "
        f"chance 25 %; {result.gained} gained, {result.lost} lost; exact McNemar p = {result.p_value:.2g}). {plain_sentence(result, study.history)}"
        f"{' ' + before if (before := told(study.history, wording('en'))) else ''}\n"
    )
