"""Storms, kills, the end of the money, two processes: nothing is asked twice, nothing is lost, nothing is overspent."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.openai_server.server import start_server
from support.openai_study import (
    build_plan,
    count_kept,
    list_draft_texts,
    load_chapters,
    write_study,
)

from tasks.generation import usage
from tasks.generation.cost_estimate import estimate_cost
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import BudgetSpent, WriterRefused

SCRIPT = Path(__file__).parents[2] / "support" / "openai_study.py"


def run(ledger, out, *more):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(ledger), str(out), *more],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_a_storm_ends_with_exact_counts_and_an_exact_account(tmp_path, to, mode):
    faults = "storm" if mode == "live" else "storm,"
    with start_server(faults=faults.rstrip(",")) as server:
        to(server)
        written = write_study(
            tmp_path,
            build_plan(pairs=120, questions=120, per_request=4, mode=mode, repairs=4),
            load_chapters(1, 5, 6),
        )
    assert count_kept(written) == {"pair": 120, "question": 120}
    for one in written.values():
        for kind in ("pair", "question"):
            drafts = [d for d in one.drafts if d.kind == kind]
            came = sum(items_in(d) for d in drafts if d.finish in ("stop", "length"))
            refused = sum(d.asked for d in drafts if d.finish not in ("stop", "length"))
            assert came == one.usage.kept[kind] + one.usage.rejected[kind]
            assert refused == one.usage.refused[kind]
    answered = Counter(server.list_answered())
    assert max(answered.values()) == 1
    assert len({e["fault"] for e in server.entries if e.get("fault")}) > 5  # it was a storm


def items_in(draft):
    """Items of one answer; one that cannot be read stands for all it was asked for, as in the gate."""
    try:
        return len(json.loads(draft.raw)["items"])
    except (ValueError, KeyError):
        return draft.asked


@pytest.mark.parametrize(
    ("mode", "kills"),
    [
        ("live", 2),
        ("batch", 2),
        pytest.param("live", 10, marks=pytest.mark.slow),
        pytest.param("batch", 10, marks=pytest.mark.slow),
    ],
)
def test_kills_at_random_moments_lose_nothing_and_ask_nothing_twice(tmp_path, to, mode, kills):
    """An answer that is on the wire at the very moment of a kill cannot be had: the server then replays it, by its key."""
    with start_server() as server:
        to(server)
        calm = write_study(
            tmp_path / "calm", build_plan(mode=mode, per_request=2), load_chapters(1, 5)
        )
    with start_server(latency=0.15 if mode == "live" else 0.0, replays=True) as server:
        to(server)
        draw = random.Random(5)
        for _ in range(kills):
            process = run(tmp_path / "ledger", tmp_path / "out.json", "--mode", mode)
            until = len(server.entries) + draw.randint(1, 6)
            while len(server.entries) < until and process.poll() is None:
                time.sleep(0.01)
            time.sleep(draw.random() * 0.3)
            process.kill()
            process.wait()
        assert run(tmp_path / "ledger", tmp_path / "out.json", "--mode", mode).wait() == 0
    assert [
        tuple(pair) for pair in json.loads((tmp_path / "out.json").read_text("utf-8"))
    ] == list_draft_texts(calm)
    assert max(Counter(server.list_answered()).values()) == 1
    assert len(server.list_answered()) == len({key for key, _ in list_draft_texts(calm)})
    assert (
        sum(bool(e.get("replayed")) for e in server.entries) <= 8 * kills
    )  # what was on the wire, not a run's worth


def test_an_answer_on_the_wire_at_a_kill_is_paid_twice_at_most_within_the_cap_and_told(
    tmp_path, to
):
    chosen = build_plan(per_request=2, pairs=8, questions=0)
    with start_server(latency=1.5) as server:
        to(server)
        process = run(tmp_path / "ledger", tmp_path / "out.json", "--number", "8")
        while not server.under_way:
            time.sleep(0.01)
        process.kill()
        process.wait()
    with start_server(port=int(server.url.split(":")[2].split("/")[0])) as server:
        to(server)
        written = write_study(tmp_path / "ledger", chosen, load_chapters(1, 5))
        spent = ResponseCache(tmp_path / "ledger", 50.0, chosen.prices).budget.get_spent_usd()
    lost = sum(one.usage.lost for one in written.values())
    assert lost >= 1 and count_kept(written)["pair"] == 8
    assert (
        spent >= server.compute_bill() + sum(one.usage.lost_usd for one in written.values()) - 1e-9
    )
    assert "never arrived" in told_usages([one.usage for one in written.values()], tmp_path)
    refused = str(
        usage.add_usages(WriterRefused("no"), [o.usage for o in written.values()], tmp_path)
    )
    paid = sum(one.usage.sum_figure("cost_usd") for one in written.values())
    assert f"These answers cost {paid:.4f} USD.\n" in refused, "without what never arrived"


def told_usages(accounts, folder) -> str:
    return str(usage.add_usages(BudgetSpent("spent"), accounts, folder))


def test_two_processes_share_a_ledger_and_its_money(tmp_path, to):
    with start_server(latency=0.05) as server:
        to(server)
        runs = [run(tmp_path / "ledger", tmp_path / f"{n}.json") for n in range(2)]
        assert [process.wait() for process in runs] == [0, 0]
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()
    assert max(Counter(server.list_answered()).values()) == 1
    assert ResponseCache(
        tmp_path / "ledger", 50.0, build_plan().prices
    ).budget.get_spent_usd() == pytest.approx(server.compute_bill())


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_the_money_ends_the_run_below_the_cap_and_the_next_run_goes_on(tmp_path, to, mode):
    passages = load_chapters(1, 5)
    chosen = build_plan(pairs=60, questions=60, per_request=5, mode=mode)
    cap = 0.6 * estimate_cost(chosen, passages, "fa").usd
    with start_server(faults="cut:0.1,cut_body:0.1") as server:  # charged, and their answers lost
        to(server)
        with pytest.raises(BudgetSpent, match=r"raise generation\.budget_usd"):
            write_study(tmp_path, chosen.model_copy(update={"budget_usd": cap}), passages)
        assert (
            0.2 * cap < server.compute_bill() <= cap
        )  # most requests are of 5 items, and each sets 4,096 tokens aside
        answered = len(server.list_answered())
        (stopped,) = [
            one for one in usage.load_usages(tmp_path, passages) if "budget" in one.ended.values()
        ]
        assert (
            stopped.requests == answered
            and 0 < stopped.kept["pair"] + stopped.kept["question"] < 120
        )
        assert (
            f"{stopped.kept['pair']} of {stopped.wanted['pair']} training pairs kept"
            in told_usages([stopped], tmp_path)
        )
        with pytest.raises(BudgetSpent):  # a rerun has no new money
            write_study(tmp_path, chosen.model_copy(update={"budget_usd": cap}), passages)
        assert server.compute_bill() <= cap and len(server.list_answered()) == answered
        written = write_study(tmp_path, chosen, passages)
    assert count_kept(written) == {"pair": 60, "question": 60}
    assert max(Counter(server.list_answered()).values()) == 1


def test_chapters_at_once_stay_below_the_cap_together(tmp_path, to):
    passages = load_chapters(1, 5, 6)
    chosen = build_plan(pairs=90, questions=90, per_request=3, budget_usd=0.4)
    with start_server(latency=0.02) as server:
        to(server)

        def one(chapter):
            with pytest.raises(BudgetSpent):
                write_study(tmp_path, chosen, {chapter: passages[chapter]})

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(one, passages))
    assert 0.25 < server.compute_bill() <= 0.4


def test_a_batch_that_expires_fails_or_errs_is_asked_again_only_for_what_is_missing(tmp_path, to):
    for number, fault in enumerate(
        ["batch_expired", "batch_failed", "batch_errors", "batch_partial"]
    ):
        with start_server(faults=fault) as server:
            to(server)
            written = write_study(
                tmp_path / str(number),
                build_plan(mode="batch", per_request=3, repairs=4),
                load_chapters(5),
            )
            spent = ResponseCache(
                tmp_path / str(number), 50.0, build_plan().prices
            ).budget.get_spent_usd()
        assert count_kept(written) == {"pair": 30, "question": 30}
        assert max(Counter(server.list_answered()).values()) == 1
        if (
            fault == "batch_errors"
        ):  # a server's error in a batch does not prove that it cost nothing
            assert spent > server.compute_bill()
        else:
            assert spent == pytest.approx(server.compute_bill())
        assert len([e for e in server.entries if e.get("created")]) > max(
            one.usage.rounds for one in written.values()
        )


def test_a_server_without_batches_says_what_to_do(tmp_path, to):
    from tasks.schemas.errors import WriterRefused

    with start_server(lacks=("batches",)) as server:
        to(server)
        with pytest.raises(WriterRefused, match=r"Set generation\.mode to live"):
            write_study(tmp_path, build_plan(mode="batch"), load_chapters(1))
