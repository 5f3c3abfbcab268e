"""A server's answer as a draft: what it was shown, what it said, what it cost."""

from collections.abc import Sequence

from tasks.generation.book_windows import PlannedRequest
from tasks.generation.openai.completions import read_completion
from tasks.generation.quotas import JudgedDraft
from tasks.generation.response_cache import StoredResponse
from tasks.schemas.item_rows import Draft, Passage

UNREAD_CHECKS = ("parsing", "length")  # their rejections are of no item that could be read


def holds_items(verdict: JudgedDraft) -> bool:
    """Whether anything in an answer could be read as items, or as the word that there are none."""
    return bool(verdict.kept or verdict.exhausted) or any(
        rejection.check not in UNREAD_CHECKS for rejection in verdict.rejected
    )


def list_shown_passages(
    asking: PlannedRequest, passages: Sequence[Passage], as_pages: bool
) -> list[Passage]:
    """What the model saw: the window's passages, or all of the chapter's that stand on the
    pages.
    """
    if not as_pages or asking.repairs:
        return list(asking.passages)
    seen = [p.page for p in asking.passages]
    return [p for p in passages if min(seen) - 1 <= p.page <= max(seen) + 1]


def build_draft(
    asking: PlannedRequest, response: StoredResponse, shown: Sequence[Passage], model: str
) -> Draft:
    """An answer as a row."""
    envelope = read_completion(response.body)
    return Draft(
        id=response.key,
        kind=asking.kind,
        passages=tuple(p.id for p in shown),
        asked=asking.asked,
        writer=model,
        raw=envelope.text if envelope else response.body,
        finish=response.finish,
        cost_usd=response.cost_usd,
        **response.usage._asdict(),
    )
