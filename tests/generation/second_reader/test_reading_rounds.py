"""The second reader against a real server on loopback: money, kills, batches, readers that are none."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support.openai_server.server import start_server
from support.openai_study import (
    build_plan,
    count_kept,
    list_draft_texts,
    load_chapters,
    write_read_study,
)

from tasks.engine.cache_key import canonical_value
from tasks.generation.cost_estimate import estimate_cost
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import BudgetSpent, WriterRefused
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import load_plan, parse_plan
from tasks.schemas.plan_sections import Prices, ReaderPlan

SCRIPT = Path(__file__).parents[2] / "support" / "openai_study.py"
DEAR = Prices()  # the writer's
READER = ReaderPlan(model="gpt-4o-mini").resolve_model("gpt-4o", DEAR)


def get_spent(ledger, plan):
    return ResponseCache(ledger, 50.0, plan.prices).budget.get_spent_usd()


def sum_readers(study):
    found = Counter()
    for one in study.written.values():
        found.update(one.usage.reader.model_dump(exclude={"model", "cost_usd"}))
    return found


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_items_that_came_are_kept_or_fell_and_every_cent_is_in_the_account(tmp_path, to, mode):
    chosen = build_plan(mode=mode)
    with start_server() as server:
        to(server)
        study = write_read_study(tmp_path, chosen, READER, load_chapters(1, 5))
    bill, account = server.compute_bill(), get_spent(tmp_path, chosen)
    assert account == pytest.approx(bill)
    assert sum(one.usage.sum_figure("cost_usd") for one in study.written.values()) == pytest.approx(
        bill
    )
    readers = sum(e["usd"] for e in server.entries if e.get("reads"))
    told = sum(one.usage.reader.cost_usd for one in study.written.values())
    assert told == pytest.approx(readers) and 0 < readers < 0.2 * bill
    for chapter, one in study.written.items():
        kept, rejected, funnel, _ = study.checkers[chapter].collect_items()
        assert {item.id for item in one.kept} == {item.id for item in kept}
        for kind in ("pair", "question"):
            steps = [step for step in funnel if step.kind == kind]
            assert all(s.came == s.kept + sum(s.fell.values()) for s in steps)
            assert steps[-1].kept == one.usage.kept[kind]
            assert one.usage.rejected[kind] == sum(r.items for r in rejected if r.kind == kind)
    counts = sum_readers(study)
    first = [one for one in study.list_readings() if not one.is_second]
    assert counts["read"] == len(first) and counts["unread"] == 0
    assert counts["refused"] == sum(one.fault is not None for one in first) > 0
    assert counts["requests"] == sum(bool(e.get("reads")) for e in server.entries)


def test_live_and_batch_keep_the_same_and_a_round_of_readings_is_one_batch(tmp_path, to):
    kept = {}
    for mode in ("live", "batch"):
        with start_server() as server:
            to(server)
            chosen = build_plan(mode=mode, repairs=2)
            study = write_read_study(tmp_path / mode, chosen, READER, load_chapters(5))
        kept[mode] = [item.id for one in study.written.values() for item in one.kept]
    assert kept["live"] == kept["batch"]
    rounds = sum(one.usage.rounds for one in study.written.values())
    assert len(server.batches.batches) <= 2 * rounds


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_the_readers_money_is_under_the_same_cap(tmp_path, to, mode):
    passages = load_chapters(1, 5)
    reader = ReaderPlan(model="gpt-4o", prices=DEAR, twice_share=1.0)
    chosen = build_plan(pairs=40, questions=40, mode=mode)
    writing = estimate_cost(chosen, passages, "fa").usd
    cap = 3 * writing  # enough to write, with what is set aside; too little to read twice, too
    with start_server() as server:
        to(server)
        with pytest.raises(BudgetSpent):
            write_read_study(
                tmp_path, chosen.model_copy(update={"budget_usd": cap}), reader, passages
            )
        assert any(e.get("reads") for e in server.entries), "it stopped before a reader was asked"
        assert server.compute_bill() <= cap
        stopped = len(server.list_answered())
        enough = chosen.model_copy(update={"budget_usd": 20 * cap})
        study = write_read_study(tmp_path, enough, reader, passages)
        assert count_kept(study.written) == {"pair": 40, "question": 40}
        answered = Counter(server.list_answered())
        assert max(answered.values()) == 1 and len(answered) > stopped


def test_a_reader_that_is_refused_stops_the_study_and_the_next_run_reads_what_is_written(
    tmp_path, to
):
    chosen, passages = build_plan(), load_chapters(1)
    with start_server(reads="not_at_all") as server:
        to(server)
        with pytest.raises(WriterRefused):
            write_read_study(tmp_path, chosen, READER, passages)
        written = len(server.list_answered())
        assert written and not any(e.get("reads") and e["answered"] for e in server.entries)
        server.reads = "honestly"
        write_read_study(tmp_path, chosen, READER, passages)
    first = server.list_answered()[:written]
    assert max(Counter(server.list_answered()).values()) == 1 and len(first) == written


def run(ledger, out, mode):
    return subprocess.Popen(
        [sys.executable, SCRIPT, ledger, out, "--mode", mode, "--reader", "gpt-4o-mini"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_a_kill_while_it_reads_loses_nothing_and_asks_nothing_twice(tmp_path, to, mode):
    with start_server() as server:
        to(server)
        chosen = build_plan(mode=mode, per_request=2)
        calm = write_read_study(tmp_path / "calm", chosen, READER, load_chapters(1, 5))
    with start_server(latency=0.1 if mode == "live" else 0.0, replays=True) as server:
        to(server)
        process = run(tmp_path / "ledger", tmp_path / "out.json", mode)
        while not any(e.get("reads") for e in server.entries) and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert run(tmp_path / "ledger", tmp_path / "out.json", mode).wait() == 0
    found = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [tuple(pair) for pair in found] == list_draft_texts(calm.written)
    assert max(Counter(server.list_answered()).values()) == 1


def test_a_reader_of_nonsense_is_asked_twice_and_the_rules_judge_alone(tmp_path, to):
    chosen = build_plan()
    with start_server(reads="nonsense") as server:
        to(server)
        study = write_read_study(tmp_path, chosen, READER, load_chapters(1, 5))
    counts = sum_readers(study)
    assert count_kept(study.written) == {"pair": 30, "question": 30}
    assert counts["read"] == counts["refused"] == 0 and counts["unread"] >= 60
    first = {one.item for one in study.list_readings()}
    assert len(first) == counts["unread"] and not any(one.is_read for one in study.list_readings())
    asked = [e["hash"] for e in server.entries if e.get("reads")]
    twice = sum(one.usage.reader.requests for one in study.written.values())
    assert len(asked) == len(set(asked)) == twice
    assert not [r for c in study.checkers.values() for r in c.rejected if r.check == "reading"]


def test_items_that_an_answer_leaves_out_are_asked_for_once_more_alone(tmp_path, to):
    with start_server(reads="all_but_one") as server:
        to(server)
        study = write_read_study(tmp_path, build_plan(), READER, load_chapters(5))
    counts = sum_readers(study)
    requests = [e for e in server.entries if e.get("reads")]
    assert counts["unread"] * 2 <= len(requests) and counts["unread"] >= 1
    assert counts["read"] + counts["unread"] == len({r.item for r in study.list_readings()})


def test_a_reader_that_finds_every_option_right_keeps_no_question_and_ends(tmp_path, to):
    with start_server(reads="all_right") as server:
        to(server)
        study = write_read_study(tmp_path, build_plan(), READER, load_chapters(1, 5))
    assert count_kept(study.written) == {"pair": 30, "question": 0}
    codes = Counter(r.reason.code for c in study.checkers.values() for r in c.rejected)
    counts = sum_readers(study)
    # a case lists the conditions that fit, its own not always among them
    another = codes["reader-finds-another-right"]
    assert codes["reader-finds-more-right"] + another == counts["refused"]
    assert codes["reader-finds-more-right"] > 30 > another
    assert counts["agreed"] == counts["twice"]
    assert len(server.entries) <= 15 * len(study.written) * 4
    assert all(one.usage.ended["question"] != "met" for one in study.written.values())


def test_a_share_that_is_read_twice_tells_how_steady_the_reader_is(tmp_path, to):
    with start_server() as server:
        to(server)
        reader = READER.model_copy(update={"twice_share": 1.0})
        study = write_read_study(tmp_path, build_plan(), reader, load_chapters(5))
    counts, readings = sum_readers(study), study.list_readings()
    first = {one.item: one for one in readings if not one.is_second}
    second = [one for one in readings if one.is_second]
    assert counts["twice"] == len(second) == len(first)
    same = sum((one.fault is None) == (first[one.item].fault is None) for one in second)
    assert counts["agreed"] == same


def test_bounds_of_arrays_that_a_server_refuses_are_left_out(tmp_path, to):
    with start_server(lacks=("array bounds",)) as server:
        to(server)
        study = write_read_study(tmp_path, build_plan(), READER, load_chapters(5))
    counts = sum_readers(study)
    assert counts["unread"] == 0 and counts["read"] > 0
    assert sum(one.usage.faults.get("400", 0) for one in study.written.values()) > 0


def test_who_reads_is_chosen_by_the_writer():
    gpt = StudyPlan.model_validate({"generation": {"writer": "gpt"}})
    assert gpt.resolve_reader().model == "gpt-4o-mini"
    assert gpt.resolve_reader().prices == Prices(input=0.15, cached_input=0.075, output=0.60)
    own = {"writer": "gpt", "model": "my-llama", "prices": {"input": 1, "output": 2}}
    mine = StudyPlan.model_validate({"generation": own})
    assert mine.resolve_reader().model == "my-llama"
    assert mine.resolve_reader().prices == mine.generation.prices
    assert not StudyPlan().resolve_reader().is_on
    named = parse_plan({"generation": {"writer": "gpt"}}, {"validation.reader": "gpt-4o"})
    assert named.resolve_reader().model == "gpt-4o"
    assert not load_plan("exercise").resolve_reader().is_on
    assert load_plan("recommended").resolve_reader().is_on


@pytest.mark.parametrize("word", ["off", False])
def test_off_leaves_every_key_as_it_was_before_there_was_a_reader(word):
    tree = {"generation": {"writer": "gpt"}, "validation": {"reader": word}}
    plan = StudyPlan.model_validate(tree)
    value = canonical_value(plan.select_drafting_plan())
    assert "reader" not in value["validation"] and "repairs" not in value["generation"]
    assert "reader" not in canonical_value(StudyPlan().select_drafting_plan())["validation"]
    on = StudyPlan.model_validate({"generation": {"writer": "gpt"}})
    assert canonical_value(on.select_drafting_plan())["validation"]["reader"]["model"]
    assert canonical_value(on.select_checking_plan()) == canonical_value(
        plan.select_checking_plan()
    )


def test_the_estimate_holds_the_readers_requests_tokens_and_money(tmp_path, to):
    passages, chosen = load_chapters(1, 5), build_plan(pairs=40, questions=40, margin=0)
    reader = READER.model_copy(update={"twice_share": 0.0})
    told = estimate_cost(chosen, passages, "fa", reader=reader)
    alone = estimate_cost(chosen, passages, "fa")
    assert told.usd == pytest.approx(alone.usd + told.reading.usd) and told.usd_most == 2 * told.usd
    with start_server() as server:
        to(server)
        study = write_read_study(tmp_path, chosen, reader, passages)
    counts = sum_readers(study)
    assert told.reading.requests <= counts["requests"] <= told.reading.requests + 4  # and repairs
    assert told.reading.tokens_in == pytest.approx(counts["tokens_in"], rel=0.35)
