"""What became of each chapter, kept beside its answers, so that a study which money or server stopped tells what it has.

<ledger>/accounts/p012-03.json    the account of the chapter that begins with that passage
"""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from tasks.records import Account, Passage
from tasks.store import write_whole

KINDS = {"pair": "pairs", "question": "questions"}


def keep(folder: Path, passages: Sequence[Passage], account: Account) -> None:
    """Put a chapter's account on disk, in the place of an earlier one."""
    if passages:
        name = re.sub(r"[^\w-]", "_", passages[0].id)
        write_whole(folder / "accounts" / f"{name}.json", json.dumps(account.model_dump(), ensure_ascii=False, indent=1).encode())


def kept(folder: Path, chapters: Collection[str]) -> list[Account]:
    """The accounts of these chapters, in the book's order; one of another version counts for nothing."""
    found = []
    for file in sorted((folder / "accounts").glob("*.json")):
        try:
            account = Account.model_validate_json(file.read_text("utf-8"))
        except ValidationError:
            continue
        if account.chapter in chapters:
            found.append(account)
    return found


def told(accounts: Sequence[Account], folder: Path) -> str:
    """All of them in plain lines: the sum, then chapter by chapter."""
    lost = (
        f" {n} answers never arrived; {_usd(accounts)} USD may have been charged for them."
        if (n := sum(one.lost for one in accounts))
        else ""
    )
    answers = f"All {sum(one.requests for one in accounts)} answers are in {folder}.{lost}"
    lines = [f"So far, in {len(accounts)} chapters: {_counts(accounts)}. {answers}"]
    for one in accounts:
        ended = ", ".join(f"{KINDS[kind]}: {end}" for kind, end in one.ended.items() if one.wanted[kind])
        lines.append(f"  - {_title(one)}: {_counts([one])}; ended: {ended or 'nothing was wanted'}")
    return "\n".join(lines)


def _counts(accounts: Sequence[Account]) -> str:
    return ", ".join(
        f"{_sum(accounts, 'kept', kind)} of {_sum(accounts, 'wanted', kind)} {name} kept "
        f"({_sum(accounts, 'rejected', kind)} rejected, {_sum(accounts, 'refused', kind)} refused)"
        for kind, name in KINDS.items()
    )


def _usd(accounts: Sequence[Account]) -> str:
    return f"{sum(one.lost_usd for one in accounts):.4f}"


def _sum(accounts: Sequence[Account], what: str, kind: str) -> int:
    return sum(getattr(account, what)[kind] for account in accounts)


def _title(account: Account) -> str:
    """A title is the book's text: one line, and no tag."""
    return re.sub(r"[<>\s\x00-\x1f]+", " ", account.chapter).strip() or "(no title)"
