"""Sheets on which a person judges a study's items: a page and a workbook of a sample, or of all."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter

from flows.cli.arguments import choose_language
from flows.cli.export_adapter import find_study_folder
from tasks.language.catalogue import tell_reader
from tasks.language.i18n import Translator, load_translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting.review.sheet_items import (
    SheetItem,
    build_sheet_items,
    draw_sample,
    list_texts,
    order_by_page,
)
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Pair, Passage, Question
from tasks.schemas.messages import build_message

USUAL_SAMPLE = 60  # items: 54 of them sound is 90 %, with a Wilson interval of 80 to 95 %
PAGE, WORKBOOK = "review.html", "review.xlsx"


def review(
    study: Annotated[
        str, Parameter(help="name of a study, or its folder; default: the newest")
    ] = "latest",
    /,
    *,
    sample: Annotated[
        int, Parameter(help="how many items, each set, type and chapter with its share")
    ] = USUAL_SAMPLE,
    all: Annotated[bool, Parameter(help="every item instead of a sample", negative="")] = False,
    refused: Annotated[
        int,
        Parameter(
            help=(
                "so many of the items that the checks stopped, among the others without telling"
                " which: then the report tells how far checks and person agree"
            )
        ),
    ] = 0,
    seed: Annotated[int, Parameter(help="of the draws")] = 0,
    out: Annotated[
        Path | None, Parameter(help="folder for the sheets; default: review-STUDY here")
    ] = None,
    lang: Annotated[str | None, Parameter(help="language of the sheets: en, fa")] = None,
) -> int:
    """Write sheets on which a person keeps, rejects or mends a study's items: a page that works
    offline, and a workbook. The decisions come back by --set validation.review=FILE.
    """
    choose_language(lang)
    folder = find_study_folder(study, holding="study.json")
    record = json.loads((folder / "study.json").read_text("utf-8"))
    place = out or Path(f"review-{record['name']}")
    for path in (place / PAGE, place / WORKBOOK):
        if path.exists():
            raise PlanError(build_message("place-taken", option="--out", path=repr(str(path))))
    found = load_sheet_items(record)
    chosen = found.choose(None if all else max(1, sample), max(0, refused), seed)
    write_sheets(place, chosen, record)
    paths = tuple(str(place / name) for name in (PAGE, WORKBOOK))
    total = len(found.kept) + len(found.stopped)
    told = [tell_reader("review-written", n=len(chosen), total=total, paths=paths)]
    if among := len({item.id for item in found.stopped} & {item.id for item in chosen}):
        told.append(tell_reader("review-refused-too", n=among))
    told.append(tell_reader("review-how", plan=record["name"]))
    sys.stdout.write(mark_control_characters("\n".join(told)) + "\n")
    return 0


class StudyItems(NamedTuple):
    """What there is to judge."""

    kept: list[SheetItem]
    stopped: list[SheetItem]

    def choose(self, sample: int | None, refused: int, seed: int) -> list[SheetItem]:
        """A sample of both in the order of the book's pages, so that neither is told apart."""
        stopped = draw_sample(self.stopped, refused, seed) if refused else []
        return order_by_page([*draw_sample(self.kept, sample, seed), *stopped])


def load_sheet_items(record: dict[str, Any]) -> StudyItems:
    """The items of a study, from the tables that its record names. Raises MissingArtifact where one
    is gone.
    """
    from tasks.store.artifacts import Pairs, Passages, Questions, Rejections

    digests = {name: place["digest"] for name, place in record["artifacts"].items()}
    tables = [Passages(digest=d, count=0) for name, d in digests.items() if "passages " in name]
    passages = {row.id: row for table in tables for row in table.load_rows()}
    rows: dict[str, list[Pair | Question]] = {
        "train": [*Pairs(digest=digests["pairs"], count=0).load_rows()],
        "held_out": [*Pairs(digest=digests["held-out pairs"], count=0).load_rows()],
        "same_fact": [*Questions(digest=digests["questions same_fact"], count=0).load_rows()],
        "new_fact": [*Questions(digest=digests["questions new_fact"], count=0).load_rows()],
    }
    rejected = Rejections(digest=digests["rejections"], count=0).load_rows()
    stopped = build_stopped_items(rejected, passages, record["plan"]["language"])
    return StudyItems(build_sheet_items(rows, passages), stopped)


def build_stopped_items(
    rejected: list[Any], passages: dict[str, Passage], language: str
) -> list[SheetItem]:
    """What the checks stopped and can be read, with the passage as far as the checks found it."""
    from tasks.validation.item_checker import build_row
    from tasks.validation.review.refused_items import name_refused_items

    made = []
    for identity, (item, rejection) in name_refused_items(rejected, language).items():
        passage = passages.get(rejection.passage_id)
        before, quote, after = (passage.text if passage else "").partition(item.quote or "\0")
        texts = list_texts(build_row(item, None)) | {"quote": item.quote}
        made.append(
            SheetItem(
                id=identity,
                kind=item.kind,
                set="unknown",
                about=item.about if item.kind == "question" else "",
                texts=texts,
                chapter=passage.chapter if passage else "",
                page=passage.page if passage else item.page,
                before=before if quote else "",
                quote=quote or item.quote,
                after=after,
            )
        )
    return made


def write_sheets(place: Path, items: list[SheetItem], record: dict[str, Any]) -> None:
    """The page and the workbook, in the reader's language."""
    from tasks.reporting.labels import get_text_direction
    from tasks.reporting.review.sheet_page import render_sheet
    from tasks.reporting.review.sheet_workbook import write_workbook

    say, direction = load_sheet_words(), get_text_direction(record["plan"]["language"])
    place.mkdir(parents=True, exist_ok=True)
    page = render_sheet(items, record["name"], record["book"]["title"], say, direction)
    (place / PAGE).write_text(page, "utf-8")
    write_workbook(place / WORKBOOK, items, say, right_to_left=direction == "rtl")


def load_sheet_words(language: str | None = None) -> Translator:
    """The sheets' words and the report's."""
    packs = ("packs/report.yaml", "packs/messages.yaml", "packs/review.yaml")
    return load_translator(language or get_reader_language(), *packs)
