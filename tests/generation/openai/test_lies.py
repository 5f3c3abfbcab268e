"""Over a hundred kinds of answers from a server that bills each of them: the cap holds by its count, every end is told in a sentence, memory stays."""

import re
from dataclasses import dataclass
from resource import RUSAGE_SELF, getrusage

import pytest
from support.openai_server.fault_orders import compute_price
from support.openai_server.lies import LIES, REFUSALS
from support.openai_server.server import OpenAIServer, hash_request, start_server
from support.openai_study import build_plan, load_chapters, write_study

from tasks.generation.openai.request_runner import RetryPolicy
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import WriterError
from tasks.schemas.plan_sections import Prices, ValidationPlan
from tasks.validation.item_checker import ItemChecker

CAP = 0.3  # dollars: four requests at their worst price
IMPATIENT = RetryPolicy(attempts=3, timeout=5.0, first_wait=0.001, longest_wait=0.01, poll=0.01)


@dataclass
class Liar(OpenAIServer):
    """Writes, bills, and answers as the lie says."""

    lie: str = "honest"

    async def answer_chat(self, request, headers, reader, writer):
        tree, usage = self.build_completion(request, "")
        usd = 0.0 if self.lie in REFUSALS else compute_price(usage, request["model"])
        self.log_request(hash=hash_request(request), usd=usd, **usage)
        try:
            writer.write(LIES[self.lie](tree))
            await writer.drain()
        except ConnectionError:
            pass
        return False


def check_drafts(passages):
    """The product's own gate."""
    return ItemChecker(passages, "fa", ValidationPlan()).check_draft


@pytest.fixture(scope="module")
def liar():
    from unittest import mock

    with mock.patch("support.openai_server.server.OpenAIServer", Liar), start_server() as server:
        yield server


@pytest.fixture(scope="module")
def chapter():
    return load_chapters(1)


def test_there_are_more_than_eighty_kinds():
    assert len(LIES) > 80


SLOW = {  # seconds each: megabytes, read several times
    "a million lists",
    "blanks for 8 MiB",
    "10,000 choices",
    "error of 8 MB",
    "thoughts of 4 MB",
    "content of 5 MB",
    "end of 1 MB",
    "packed zeros",
}


@pytest.mark.parametrize(
    "lie", [pytest.param(lie, marks=[pytest.mark.slow] * (lie in SLOW)) for lie in LIES]
)
def test_the_cap_holds_by_the_server_s_count_and_the_end_is_told(
    lie, liar, chapter, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_BASE_URL", liar.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    liar.lie, liar.entries[:] = lie, []
    plan = build_plan(pairs=20, questions=20, per_request=4, budget_usd=CAP, max_output_tokens=4096)
    before, told = getrusage(RUSAGE_SELF).ru_maxrss, ""
    try:
        write_study(
            tmp_path / "ledger", plan, chapter, concurrency=2, patience=IMPATIENT, gate=check_drafts
        )
    except WriterError as stopped:
        told = str(stopped)
    paid, doubtful = ResponseCache(tmp_path / "ledger", CAP, Prices()).budget.get_known_spent_usd()
    assert liar.entries, "the server was never asked"
    assert liar.compute_bill() <= min(CAP, paid + doubtful) + 1e-9
    assert len(liar.entries) <= 200  # 413: halved down to the smallest
    assert not told or 20 < len(told) < 2500
    assert not re.search(r"Traceback|0x[0-9a-f]{8}|sk-test", told)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 400_000  # kB
