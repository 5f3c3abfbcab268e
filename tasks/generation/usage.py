"""What became of each chapter, kept beside its answers, so that a study which money or server
stopped tells what it has.

<ledger>/accounts/p012-03.json    the account of the chapter that begins with that passage
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from tasks.generation.book_windows import ITEM_KINDS
from tasks.generation.openai.server_identity import identify_server
from tasks.generation.prompts.instructions import ItemKind
from tasks.schemas.errors import BudgetSpent, WriterError
from tasks.schemas.item_rows import Pair, Passage, WriterUsage
from tasks.schemas.messages import Figure, Message, Term, build_message
from tasks.store.paths import write_atomically

if TYPE_CHECKING:
    from tasks.generation.generation_loop import ChapterRun

END_REASONS = ("rounds", "cut", "unfit", "exhausted")  # of a chapter's windows: the first is told


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
    if not isinstance(error, BudgetSpent):  # which tells the money itself
        spent = Figure(sum(one.sum_figure("cost_usd") for one in accounts), 4)
        lines.append(build_message("usage-cost", dollars=spent))
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


def build_account(run: "ChapterRun") -> WriterUsage:
    """What was asked, what came of it, and why it ended."""
    pairs = sum(isinstance(item, Pair) for item in run.kept)
    exchange = run.reader.request_runner if run.reader else None
    read = {*run.reader.answers, *exchange.asked} if run.reader and exchange else set()
    with run.request_runner.cache.lock_budget() as budget:
        lost = budget.list_lost_usd(
            {draft.id for draft in run.drafts} | run.request_runner.asked | read
        )
    kept: dict[str, int] = {"pair": pairs, "question": len(run.kept) - pairs}
    before = run.before.usage if run.before else None
    earlier = before.reader if before else None
    reader = run.reader.build_usage(earlier) if run.reader else earlier
    wanted = {
        kind: max(number, before.wanted[kind] if before else 0)
        for kind, number in zip(ITEM_KINDS, run.quota, strict=True)
    }
    stop = run.request_runner.stop_error
    return WriterUsage(
        chapter=run.passages[0].chapter if run.passages else "",
        wanted=wanted,
        kept=kept,
        rejected={kind: run.rejected[kind] for kind in ITEM_KINDS},
        refused={kind: run.refused[kind] for kind in ITEM_KINDS},
        ended={kind: _explain_end(run, kind, wanted[kind] - kept[kind]) for kind in ITEM_KINDS},
        stop=stop.message if isinstance(stop, BudgetSpent) else None,
        exhausted={kind: _list_exhausted(run, kind) for kind in ITEM_KINDS},
        rounds=run.rounds + (before.rounds if before else 0),
        requests=len(run.drafts),
        sent=run.request_runner.sent_count
        + (exchange.sent_count if exchange else 0)
        + (before.sent if before else 0),
        finishes=dict(Counter(draft.finish for draft in run.drafts)),
        faults=dict(
            Counter(run.request_runner.faults)
            + Counter(exchange.faults if exchange else {})
            + Counter(before.faults if before else {})
        ),
        tokens_in=sum(d.tokens_in for d in run.drafts),
        tokens_cached=sum(d.tokens_cached for d in run.drafts),
        tokens_out=sum(d.tokens_out for d in run.drafts),
        cost_usd=sum(d.cost_usd for d in run.drafts),
        lost=len(lost),
        lost_usd=sum(lost),
        server=identify_server(run.request_runner.server).address,
        reader=reader,
    )


def _explain_end(run: "ChapterRun", kind: ItemKind, missing: int) -> str:
    quota = run.quota.pairs if kind == "pair" else run.quota.questions
    if missing <= 0 or not run.is_missing(quota, missing):
        return "met"
    if run.before and run.before.usage.ended[kind] != "met":
        return run.before.usage.ended[kind]  # it was asked for no more of this kind
    if run.request_runner.stop_error:
        return "budget" if isinstance(run.request_runner.stop_error, BudgetSpent) else "stopped"
    reasons = {place.closed_reasons.get(kind, "rounds") for place in run.windows}
    return next((reason for reason in END_REASONS if reason in reasons), "refused")


def _list_exhausted(run: "ChapterRun", kind: ItemKind) -> tuple[str, ...]:
    """The passages that have no more to give, by their writer's own word."""
    closed = [w for w in run.windows if w.closed_reasons.get(kind) == "exhausted"]
    return tuple(p.id for window in closed for p in window.passages)
