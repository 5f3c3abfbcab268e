"""The writer against the clock: how near to the ideal, how much above a bare loop, how much memory. `make bench` runs it.

Only ratios are asserted; the figures are printed. The server runs in a process of its own and always says the same.
"""

import asyncio
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from gpt_study import SHORT, plan

from tasks.generation import places, requests
from tasks.generation.gpt_writer import open_client, write
from tasks.generation.ledger import Ledger
from tasks.generation.writer import Quota
from tasks.records import Pair, Passage

SERVER = Path(__file__).parents[1] / "openai_server.py"
CALM = SHORT._replace(timeout=60.0)
pytestmark = pytest.mark.bench


class Verdict(NamedTuple):
    kept: list
    rejected: list


def keep_ten(draft, passages, earlier):
    """A gate that costs nothing."""
    first = len(earlier)
    return Verdict([Pair(id=str(first + i), fact=f"fact {first + i}", symptom="s" * 200, diagnosis="d") for i in range(draft.asked)], [])


def chapter(number=0, passages=16):
    text = "در معاینه بالا بودن فشار ورید گردنی و ریتم گالوپ در سمع قلب دیده می‌شود. " * 11
    return [Passage(id=f"p{number:03}-{i:02}", chapter=f"c{number}", page=i + 1, text=f"{i} {text}") for i in range(passages)]


@contextmanager
def server(monkeypatch, *orders):
    process = subprocess.Popen([sys.executable, str(SERVER), "--canned", *orders], stdout=subprocess.PIPE, text=True)
    monkeypatch.setenv("OPENAI_BASE_URL", process.stdout.readline().strip())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-bench-0123456789")
    try:
        yield
    finally:
        process.kill()
        process.wait()


def written(folder, items, number=0, concurrency=64):
    chosen = plan(pairs=items, questions=0, budget_usd=1e6)
    ledger = Ledger(folder, chosen.budget_usd, chosen.prices)
    return write(chapter(number), Quota(items, 0), chosen, "fa", ledger, keep_ten, concurrency, patience=CALM)


def test_a_thousand_requests_of_a_second_take_little_more_than_the_ideal(tmp_path, monkeypatch):
    with server(monkeypatch, "--latency", "1"):
        started = time.perf_counter()
        done = written(tmp_path, 9_980)
        took = time.perf_counter() - started
    number = done.report.requests
    ideal = float(-(-number // 64))  # waves of one second
    assert number >= 1000
    print(f"\n{number:,} requests of 1 s, 64 at once: {took:.1f} s, {took / ideal:.2f} × the ideal")
    assert took <= 1.15 * ideal


def test_the_writer_costs_little_beside_a_bare_loop_with_the_same_client(tmp_path, monkeypatch):
    number = 500
    with server(monkeypatch):
        written(tmp_path / "warm", 500)
        started = time.process_time()
        written(tmp_path / "own", number * 10)
        own = (time.process_time() - started) / number
        bare = asyncio.run(bare_loop(number)) / number
    print(f"\nCPU a request: {own * 1000:.2f} ms with ledger and budget, {bare * 1000:.2f} ms in a bare loop, {own / bare:.2f} ×")
    assert own <= 2.0 * bare


async def bare_loop(number):
    """CPU seconds of nothing but the client's own calls with the same bodies."""
    chosen = plan(pairs=number * 10, questions=0)
    windows = places.places(chapter(), Quota(number * 10, 0), chosen)
    bodies = [requests.word(a, chosen, "fa", None).body for a in places.plan_round(windows, Quota(number * 10, 0), chosen, [])]
    client, slots = open_client(CALM), asyncio.Semaphore(64)

    async def one(body):
        async with slots:
            await client.chat.completions.create(**body)

    started = time.process_time()
    await asyncio.gather(*(one(body) for body in bodies))
    await client.close()
    return time.process_time() - started


@pytest.mark.timeout(1800)
def test_memory_is_flat_from_a_thousand_to_a_hundred_thousand_items(tmp_path, monkeypatch):
    items = int(os.environ.get("BENCH_ITEMS", "100000"))
    with server(monkeypatch):
        written(tmp_path, 1000)
        small = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(1, items // 1000):
            written(tmp_path, 1000, number)
        large = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\npeak memory: {small / 1024:.0f} MiB at 1,000 items, {large / 1024:.0f} MiB at {items:,}")
    assert large <= 1.25 * small
