"""The items of a review sheet, and which of them are drawn as a sample."""

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tasks.schemas.item_rows import Pair, Passage, Question


class SheetItem(NamedTuple):
    """One item as a person judges it: what it says, where it stands, what the book says there."""

    id: str
    kind: str  # pair, question
    set: str  # train and held_out of pairs, same_fact and new_fact of questions, unknown
    about: str  # the question's type; "" for a pair
    texts: Mapping[str, str]  # what may be mended, by the names of the sheet's columns
    chapter: str = ""
    page: int | None = None
    before: str = ""  # of the passage, where it is known
    quote: str = ""
    after: str = ""

    @property
    def passage(self) -> str:
        return self.before + self.quote + self.after


def build_sheet_items(
    rows: Mapping[str, Sequence[Pair | Question]], passages: Mapping[str, Passage]
) -> list[SheetItem]:
    """The rows by set, each with its passage cut where the quote begins and ends."""
    return [build_sheet_item(row, name, passages) for name, part in rows.items() for row in part]


def build_sheet_item(row: Pair | Question, name: str, passages: Mapping[str, Passage]) -> SheetItem:
    """One row of a set."""
    quote = row.quote
    passage = passages.get(quote.passage_id) if quote else None
    text, start, end = "", 0, 0
    if passage and quote and passage.text[quote.start : quote.end] == quote.text:
        text, start, end = passage.text, quote.start, quote.end
    return SheetItem(
        id=row.id,
        kind="pair" if isinstance(row, Pair) else "question",
        set=name,
        about=row.kind if isinstance(row, Question) else "",
        texts=list_texts(row),
        chapter=passage.chapter if passage else "",
        page=quote.page if quote else None,
        before=text[:start],
        quote=quote.text if quote else "",
        after=text[end:],
    )


def list_texts(row: Pair | Question) -> dict[str, str]:
    """What a person may mend, by the names of the sheet's columns."""
    quote = {"quote": row.quote.text} if row.quote else {}
    if isinstance(row, Pair):
        return {"symptom": row.symptom, "diagnosis": row.diagnosis, **quote}
    options = {f"option_{number}": text for number, text in enumerate(row.options, 1)}
    return {"question": row.question, **options, "answer": str(row.answer), **quote}


def draw_sample(items: Sequence[SheetItem], wanted: int | None, seed: int) -> list[SheetItem]:
    """`wanted` of the items, of each set, type and chapter its share to within one item; none: all.

    Systematic: the items stand stratum by stratum, drawn by lot within each, and every
    len/wanted-th from a random start is taken, so that each has the same chance.
    """
    if wanted is None or wanted >= len(items):
        return list(items)
    lot = random.Random(f"review/{seed}")
    places = {item.id: lot.random() for item in sorted(items, key=lambda item: item.id)}
    row = sorted(items, key=lambda i: (i.set, i.about, i.chapter, places[i.id]))
    step, start = len(row) / wanted, lot.random()
    chosen = {row[int((number + start) * step)].id for number in range(wanted)}
    return [item for item in items if item.id in chosen]


def order_by_page(items: Sequence[SheetItem]) -> list[SheetItem]:
    """As a person with the book beside the sheet turns its pages."""
    return sorted(items, key=lambda item: (item.page or 0, item.kind, item.id))
