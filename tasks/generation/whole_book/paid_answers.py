"""What a study has paid for, whatever its plans asked: once the money is spent, a smaller plan is
met from it.

<ledger>/written/p012-03.json    which answers belong to the chapter that begins with that passage,
and what its reader said
"""

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from tasks.generation.openai.completions import read_completion
from tasks.generation.response_cache import ResponseCache
from tasks.generation.usage import get_chapter_file
from tasks.schemas.item_rows import Draft, ItemReading, Passage
from tasks.store.paths import write_atomically


class PaidWork(NamedTuple):
    """A chapter's drafts by all plans of a study, and the first readings of the items in them."""

    drafts: list[Draft]
    readings: list[ItemReading]


def save_paid_work(
    cache: ResponseCache,
    passages: Sequence[Passage],
    drafts: Iterable[Draft],
    readings: Iterable[ItemReading],
) -> None:
    """Note whose the answers are, beside what earlier plans brought; the texts stay where the
    answers lie.
    """
    file = _get_file(cache, passages)
    earlier = _load_rows(file)
    rows = {draft.id: draft.model_copy(update={"raw": ""}) for draft in (*earlier.drafts, *drafts)}
    first = [one for one in readings if one.is_read and not one.is_second]
    read = {one.item: one for one in (*earlier.readings, *first)}
    tree = {
        "drafts": [row.model_dump() for row in rows.values()],
        "readings": [row.model_dump() for row in read.values()],
    }
    write_atomically(file, json.dumps(tree, ensure_ascii=False).encode())


def load_paid_work(
    cache: ResponseCache, passages: Sequence[Passage], known: Collection[str]
) -> PaidWork:
    """The chapter's paid drafts that are not `known`, as they came, in the order of their paying;
    those whose answers or passages are gone are left out.
    """
    found, here = PaidWork([], []), {passage.id for passage in passages}
    rows = _load_rows(_get_file(cache, passages))
    found.readings.extend(rows.readings)
    for draft in rows.drafts:
        response = cache.find_own_response(draft.id)
        if response is None or draft.id in known or not here.issuperset(draft.passages):
            continue
        envelope = read_completion(response.body)
        raw = envelope.text if envelope else response.body
        found.drafts.append(draft.model_copy(update={"raw": raw}))
    return found


def _get_file(cache: ResponseCache, passages: Sequence[Passage]) -> Path:
    return get_chapter_file(cache.folder / "written", passages)


def _load_rows(file: Path) -> PaidWork:
    """As they were noted; a file of another version counts for nothing."""
    try:
        tree = json.loads(file.read_text("utf-8"))
        return PaidWork(
            [Draft.model_validate(row) for row in tree["drafts"]],
            [ItemReading.model_validate(row) for row in tree["readings"]],
        )
    except (FileNotFoundError, ValidationError, ValueError, KeyError):
        return PaidWork([], [])
