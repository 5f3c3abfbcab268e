"""Before the book is asked, a pilot: a writer of nonsense costs the pilot's money and no more."""

import pytest
from support.openai_server.server import start_server
from support.small_study import build_small_plan

from flows.prepare import bind_study_stages
from tasks.generation.quotas import Quota
from tasks.generation.whole_book.book_asking import ChapterOrder
from tasks.generation.whole_book.pilot import choose_chapters, is_pilot_worthwhile
from tasks.schemas.errors import NothingLeft, WriterUnfit
from tasks.schemas.item_rows import Passage
from tasks.schemas.machine import Machine

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


def test_a_writer_of_nonsense_costs_the_pilots_money_and_is_shown_with_reasons(to, capsys):
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
