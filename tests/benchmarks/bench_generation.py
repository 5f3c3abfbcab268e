"""The writer against the clock: how near to the ideal, how much above a bare loop, how much memory.

BENCH_ITEMS is the larger number of items (100,000). The server runs in a process of its own and always says the same.
Exit code 1 where a ratio is missed. The clock's ratio means something on an otherwise idle machine only.
"""

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from headline import print_headline  # noqa: E402
from support.openai_study import SHORT_RETRIES, build_plan  # noqa: E402

from tasks.generation import book_windows  # noqa: E402
from tasks.generation.openai import request_builder  # noqa: E402
from tasks.generation.openai.openai_writer import write_items_by_model  # noqa: E402
from tasks.generation.openai.transport.server_calls import open_client  # noqa: E402
from tasks.generation.quotas import PairOrQuestion, Quota, WrittenChapter  # noqa: E402
from tasks.generation.response_cache import ResponseCache  # noqa: E402
from tasks.schemas.item_rows import Draft, Pair, Passage, Rejection  # noqa: E402

SERVER = Path(__file__).parents[1] / "openai_server.py"
CALM = SHORT_RETRIES._replace(timeout=60.0)
AT_ONCE = 64
ROUNDS = 3
MOST = {"clock": 1.15, "cpu": 2.0, "memory": 1.25}  # ratios


class Verdict(NamedTuple):
    kept: list[PairOrQuestion]
    rejected: list[Rejection]


class Timed(NamedTuple):
    request_builder: int
    clock: float  # seconds
    cpu: float  # seconds


def keep_all(draft: Draft) -> Verdict:
    """A gate that costs nothing."""
    quote = {"passage_id": "p", "page": 1, "start": 0, "end": 1, "text": "q"}
    return Verdict(
        [
            Pair(
                id=f"{draft.id}-{i}",
                fact=f"f{draft.id}-{i}",
                symptom="s" * 200,
                diagnosis="d",
                quote=quote,
            )
            for i in range(draft.asked)
        ],
        [],
    )


def chapter(number: int = 0, passages: int = 16) -> list[Passage]:
    text = "در معاینه بالا بودن فشار ورید گردنی و ریتم گالوپ در سمع قلب دیده می‌شود. " * 11
    return [
        Passage(id=f"p{number:03}-{i:02}", chapter=f"c{number}", page=i + 1, text=f"{i} {text}")
        for i in range(passages)
    ]


@contextmanager
def server(*orders: str) -> Iterator[Path]:
    """The environment points at a server; gives a folder for ledgers."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), "--canned", *orders], stdout=subprocess.PIPE, text=True
    )
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    assert process.stdout
    os.environ |= {
        "OPENAI_BASE_URL": process.stdout.readline().strip(),
        "OPENAI_API_KEY": "sk-bench-0123456789",
    }
    try:
        yield folder
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def written(folder: Path, items: int, number: int = 0) -> WrittenChapter:
    chosen = build_plan(pairs=items, questions=0, budget_usd=1e6)
    ledger = ResponseCache(folder, chosen.budget_usd, chosen.prices)
    return write_items_by_model(
        chapter(number),
        Quota(items, 0),
        chosen,
        "fa",
        ledger=ledger,
        accept=keep_all,
        machine_concurrency=AT_ONCE,
        patience=CALM,
    )


def timed(folder: Path, items: int) -> Timed:
    clock, cpu = time.perf_counter(), time.process_time()
    done = written(folder, items)
    return Timed(done.usage.requests, time.perf_counter() - clock, time.process_time() - cpu)


async def bare_loop(number: int) -> Timed:
    """Nothing but the client's own calls with the same bodies."""
    chosen, quota = build_plan(pairs=number * 10, questions=0), Quota(number * 10, 0)
    asked = book_windows.plan_round(
        book_windows.plan_windows(chapter(), quota, chosen), quota, chosen, []
    )
    bodies = [request_builder.build_request(one, chosen, "fa", None).body for one in asked]
    client, slots = open_client(CALM), asyncio.Semaphore(AT_ONCE)

    async def one(body: dict[str, object]) -> None:
        async with slots:
            await client.chat.completions.create(**body)  # type: ignore[call-overload]

    clock, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(body) for body in bodies))
    done = Timed(len(bodies), time.perf_counter() - clock, time.process_time() - cpu)
    await client.close()
    return done


def peak() -> float:
    """MiB, the most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def clock_ratio() -> float:
    """A thousand requests of one second, beside waves of one second: the median of ROUNDS."""
    rounds = []
    for _ in range(ROUNDS):
        with server("--latency", "1") as folder:
            done = timed(folder, 9_980)
            bare = asyncio.run(bare_loop(done.requests))
        rounds.append((done, bare, os.getloadavg()[0]))
    ideal = -(-rounds[0][0].requests // AT_ONCE)
    print(
        f"{rounds[0][0].requests:,} requests of 1 s, {AT_ONCE} at once; the ideal is {ideal} s.\n"
    )
    print("| ours, s | beside the ideal | a bare loop, s | load |\n|---|---|---|---|")
    for done, bare, load in rounds:
        print(f"| {done.clock:.1f} | {done.clock / ideal:.2f} × | {bare.clock:.1f} | {load:.1f} |")
    ratio = statistics.median(done.clock for done, _, _ in rounds) / ideal
    print_headline(
        "1,000 requests of 1 s to a writer, 64 at once, beside the ideal",
        f"{ratio:.2f} ×",
        f"≤ {MOST['clock']} ×",
    )
    return ratio


def cpu_ratio() -> float:
    """CPU a request, beside a loop with the same client and nothing else."""
    with server() as folder:
        written(folder / "warm", 500)
        done, bare = timed(folder / "own", 5_000), asyncio.run(bare_loop(500))
    own, least = done.cpu / done.requests, bare.cpu / bare.requests
    print(
        f"CPU a request: {own * 1000:.2f} ms with ledger and budget, {least * 1000:.2f} ms in a bare loop, "
        f"{own / least:.2f} × (at most {MOST['cpu']}).\n"
    )
    print_headline(
        "the writer's CPU a request, beside a bare asyncio loop with the same client",
        f"{own / least:.2f} ×",
        f"≤ {MOST['cpu']:g} ×",
    )
    return own / least


def memory_ratio() -> float:
    """Peak memory after chapters of 1,000 items each."""
    items = int(os.environ.get("BENCH_ITEMS", "100000"))
    with server() as folder:
        written(folder, 1000)
        small, started = peak(), time.process_time()
        for number in range(1, items // 1000):
            written(folder, 1000, number)
        large, cpu = peak(), time.process_time() - started
    print(
        f"Peak memory: {small:.0f} MiB at 1,000 items, {large:.0f} MiB at {items:,}, {large / small:.2f} × (at most {MOST['memory']}); "
        f"{cpu / max(1, items // 10 - 100) * 1000:.2f} ms CPU a request.\n"
    )
    print_headline(
        f"the writer's memory at {items:,} items beside 1,000",
        f"{large / small:.2f} ×",
        f"≤ {MOST['memory']} ×",
    )
    return large / small


if __name__ == "__main__":
    found = {"memory": memory_ratio(), "clock": clock_ratio(), "cpu": cpu_ratio()}
    sys.exit(any(ratio > MOST[name] for name, ratio in found.items()))
