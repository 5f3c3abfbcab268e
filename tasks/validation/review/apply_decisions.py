"""What becomes of the items that a person has decided on: rejected ones fall, mended ones pass the
checks again in their new words.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from tasks.language.text import to_latin_digits
from tasks.schemas.item_rows import Pair, Question, Rejection
from tasks.schemas.messages import Message, build_message
from tasks.schemas.rows.review_rows import ReviewedItem, ReviewOutcome
from tasks.validation.item_checker import ItemChecker
from tasks.validation.items import (
    PairOrQuestion,
    Refused,
    build_row_rejection,
    get_kind,
)
from tasks.validation.parsing.draft_reader import build_parsed_item
from tasks.validation.review.decision_files import OPTIONS, ItemDecision
from tasks.validation.review.refused_items import RefusedItem, name_refused_items

CHECK_NAME = "review"
CHOICES = {*OPTIONS, "answer"}


def apply_decisions(
    checker: ItemChecker, files: Iterable[Sequence[ItemDecision]]
) -> list[ReviewedItem]:
    """One row a decision, file by file: a later file is about what an earlier one left. The
    checker's items are changed.
    """
    told: list[ReviewedItem] = []
    for decisions in files:
        rows = {row.id: row for row in checker.kept}
        refused = name_refused_items(checker.rejected, checker.language)
        told += _apply_to_kept(checker, [(o, rows[o.item]) for o in decisions if o.item in rows])
        told += [
            _describe_unkept(one, refused.get(one.item))
            for one in decisions
            if one.item not in rows and one.decision
        ]
    return told


def _apply_to_kept(
    checker: ItemChecker, found: Sequence[tuple[ItemDecision, PairOrQuestion]]
) -> list[ReviewedItem]:
    """First all that fall or change are taken out, so that a new text repeats no old one."""
    checker.remove_items({row.id for one, row in found if one.decision in ("reject", "mend")})
    told = []
    for one, row in found:
        if outcome := _decide(checker, one, row):
            told.append(_describe_kept(one, row, outcome))
    return told


def _decide(checker: ItemChecker, one: ItemDecision, row: PairOrQuestion) -> ReviewOutcome | None:
    if one.decision is None:
        return "undecided" if list_changes(row, one.texts) else None
    if one.decision == "keep":
        return "kept"
    if one.decision == "reject":
        _reject(checker, row, build_message("rejected-by-a-reviewer", note=one.note or "—"))
        return "rejected"
    if not list_changes(row, one.texts):
        _reject(checker, row, build_message("to-be-mended", note=one.note or "—"))
        return "unmended"
    made = _check_mended(checker, one, row)
    if isinstance(made, Rejection):
        _reject(checker, row, build_message("mended-item-fell", why=made.reason))
        return "fell"
    return "mended"


def _reject(checker: ItemChecker, row: PairOrQuestion, reason: Message) -> None:
    checker.rejected.append(build_row_rejection(row, CHECK_NAME, reason))


def _check_mended(
    checker: ItemChecker, one: ItemDecision, row: PairOrQuestion
) -> PairOrQuestion | Rejection:
    """The row with its new texts before the same checks; a person's own item without a quote stays
    without one.
    """
    own = get_texts(row)
    texts = own | {name: text for name, text in one.texts.items() if name not in CHOICES}
    if one.texts.keys() >= CHOICES:  # options and key only together: a sheet may order them anew
        texts |= {name: one.texts[name] for name in CHOICES}
    fields: dict[str, object] = {
        "fact": row.fact,
        **{name: texts[name] for name in ("symptom", "diagnosis", "question") if name in own},
        **({"quote": texts["quote"], "page": row.quote.page} if row.quote else {}),
    }
    if isinstance(row, Question):
        fields |= {"options": [texts[name] for name in OPTIONS], "kind": row.kind}
        fields |= {"answer": to_latin_digits(texts["answer"])}
    raw = json.dumps(fields, ensure_ascii=False)
    try:
        item = build_parsed_item(dict(fields), get_kind(row), checker.language, raw)
    except Refused as error:
        return build_row_rejection(row, "parsing", error.reason)
    return checker.check_again(item, is_grounded=row.quote is not None)


def list_changes(row: PairOrQuestion, texts: Mapping[str, str]) -> list[str]:
    """The names of the texts that a file has otherwise than the item; blanks and the options' order
    are no change.
    """
    own = get_texts(row)
    changed = [
        name
        for name in own.keys() & texts.keys() - CHOICES
        if own[name].split() != texts[name].split()
    ]
    if own.keys() & texts.keys() >= CHOICES and _sort_options(own) != _sort_options(texts):
        changed.append("options")
    return sorted(changed)


def _sort_options(texts: Mapping[str, str]) -> tuple[str, list[list[str]]]:
    """The keyed option and all options, whatever their order; a key that is none of their numbers
    as it stands.
    """
    number = to_latin_digits(texts["answer"]).strip()
    key = texts[f"option_{number}"] if f"option_{number}" in CHOICES else number
    return " ".join(key.split()), sorted(texts[name].split() for name in OPTIONS)


def get_texts(row: PairOrQuestion) -> dict[str, str]:
    """What a sheet shows of an item and a person may mend, by the names of the sheet's columns."""
    quote = {"quote": row.quote.text} if row.quote else {}
    if isinstance(row, Pair):
        return {"symptom": row.symptom, "diagnosis": row.diagnosis, **quote}
    options = dict(zip(OPTIONS, row.options, strict=True))
    return {"question": row.question, **options, "answer": str(row.answer), **quote}


def _describe_kept(one: ItemDecision, row: PairOrQuestion, outcome: ReviewOutcome) -> ReviewedItem:
    return ReviewedItem(
        item=one.item,
        kind=get_kind(row),
        passage_id=row.quote.passage_id if row.quote else "",
        decision=one.decision,
        note=one.note,
        gate=True,
        outcome=outcome,
    )


def _describe_unkept(one: ItemDecision, found: RefusedItem | None) -> ReviewedItem:
    """A decision on an item that the checks had stopped, or on none of this study's."""
    return ReviewedItem(
        item=one.item,
        kind=found.rejection.kind if found else None,
        passage_id=found.rejection.passage_id if found else "",
        decision=one.decision,
        note=one.note,
        gate=False if found else None,
        outcome="refused" if found else "unmatched",
    )
