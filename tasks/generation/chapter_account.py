"""A chapter's account: what was asked of a server, what came of it, and why it ended."""

from collections import Counter
from typing import TYPE_CHECKING

from tasks.generation.book_windows import ITEM_KINDS
from tasks.generation.openai.server_identity import identify_server
from tasks.generation.prompts.instructions import ItemKind
from tasks.schemas.errors import BudgetSpent
from tasks.schemas.item_rows import Pair, WriterUsage

if TYPE_CHECKING:
    from tasks.generation.generation_loop import ChapterRun

END_REASONS = ("rounds", "cut", "unfit", "exhausted")  # of a chapter's windows: the first is told


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
