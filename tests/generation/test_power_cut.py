"""Whenever the power fails, the next run stays within the cap by the server's count, and asks for no answer again that was on disk."""

import asyncio
import json
import os
import random

import pytest
from support.power_cut import PowerCut, PowerFailed

from tasks.generation.asking import build_live_asker
from tasks.generation.budget import TokenUsage
from tasks.generation.openai.concurrency_limiter import ConcurrencyLimiter
from tasks.generation.openai.replies import HttpReply
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_runner import RequestRunner, RetryPolicy
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import BudgetSpent
from tasks.schemas.plan_sections import Prices

PRICES = Prices()
WORST = TokenUsage(4_000, 0, 4_000)  # 0.05 dollars
CAP = 0.42  # dollars: six answers of the fake server are 0.3
REQUESTS = [
    ChatRequest({"model": "m", "messages": [{"role": "user", "content": f"question {n}"}]}, f"k{n}-here", WORST)
    for n in range(6)
]  # fmt: skip


class Server:
    """Answers at 0.05 dollars each, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, body, attempt):
        self.asked.append(attempt.rpartition("-")[0])
        text = {"role": "assistant", "content": "an answer " * 1000}
        usage = {"prompt_tokens": 4_000, "completion_tokens": 4_000}
        tree = {"choices": [{"message": text, "finish_reason": "stop"}], "usage": usage}
        return HttpReply(200, {}, json.dumps(tree))

    @property
    def bill(self) -> float:
        return 0.05 * len(self.asked)


def ask_all(folder, server: Server) -> list[str]:
    """The keys that were answered. Raises BudgetSpent where the money does not suffice."""
    runner = RequestRunner(
        ResponseCache(folder, CAP, PRICES),
        ConcurrencyLimiter(2),
        RetryPolicy(attempts=1),
        send=server.send,
        fill_body=dict,
        server="http://here",
    )
    ask = build_live_asker(runner, concurrency=2)

    async def collect() -> list[str]:
        factories = [lambda request=request: request for request in REQUESTS]
        return [found.key async for found in ask(factories) if found]

    found = asyncio.run(collect())
    if runner.stop_error:
        raise runner.stop_error
    return found


def list_forced_answers(folder) -> set[str]:
    """The answers that lie whole in a folder."""
    cache = ResponseCache(folder, CAP, PRICES)
    return {request.key for request in REQUESTS if cache.find_own_response(request.key)}


def run_until_the_power_fails(folder, server, at) -> PowerCut:
    folder.mkdir()
    with PowerCut(folder, at) as disk:
        try:
            ask_all(folder / "ledger", server)
        except PowerFailed:
            pass
        except BaseExceptionGroup as several:  # two threads met it
            assert several.split(PowerFailed)[1] is None
    return disk


def count_changes(tmp_path) -> int:
    return run_until_the_power_fails(tmp_path / "whole", Server(), at=10**6).changes


def test_the_simulated_disk_loses_what_was_not_forced(tmp_path):
    (tmp_path / "disk").mkdir()
    with PowerCut(tmp_path / "disk", at=100) as disk:
        (tmp_path / "disk" / "a").write_text("forced")
        for path in (tmp_path / "disk" / "a", tmp_path / "disk"):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        (tmp_path / "disk" / "b").write_text("not forced")
        (tmp_path / "disk" / "a").write_text("changed")
    disk.restore(tmp_path / "after")
    assert {p.name: p.read_text() for p in (tmp_path / "after").iterdir()} == {"a": "forced"}


@pytest.mark.parametrize(
    "survives", ["nothing", 0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 6))]
)
def test_after_a_cut_at_any_change_the_cap_holds_and_no_answer_on_disk_is_asked_again(
    tmp_path, survives
):
    changes, halves = count_changes(tmp_path), 0
    assert changes > 40
    for at in range(changes + 1):
        server, here = Server(), tmp_path / f"{at}"
        disk = run_until_the_power_fails(here, server, at)
        chance = None if survives == "nothing" else random.Random(f"{survives}/{at}")
        disk.restore(tmp_path / f"after {at}", chance)
        ledger = tmp_path / f"after {at}" / "ledger"
        ledger.mkdir(exist_ok=True)
        kept, before = list_forced_answers(ledger), len(server.asked)
        halves += 0 < len(kept) < len(REQUESTS)
        for _ in range(2):
            try:
                assert sorted(ask_all(ledger, server)) == [request.key for request in REQUESTS]
            except BudgetSpent:
                assert server.bill > CAP - 0.16  # two in flight, and one that does not fit
        assert server.bill <= CAP + 1e-9, at
        assert not kept.intersection(server.asked[before:]), at
    assert halves > 5  # cuts that left some answers and took others
