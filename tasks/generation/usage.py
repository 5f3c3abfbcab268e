"""What became of each chapter, kept beside its answers, so that a study which money or server
stopped tells what it has.

<ledger>/accounts/p012-03.json    the account of the chapter that begins with that passage
"""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from tasks.schemas.item_rows import Passage, WriterUsage
from tasks.store.paths import write_atomically

ITEM_KIND_PLURALS = {"pair": "pairs", "question": "questions"}


def save_usage(folder: Path, passages: Sequence[Passage], account: WriterUsage) -> None:
    """Put a chapter's account on disk, in the place of an earlier one."""
    if passages:
        name = re.sub(r"[^\w-]", "_", passages[0].id)
        write_atomically(
            folder / "accounts" / f"{name}.json",
            json.dumps(account.model_dump(), ensure_ascii=False, indent=1).encode(),
        )


def load_usages(folder: Path, chapters: Collection[str]) -> list[WriterUsage]:
    """The accounts of these chapters, in the book's order; one of another version counts for
    nothing.
    """
    found = []
    for file in sorted((folder / "accounts").glob("*.json")):
        try:
            account = WriterUsage.model_validate_json(file.read_text("utf-8"))
        except ValidationError:
            continue
        if account.chapter in chapters:
            found.append(account)
    return found


def format_usages(accounts: Sequence[WriterUsage], folder: Path) -> str:
    """All of them in plain lines: the sum, then chapter by chapter."""
    lost = (
        f" {n} answers never arrived; {_format_lost_usd(accounts)} USD may have been charged for"
        " them."
        if (n := sum(one.lost for one in accounts))
        else ""
    )
    answers = f"All {sum(one.requests for one in accounts)} answers are in {folder}.{lost}"
    lines = [f"So far, in {len(accounts)} chapters: {_format_counts(accounts)}. {answers}"]
    for one in accounts:
        ended = ", ".join(
            f"{ITEM_KIND_PLURALS[kind]}: {end}"
            for kind, end in one.ended.items()
            if one.wanted[kind]
        )
        lines.append(
            f"  - {_clean_title(one)}: {_format_counts([one])}; ended:"
            f" {ended or 'nothing was wanted'}"
        )
    return "\n".join(lines)


def _format_counts(accounts: Sequence[WriterUsage]) -> str:
    return ", ".join(
        f"{_sum_counts(accounts, 'kept', kind)} of {_sum_counts(accounts, 'wanted', kind)} {name}"
        f" kept ({_sum_counts(accounts, 'rejected', kind)} rejected,"
        f" {_sum_counts(accounts, 'refused', kind)} refused)"
        for kind, name in ITEM_KIND_PLURALS.items()
    )


def _format_lost_usd(accounts: Sequence[WriterUsage]) -> str:
    return f"{sum(one.lost_usd for one in accounts):.4f}"


def _sum_counts(accounts: Sequence[WriterUsage], what: str, kind: str) -> int:
    return sum(getattr(account, what)[kind] for account in accounts)


def _clean_title(account: WriterUsage) -> str:
    """A title is the book's text: one line, and no tag."""
    return re.sub(r"[<>\s\x00-\x1f]+", " ", account.chapter).strip() or "(no title)"
