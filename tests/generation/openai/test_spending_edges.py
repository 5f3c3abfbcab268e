"""Ways by which money could be spent and not counted: refusals after lost answers, batches, servers that count half."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, time

import pytest

from tasks.generation.budget import Budget, TokenUsage
from tasks.generation.openai.batches.batch_records import BatchRecord, load_records, save_record
from tasks.generation.openai.batches.batch_runner import BatchRunner, BatchState
from tasks.generation.openai.completions import read_completion
from tasks.generation.openai.concurrency_limiter import ConcurrencyLimiter
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_errors import RequestFailure, classify_failure
from tasks.generation.openai.request_runner import RequestRunner, RetryPolicy
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.plan_sections import Prices


def exchange(folder, cap=1.0):
    return RequestRunner(
        ResponseCache(folder, cap, Prices()),
        ConcurrencyLimiter(2),
        RetryPolicy(),
        send=None,
        fill_body=dict,
        server="http://here",
    )


def desk(folder, keys=("aa",)):
    batches = BatchRunner(exchange(folder), api=None)
    record = save_record(batches.request_runner.cache, BatchRecord("mark", list(keys), id="batch"))
    return (
        batches,
        record,
        {
            key: ChatRequest({"model": "m", "messages": []}, key, TokenUsage(1000, 0, 1000))
            for key in keys
        },
    )


def line(key, status=200, body=None):
    return json.dumps({"custom_id": key, "response": {"status_code": status, "body": body}})


def test_a_refusal_does_not_make_the_lost_answer_before_it_free(tmp_path):
    budget = Budget(tmp_path / "c", 1.0)
    budget.reserve_usd("a", 0.4)
    budget.mark_lost("a")
    budget.settle_charges("a", 0.0)  # the second attempt was refused by a content filter
    assert budget.get_spent_usd() == pytest.approx(0.4)


def test_a_broken_body_of_a_batch_keeps_its_money_and_an_expired_line_gives_it_back(tmp_path):
    batches, record, wanted = desk(tmp_path, ("aa", "bb"))
    budget = batches.request_runner.cache.budget
    assert batches._reserve_budget(wanted["aa"]) and batches._reserve_budget(wanted["bb"])
    worst = budget.list_open_charges()[0].usd
    batches._store_line(line("aa", body={"choices": []}), record, wanted)
    batches._store_line(
        json.dumps({"custom_id": "bb", "response": None, "error": {"code": "batch_expired"}}),
        record,
        wanted,
    )
    asyncio.run(batches._close_record(record))
    assert budget.get_spent_usd() == pytest.approx(worst)
    assert batches.request_runner.faults == {"broken body": 1}


def test_a_lost_answer_is_no_reservation_for_the_next_batch(tmp_path):
    batches, _, wanted = desk(tmp_path)
    budget = batches.request_runner.cache.budget
    assert batches._reserve_budget(wanted["aa"])
    once = budget.get_spent_usd()
    assert batches._reserve_budget(wanted["aa"])  # its own reservation, from before a crash
    assert budget.get_spent_usd() == pytest.approx(once)
    budget.mark_lost("aa")
    assert batches._reserve_budget(wanted["aa"])
    assert budget.get_spent_usd() == pytest.approx(2 * once)


def test_who_collects_a_batch_late_does_not_free_the_money_of_the_next_one(tmp_path):
    batches, record, wanted = desk(tmp_path)
    late, budget = BatchRunner(exchange(tmp_path), api=None), batches.request_runner.cache.budget
    batches._reserve_budget(wanted["aa"])
    asyncio.run(batches._close_record(record))
    batches._reserve_budget(wanted["aa"])  # for the next batch
    asyncio.run(late._close_record(record))
    assert budget.get_spent_usd() > 0
    assert [r.done for r in load_records(batches.request_runner.cache)] == [True]


def test_an_answer_under_a_name_that_was_not_sent_is_counted_and_writes_nothing(tmp_path):
    batches, record, wanted = desk(tmp_path / "study")
    completion = {"choices": [{"message": {"content": "x"}}]}
    batches._store_line(line("../../../outside", body=completion), record, wanted)
    assert not list(tmp_path.rglob("outside*"))
    assert batches.request_runner.faults == {"stray answer": 1}


def test_the_reservation_is_on_disk_before_the_request_goes(tmp_path, monkeypatch):
    order, forced = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("disk"), forced(handle))[1])

    async def send(body, key):
        order.append("sent")
        return RequestFailure("400", "smaller", "refused", charged=False)

    here = exchange(tmp_path)
    here.send = send
    asyncio.run(
        here._fetch_response(
            ChatRequest({"model": "m", "messages": []}, "k", TokenUsage(1000, 0, 1000))
        )
    )
    assert order[0] == "disk" and order.count("sent") == 1
    assert here.cache.budget.get_spent_usd() == 0


def test_reservations_that_wait_together_share_a_turn_of_the_disk(tmp_path, monkeypatch):
    budget, turns = Budget(tmp_path / "c", 10.0), []
    budget.reserve_usd("first", 0.1)
    budget.force()
    monkeypatch.setattr(os, "fsync", turns.append)
    for n in range(50):
        budget.reserve_usd(str(n), 0.1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: budget.force(), range(50)))
    assert len(turns) == 1


@pytest.mark.parametrize(
    "status", [402, 405, 408, 409, 425, 500, 502, 503, 504, 520, 524, 529, 307, 418]
)
def test_an_answer_that_proves_nothing_keeps_its_money_set_aside(status):
    assert classify_failure(
        status, {"error": {"message": "failed"}}, {}, "m", "http://here"
    ).charged


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_refusal_proves_that_nothing_was_charged(status):
    assert not classify_failure(status, "<html>", {}, "m", "http://here").charged


def test_only_a_rate_limit_that_says_so_frees_the_money():
    limit = {"message": "Rate limit reached for gpt-4o", "code": "rate_limit_exceeded"}
    assert not classify_failure(429, {"error": limit}, {}, "m", "h").charged
    assert not classify_failure(429, limit, {}, "m", "h").charged
    for body in (
        "<html>Too many requests</html>",
        {"error": {"message": "upstream failed"}},
        None,
        [limit],
    ):
        assert classify_failure(429, body, {}, "m", "h").charged


def test_a_server_that_counts_only_the_prompt_is_taken_at_the_worst():
    def usage(**counts):
        return read_completion(
            json.dumps({"choices": [{"message": {"content": "x"}}], "usage": counts})
        ).usage

    assert usage(prompt_tokens=10) is None
    assert (
        usage(prompt_tokens=10, completion_tokens=None) is None
        and usage(prompt_tokens=10, completion_tokens=0) is None
    )
    assert usage(prompt_tokens=10, completion_tokens=3) == TokenUsage(10, 0, 3)


def test_a_charge_that_the_disk_does_not_hold_is_not_granted(tmp_path, monkeypatch):
    budget = Budget(tmp_path / "c", 1.0)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda book, line: whole(book, line[:9]))  # as on a full disk
    with pytest.raises(OSError, match="No space left"):
        budget.reserve_usd("a", 0.4)
    monkeypatch.undo()
    assert Budget(tmp_path / "c", 1.0).get_spent_usd() == 0


def test_who_is_stopped_while_waiting_for_a_turn_gives_the_place_back():
    async def stopped(limiter):
        waiting = [asyncio.create_task(limiter.acquire_slot()) for _ in range(8)]
        await asyncio.sleep(0)  # all have a place, none but the first its turn
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    limiter = ConcurrencyLimiter(8)
    limiter._last_turn = monotonic() + 60.0
    asyncio.run(stopped(limiter))
    assert limiter.under_way == 0


SEPARATED = (
    "one\u2028two\u0085three"  # characters at which Python, but not JSON lines, breaks a text
)


def test_an_answer_with_unusual_line_separators_is_one_line(tmp_path):
    body = {"choices": [{"message": {"content": SEPARATED}, "finish_reason": "stop"}]}
    stream = f"data: {json.dumps({'choices': [{'delta': {'content': SEPARATED}, 'finish_reason': 'stop'}]}, ensure_ascii=False)}\n\ndata: [DONE]\n"
    assert read_completion(stream).text == SEPARATED

    class Done:
        async def retrieve_batch(self, batch):
            return BatchState(batch, "completed", ["answers"], [], "mark")

        async def download_file(self, file):
            line = {"custom_id": "aa", "response": {"status_code": 200, "body": body}}
            return json.dumps(line, ensure_ascii=False) + "\n"

    batches, record, wanted = desk(tmp_path)
    batches.api = Done()
    asyncio.run(batches._collect_answers(record._replace(since=time()), wanted))
    assert (
        read_completion(batches.request_runner.cache.find_own_response("aa").body).text == SEPARATED
    )
    assert not batches.request_runner.faults
