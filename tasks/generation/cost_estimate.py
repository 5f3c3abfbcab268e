"""What the writing will cost, before a cent is spent: the first round's real requests, their tokens
guessed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tasks.generation import book_windows
from tasks.generation.budget import TokenUsage, compute_price
from tasks.generation.openai.replies import OTHER, guess_tokens
from tasks.generation.openai.request_builder import ChatRequest, build_request
from tasks.generation.openai.server_identity import configured_server
from tasks.generation.pdf_parts import PdfPages, open_pdf_pages
from tasks.generation.quotas import allocate_quotas
from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import GenerationPlan

ITEM_TOKENS = {
    "pair": 130,
    "question": 170,
}  # one item in Persian with its quote and its field names
GUESSED_PAGE_TOKENS = 1000  # the picture of one page


class CostEstimate(NamedTuple):
    """The writing without repeats; rejected items are asked for again and cost extra, within the
    budget.
    """

    requests: int
    tokens_in: int
    tokens_out: int
    usd: float


def estimate_cost(
    plan: GenerationPlan,
    passages_by_chapter: Mapping[str, list[Passage]],
    language: str,
    book: Path | None = None,
) -> CostEstimate:
    """Count the requests that the first round would send, and guess their tokens."""
    requests = tokens_in = tokens_out = 0
    pages = open_pdf_pages(plan.show, book)
    for chapter, quota in allocate_quotas(passages_by_chapter, plan).items():
        windows = (
            book_windows.plan_windows(passages_by_chapter[chapter], quota, plan)
            if passages_by_chapter[chapter]
            else []
        )
        for asking in book_windows.plan_round(windows, quota, plan, []):
            requests += 1
            tokens_in += guess_prompt_tokens(
                build_request(asking, plan, language, pages, server=configured_server()), pages
            )
            tokens_out += min(asking.asked * ITEM_TOKENS[asking.kind], plan.max_output_tokens)
    usd = compute_price(
        TokenUsage(tokens_in, 0, tokens_out), plan.prices, batch=plan.mode == "batch"
    )
    return CostEstimate(requests, tokens_in, tokens_out, usd)


def guess_prompt_tokens(request: ChatRequest, pages: PdfPages | None) -> int:
    """About how many tokens a request's prompt is."""
    count = guess_tokens(str(request.body.get("response_format", "")))
    for message in request.body["messages"]:
        parts = (
            message["content"]
            if isinstance(message["content"], list)
            else [{"type": "text", "text": message["content"]}]
        )
        for part in parts:
            if part["type"] == "text":
                count += guess_tokens(part["text"])
            elif pages:
                count += sum(
                    GUESSED_PAGE_TOKENS + round(pages.get_text_bytes(page) / 2 / OTHER)
                    for page in part["pages"]
                )
    return count
