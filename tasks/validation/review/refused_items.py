"""The items that the checks on single items stopped, as far as they can be read: a person may judge
them, too, and so the checks.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from tasks.schemas.item_rows import Rejection
from tasks.validation.item_checker import build_row
from tasks.validation.items import ParsedItem, Refused
from tasks.validation.parsing.draft_reader import build_parsed_item

# Checks that judge what an item says; the others stop what cannot be read, or whole items for
# what other items are (repeats, leaks, surplus).
JUDGING_CHECKS = frozenset({"grounding", "flaws", "reading"})


class RefusedItem(NamedTuple):
    """An item that a check stopped."""

    item: ParsedItem
    rejection: Rejection


def name_refused_items(rejected: Iterable[Rejection], language: str) -> dict[str, RefusedItem]:
    """By the id that the item would have had; one that cannot be read has no entry."""
    found = {}
    for rejection in rejected:
        if rejection.check in JUDGING_CHECKS and (fields := _read_fields(rejection.raw)):
            try:
                item = build_parsed_item(fields, rejection.kind, language, rejection.raw)
            except Refused:
                continue  # its rejection stands in the report, and it is on no sheet
            found[build_row(item, None).id] = RefusedItem(item, rejection)
    return found


def _read_fields(raw: str) -> dict[str, Any] | None:
    """The item's fields; a row's own quote is an object, a writer's a text."""
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    if isinstance(quote := value.get("quote"), dict):
        value |= {"quote": quote.get("text", ""), "page": quote.get("page")}
    return value
