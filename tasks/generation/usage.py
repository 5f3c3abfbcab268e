"""What became of each chapter, kept beside its answers, so that a study which money or server
stopped tells what it has.

<ledger>/accounts/p012-03.json    the account of the chapter that begins with that passage
"""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from tasks.schemas.errors import WriterError
from tasks.schemas.item_rows import Passage, WriterUsage
from tasks.schemas.messages import Figure, Message, Term, build_message
from tasks.store.paths import write_atomically


def save_usage(folder: Path, passages: Sequence[Passage], account: WriterUsage) -> None:
    """Put a chapter's account on disk, in the place of an earlier one."""
    if passages:
        write_atomically(
            get_chapter_file(folder / "accounts", passages),
            json.dumps(account.model_dump(), ensure_ascii=False, indent=1).encode(),
        )


def get_chapter_file(folder: Path, passages: Sequence[Passage]) -> Path:
    """The file of the chapter that these are."""
    name = re.sub(r"[^\w-]", "_", passages[0].id)
    return folder / f"{name}.json"


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


def add_usages(error: WriterError, accounts: Sequence[WriterUsage], folder: Path) -> WriterError:
    """The error with what was done before it: the sum, then chapter by chapter."""
    lines = [
        build_message(
            "usage-sum",
            chapters=len(accounts),
            counts=_count_items(accounts),
            answers=sum(one.requests for one in accounts),
            folder=str(folder),
        )
    ]
    if lost := sum(one.lost for one in accounts):
        dollars = Figure(sum(one.lost_usd for one in accounts), 4)
        lines.append(build_message("usage-lost", n=lost, dollars=dollars))
    lines += [
        build_message(
            "usage-chapter",
            title=_clean_title(one) or build_message("usage-untitled"),
            counts=_count_items([one]),
            ended=_list_ends(one) or build_message("usage-nothing"),
        )
        for one in accounts
    ]
    return type(error)(*error.args, *lines)


def _list_ends(account: WriterUsage) -> tuple[Message, ...]:
    return tuple(
        build_message("usage-ended", kind=Term("kinds", kind), end=Term("ended", end))
        for kind, end in account.ended.items()
        if account.wanted[kind]
    )


def _count_items(accounts: Sequence[WriterUsage]) -> tuple[Message, ...]:
    return tuple(
        build_message(
            "usage-counts",
            kept=_sum_counts(accounts, "kept", kind),
            wanted=_sum_counts(accounts, "wanted", kind),
            kind=Term("kinds", kind),
            rejected=_sum_counts(accounts, "rejected", kind),
            refused=_sum_counts(accounts, "refused", kind),
        )
        for kind in ("pair", "question")
    )


def _sum_counts(accounts: Sequence[WriterUsage], what: str, kind: str) -> int:
    return sum(getattr(account, what)[kind] for account in accounts)


def _clean_title(account: WriterUsage) -> str:
    """A title is the book's text: one line, and no tag."""
    return re.sub(r"[<>\s\x00-\x1f]+", " ", account.chapter).strip()
