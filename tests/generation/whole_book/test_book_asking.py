"""The chapters' requests together: in turns, and in batch mode a whole round of the book in one batch."""

from pathlib import Path

import pytest
from support.book_orders import build_drafting_plan, build_orders
from support.openai_server.server import start_server
from support.openai_study import SHORT_RETRIES, load_chapters

from tasks.generation.openai.openai_writer import write_items_by_model
from tasks.generation.whole_book.book_asking import ask_in_turns
from tasks.generation.write_chapter import open_reader, open_response_cache
from tasks.schemas.machine import Machine


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    with start_server() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        yield running


def ask(plan, orders, concurrency=1):
    ask_in_turns(
        list(orders.values()),
        plan,
        book=Path("none"),
        machine=Machine(concurrency=concurrency),
        patience=SHORT_RETRIES,
    )


def write(plan, orders):
    written = {}
    for chapter, order in orders.items():
        judge = order.open_judge()
        written[chapter] = write_items_by_model(
            order.passages,
            order.quota,
            plan.generation,
            "fa",
            ledger=open_response_cache("book", plan.generation),
            accept=judge.check_draft,
            reader=open_reader(plan, judge.check_readings),
            patience=SHORT_RETRIES,
        )
    return written


def test_money_that_ends_leaves_something_of_every_chapter(server):
    passages = load_chapters(1, 2, 3, 4)
    plan = build_drafting_plan(pairs=40, questions=40, per_request=2, budget_usd=0.25)
    orders = build_orders(plan, passages)
    ask(plan, orders)
    written = write(plan, orders)
    assert any(one.usage.stop for one in written.values()), "the money was to end"
    answers = [one.usage.requests for one in written.values()]
    assert min(answers) >= 1 and max(answers) - min(answers) <= 2, answers


def test_in_batch_mode_a_round_of_the_whole_book_is_one_batch_the_readers_too(server):
    passages = load_chapters(1, 2, 3, 4)
    plan = build_drafting_plan("gpt-4o-mini", pairs=16, questions=16, mode="batch", per_request=3)
    orders = build_orders(plan, passages)
    ask(plan, orders)
    batches = [entry for entry in server.entries if entry.get("created")]
    answered = len(server.list_answered())
    written = write(plan, orders)
    rounds = [one.usage.rounds for one in written.values()]
    assert 2 <= len(batches) <= 2 * max(rounds), "a writer's and a reader's batch a round"
    assert len(batches) < sum(rounds) and answered > 3 * len(batches)
    assert len(server.list_answered()) == answered, "the chapters find everything in the ledger"
    assert all(one.usage.reader.read for one in written.values())
    assert sum(one.usage.kept["question"] for one in written.values()) >= 8


def test_a_book_that_has_been_asked_asks_nothing_again(server):
    plan = build_drafting_plan(pairs=6, questions=6, mode="batch")
    orders = build_orders(plan, load_chapters(1, 2))
    ask(plan, orders)
    answered = len(server.list_answered())
    ask(plan, orders)
    assert len(server.list_answered()) == answered > 0
