"""Before the book is asked, a pilot: a writer of nonsense costs the pilot's money and no more."""

from pathlib import Path

import pytest
from support.book_orders import build_drafting_plan, build_orders
from support.openai_server.server import start_server
from support.openai_study import SHORT_RETRIES, load_chapters
from support.small_study import build_small_plan

from flows.app.study_processes import read_events
from flows.prepare import bind_study_stages
from tasks.generation.budget import list_charges
from tasks.generation.quotas import Quota
from tasks.generation.whole_book.book_asking import ChapterOrder
from tasks.generation.whole_book.pilot import (
    Pilot,
    choose_chapters,
    is_pilot_worthwhile,
    refuse_unfit_writer,
    run_pilot,
)
from tasks.schemas.errors import BudgetSpent, NothingLeft, WriterUnfit
from tasks.schemas.item_rows import Pair, Passage, Rejection
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.store.progress import EVENTS_VARIABLE

STUDY = {
    "reading.last_page": 12,
    "generation.writer": "gpt",
    "generation.pairs": 12,
    "generation.questions": 12,
    "generation.per_request": 4,
    "validation.reader": "off",
}


@pytest.fixture
def to(tmp_path, monkeypatch):
    """Send the study there."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    return lambda server: monkeypatch.setenv("OPENAI_BASE_URL", server.url)


def prepare(**choices):
    return bind_study_stages(Machine()).prepare(build_small_plan(**(STUDY | choices)))


def test_a_writer_of_nonsense_costs_the_pilots_money_and_is_shown_with_reasons(
    to, capsys, tmp_path, monkeypatch
):
    monkeypatch.setenv(EVENTS_VARIABLE, str(tmp_path / "events.jsonl"))
    with start_server(faults="false_quote:1") as server:
        to(server)
        with pytest.raises(WriterUnfit) as stopped:
            prepare()
        assert len(server.entries) == 4, "two requests a kind"
        told, shown = str(stopped.value), capsys.readouterr().err
        assert "kept 0 of the pilot's" in told and "generation.pilot_share" in told
        assert 0 < server.compute_bill() < 0.05
        assert shown.count("refused, quote not in the passages") == 3
        assert "pilot: 0 of " in shown
        (lines,) = [
            one["pilot"] for one in read_events(tmp_path / "events.jsonl") if "pilot" in one
        ]
        assert len(lines) == 4 and lines[0].startswith("pilot: 0 of "), "for the local page"
        with pytest.raises(NothingLeft):
            prepare(**{"generation.pilot_share": 0, "generation.repairs": 0})
        assert len(server.entries) > 4, "without a pilot the nonsense is paid for"


def test_the_pilots_answers_are_the_chapters_own_and_a_kept_study_has_no_pilot(to, capsys):
    with start_server() as server:
        to(server)
        dataset = prepare()
        shown = capsys.readouterr().err
        assert shown.count("  kept: ") == 3 and "training pairs kept" in shown
        answered = server.list_answered()
        drafts = [draft.id for chapter in dataset.drafts for draft in chapter.drafts.load_rows()]
        assert len(answered) == len(set(answered)) == len(drafts)
        again = prepare(**{"generation.pilot_share": 0.9})
        assert again == dataset and server.list_answered() == answered
        assert "pilot" not in capsys.readouterr().err


def try_writer(plan, orders):
    return run_pilot(orders, plan, book=Path("none"), machine=Machine(), patience=SHORT_RETRIES)


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_a_pilot_asks_two_requests_a_kind_at_once_and_its_reader(to, mode):
    plan = build_drafting_plan("gpt-4o-mini", pairs=40, questions=40, per_request=5, mode=mode)
    orders = list(build_orders(plan, load_chapters(1, 2, 3, 4)).values())
    with start_server() as server:
        to(server)
        pilot = try_writer(plan, orders)
        assert not [entry for entry in server.entries if entry.get("created")], "no batch"
        asked = {entry["hash"] for entry in server.entries}
    assert 4 < len(asked) <= 4 + 4 + 4  # a reader's for each chapter and kind, some asked twice
    assert pilot.count_items("pair")[1] == 10 and pilot.count_items("question")[1] == 10
    (spent,) = pilot.charges  # nothing is set aside once all is answered
    assert spent.values["dollars"].figure == pytest.approx(server.compute_bill())
    codes = [line.code for line in pilot.describe()]
    assert codes[0] == "pilot-sum" and codes.count("pilot-kept") == 3


def test_what_stops_a_pilot_is_no_verdict_on_the_writer(to):
    plan = build_drafting_plan(pairs=40, questions=40, budget_usd=0.001)
    orders = list(build_orders(plan, load_chapters(1, 2)).values())
    with start_server() as server:
        to(server)
        pilot = try_writer(plan, orders)
    assert isinstance(pilot.stop, BudgetSpent) and not server.entries
    refuse_unfit_writer(pilot, 1.0)


def build_pilot(kept, refused):
    rejection = Rejection(
        draft_id="d", kind="pair", check="parsing", reason=build_message("no-items"), raw="{"
    )
    pair = Pair(id="p", fact="f", symptom="s", diagnosis="d")
    return Pilot([pair] * kept, [rejection] * refused, list_charges(0.5, 0.2))


def test_the_border_is_the_plans_share_of_a_kind():
    refuse_unfit_writer(build_pilot(5, 15), 0.25)
    refuse_unfit_writer(build_pilot(0, 0), 0.25)
    with pytest.raises(WriterUnfit):
        refuse_unfit_writer(build_pilot(4, 16), 0.25)


def build_order(letters, pairs=5, questions=5):
    passage = Passage(id=f"p{letters}", chapter="c", page=1, text="x" * letters)
    return ChapterOrder([passage], Quota(pairs, questions), lambda: None)


def test_the_pilots_chapters_stand_far_apart():
    orders = [build_order(1000 + n) for n in range(8)]
    assert choose_chapters(orders) == [orders[2], orders[6]] or choose_chapters(orders) == [
        orders[1],
        orders[5],
    ]
    cover, large, small = build_order(90, 0, 0), build_order(90_000), build_order(2_000)
    assert choose_chapters([cover, large, small]) == [large, small]
    assert choose_chapters([cover, large]) == [large]
    assert choose_chapters([]) == []


def test_a_plan_that_asks_no_more_than_a_pilot_has_none():
    assert not is_pilot_worthwhile([Quota(10, 10), Quota(10, 10)], 10)
    assert is_pilot_worthwhile([Quota(10, 10), Quota(11, 0)], 10)
