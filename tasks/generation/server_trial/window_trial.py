"""One real request of a plan, asked before its study: what the server makes of the book's own text
in the plan's own form, and which choices of the plan would suit it better.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, time
from typing import Any, NamedTuple

from tasks.generation import book_windows
from tasks.generation.book_windows import PlannedRequest
from tasks.generation.budget import compute_price
from tasks.generation.openai.completions import read_completion
from tasks.generation.openai.openai_writer import Server
from tasks.generation.openai.prompt_counts import is_cut
from tasks.generation.openai.replies import guess_prompt_text, is_empty
from tasks.generation.openai.request_builder import ChatRequest, build_request, list_parts
from tasks.generation.openai.request_errors import RequestFailure, find_setting
from tasks.generation.openai.request_runner import RetryPolicy
from tasks.generation.openai.server_identity import configured_server
from tasks.generation.openai.transport.server_calls import open_client
from tasks.generation.pdf_parts import PdfPages, open_pdf_pages
from tasks.generation.quotas import allocate_quotas
from tasks.generation.response_cache import ResponseCache
from tasks.generation.response_drafts import build_draft, list_shown_passages
from tasks.schemas.errors import StudyError
from tasks.schemas.item_rows import Draft, Passage
from tasks.schemas.plan_sections import GenerationPlan

MAX_TRIALS = 4  # requests: the plan's own form, and three that change what failed
PATIENCE = RetryPolicy(attempts=2)
SHRINK = 0.8  # of the share of a prompt that a server counted: room for the answer
BYTES_A_TOKEN = 6  # of a page's text: three Persian characters of two bytes; for English too few
LEAST_SHOWN = 500  # characters, the plan's own bound
NO_THOUGHTS = {"chat_template_kwargs": {"enable_thinking": False}}


class WindowTrial(NamedTuple):
    """What came of one request."""

    asked: int  # items
    body: dict[str, Any]
    seconds: float
    draft: Draft | None = None
    fault: RequestFailure | None = None
    stopped: StudyError | None = None
    prompt: tuple[int, int] = (0, 0)  # tokens that the server counted, and about how many were sent
    is_empty: bool = False
    has_thoughts: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether the server saw only a part of the prompt."""
        return is_cut(*self.prompt)


def choose_window(
    plan: GenerationPlan, passages_by_chapter: Mapping[str, list[Passage]]
) -> tuple[PlannedRequest, list[Passage]] | None:
    """The longest request of a study's first round, for questions where it asks for any (their
    arrays are bounded), and its chapter; none where nothing is asked.
    """
    found: list[tuple[PlannedRequest, list[Passage]]] = []
    for chapter, quota in allocate_quotas(passages_by_chapter, plan).items():
        passages = passages_by_chapter[chapter]
        windows = book_windows.plan_windows(passages, quota, plan) if passages else []
        askings = book_windows.plan_round(windows, quota, plan, [])
        found += [(asking, passages) for asking in askings]
    if not found:
        return None
    asking, passages = max(found, key=_measure_window)
    # a seed of its own: what is kept of an earlier try tells nothing of the server now
    return asking._replace(sample=int(time())), passages


def _measure_window(one: tuple[PlannedRequest, list[Passage]]) -> tuple[bool, int]:
    asking = one[0]
    return asking.kind == "question", sum(len(p.text) for p in asking.passages)


def compute_window_price(
    plan: GenerationPlan,
    passages_by_chapter: Mapping[str, list[Passage]],
    language: str,
    book: Path,
) -> float:
    """Dollars that all trials cost at most."""
    if not (first := choose_window(plan, passages_by_chapter)):
        return 0.0
    pages = open_pdf_pages(plan.show, book)
    request = build_request(first[0], plan, language, pages, server=configured_server())
    return MAX_TRIALS * compute_price(request.worst_usage, plan.prices)


def try_window(
    plan: GenerationPlan,
    passages_by_chapter: Mapping[str, list[Passage]],
    language: str,
    *,
    book: Path,
    ledger: ResponseCache,
    patience: RetryPolicy = PATIENCE,
) -> WindowTrial | None:
    """Ask once; none where the plan asks for nothing."""
    first = choose_window(plan, passages_by_chapter)
    if first is None:
        return None
    return asyncio.run(_ask(plan, *first, language, book=book, ledger=ledger, patience=patience))


async def _ask(
    plan: GenerationPlan,
    asking: PlannedRequest,
    passages: Sequence[Passage],
    language: str,
    *,
    book: Path,
    ledger: ResponseCache,
    patience: RetryPolicy,
) -> WindowTrial:
    client, pages = open_client(patience), open_pdf_pages(plan.show, book)
    request = build_request(asking, plan, language, pages, server=configured_server())
    try:
        with ExitStack() as breakers:
            server = Server(client, "live", 1, patience, pages, breakers)
            runner = server.open_exchange(plan.model, ledger).request_runner
            begun = monotonic()
            response = await runner.answer_request(request)
            trial = WindowTrial(
                asking.asked,
                request.body,
                monotonic() - begun,
                fault=runner.last_fault if response is None or response.finish == "error" else None,
                stopped=runner.stop_error,
            )
    finally:
        await client.close()
    if response is None or response.finish == "error":
        return trial
    envelope = read_completion(response.body)
    shown = list_shown_passages(asking, passages, pages is not None)
    told = envelope.usage.tokens_in if envelope and envelope.usage else 0
    return trial._replace(
        draft=build_draft(asking, response, shown, plan.model),
        prompt=(told, _guess_sent(request, pages)),
        is_empty=envelope is None or is_empty(envelope),
        has_thoughts=bool(envelope and envelope.thought),
    )


def _guess_sent(request: ChatRequest, pages: PdfPages | None) -> int:
    """About how many tokens the texts are, those of shown pages too: a server that passes over a
    PDF part counts only the rest.
    """
    shown = [p for part in list_parts(request.body) for p in part.get("pages", ())] if pages else []
    size = sum(pages.get_text_bytes(page) for page in shown) if pages else 0
    return guess_prompt_text(request) + round(size / BYTES_A_TOKEN)


def propose_change(trial: WindowTrial, plan: GenerationPlan, read: int) -> dict[str, Any]:
    """The choices of `generation` to try next, where a trial went wrong in a way that they may
    mend; `read`: items that could be read.
    """
    if trial.fault:
        name, values = find_setting(trial.fault, trial.body)
        if name:
            return {name: values[0]}
        return _show_less(plan, 0.5) if trial.fault.name == "too long" else {}
    if trial.is_cut and plan.show == "pdf":
        return {"show": "text"}
    if trial.is_cut:
        told, sent = trial.prompt
        return _show_less(plan, SHRINK * told / sent)
    if trial.draft is None or read >= trial.asked:
        return {}
    if trial.has_thoughts and not read and not plan.extra:
        return {"extra": NO_THOUGHTS}
    if trial.draft.finish == "length":
        return (
            {"per_request": trial.asked // 2}
            if trial.asked > 1
            else {"max_output_tokens": 2 * plan.max_output_tokens}
        )
    if not read and plan.structure == "text":
        return {"structure": "schema"}
    return {"structure": "text"} if trial.is_empty and plan.structure != "text" else {}


def _show_less(plan: GenerationPlan, share: float) -> dict[str, Any]:
    fewer = max(LEAST_SHOWN, int(plan.shown_characters * share) // 100 * 100)
    return {"shown_characters": fewer} if fewer < plan.shown_characters else {}
