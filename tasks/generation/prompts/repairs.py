"""What a writer is told of its refused items: each as it came, with the reason, to be repaired or
replaced.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.generation.book_windows import FallenItem
from tasks.language.catalogue import load_catalogue
from tasks.language.language_pack import load_pack

MAX_RAW = 2000  # characters of a refused item that are sent back; a whole one has about 600


class RepairTexts(NamedTuple):
    """The sentences of a repair, in one language (packs/<language>/repair.yaml)."""

    demand: str  # with {n}
    reason: str  # with {reason}


def format_repair_demand(tag: str, repairs: Sequence[FallenItem]) -> str:
    """The refused items and what is to be done with them, in a language, or in the words of a
    profile.
    """
    texts, say = RepairTexts(**load_pack("packs/repair.yaml", tag)), load_catalogue(tag)
    lines = [texts.demand.format(n=len(repairs))]
    for item in repairs:
        name = say.get_label("reasons", item.reason.code)
        reason = f"{name}: {say.format_message(item.reason)}"
        lines += [item.raw[:MAX_RAW], texts.reason.format(reason=reason)]
    return "\n".join(lines)
