"""What writing and reading will cost, before a cent is spent: the first round's real requests,
their tokens guessed.
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
from tasks.generation.second_reader.reader_prompt import build_messages
from tasks.generation.second_reader.reading_request import cut_into_stretches
from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import GenerationPlan, ReaderPlan
from tasks.schemas.sections.apportionment import apportion_total
from tasks.schemas.sections.profiles import tag_language

ITEM_TOKENS = {
    "pair": 130,
    "question": 170,
}  # one item in Persian with its quote and its field names
GUESSED_PAGE_TOKENS = 1000  # the picture of one page
READING_TOKENS = 170  # of an answer on one item, by our count of the recorded readings


class CostEstimate(NamedTuple):
    """Writing and reading where nothing falls; refused items go back and cost extra, within the
    budget.
    """

    requests: int
    tokens_in: int
    tokens_out: int
    usd: float
    reading: "CostEstimate | None" = None  # the second reader's part of it

    @property
    def usd_most(self) -> float:
        """Where every item has to be written and read twice."""
        return 2 * self.usd


def estimate_cost(
    plan: GenerationPlan,
    passages_by_chapter: Mapping[str, list[Passage]],
    language: str,
    book: Path | None = None,
    reader: ReaderPlan | None = None,
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
    writing = CostEstimate(requests, tokens_in, tokens_out, usd)
    if reader is None or not reader.is_on:
        return writing
    reading = estimate_reading(plan, passages_by_chapter, language, reader)
    return CostEstimate(
        requests + reading.requests,
        tokens_in + reading.tokens_in,
        tokens_out + reading.tokens_out,
        usd + reading.usd,
        reading,
    )


def estimate_reading(
    plan: GenerationPlan,
    passages_by_chapter: Mapping[str, list[Passage]],
    language: str,
    reader: ReaderPlan,
) -> CostEstimate:
    """The second reader's requests, as if all that is written passed the rules; with the share that
    is asked twice.
    """
    requests = tokens_in = items = 0
    for chapter, quota in allocate_quotas(passages_by_chapter, plan).items():
        passages = passages_by_chapter[chapter]
        stretches = cut_into_stretches(passages, plan.shown_characters) if passages else []
        weights = {str(i): sum(len(p.text) for p in s) for i, s in enumerate(stretches)}
        for i, number in apportion_total(weights, sum(quota)).items():
            count = -(-number // reader.per_request)
            tag = tag_language(language, plan.profile)
            prompt = build_messages(tag, stretches[int(i)], [], {}, [])
            shown = sum(guess_tokens(message["content"]) for message in prompt)
            requests += count
            tokens_in += count * shown + number * ITEM_TOKENS["question"]
            items += number
    twice = 1 + reader.twice_share
    counts = (requests, tokens_in, items * READING_TOKENS)
    requests, tokens_in, tokens_out = (round(twice * count) for count in counts)
    prices = reader.prices or plan.prices
    usage = TokenUsage(tokens_in, 0, tokens_out)
    usd = compute_price(usage, prices, batch=plan.mode == "batch")
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
