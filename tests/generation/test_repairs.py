"""Refused items go back to their writer once, with the reason and their passage; what never came is asked for anew."""

import json

import pytest
from support.items.handbook_passages import load_handbook
from support.openai_server.server import start_server
from support.openai_study import build_plan, count_kept, load_chapters, write_read_study
from support.scripted_writer import BOOK, DRUGS, ScriptedServer, question, write

from tasks.generation import book_windows
from tasks.generation.book_windows import FallenItem
from tasks.generation.cost_estimate import estimate_cost
from tasks.generation.openai.request_builder import build_request
from tasks.generation.openai.server_identity import identify_server
from tasks.generation.quotas import Quota
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import ReaderPlan

BAD = question("Croup", quote="These words stand nowhere in the book.")


def test_a_refused_item_goes_back_with_its_reason_and_comes_mended(tmp_path):
    server = ScriptedServer([question("Asthma"), BAD], [question("Croup")])
    written = write(tmp_path, server, 2)
    assert written.usage.kept["question"] == 2 and written.usage.requests == 2
    back = server.asked[1]
    assert "quote not in the passages" in back and json.dumps(BAD["quote"]) in back
    assert "Asthma is treated" not in back.partition("</passage>")[2].replace(BOOK[0].text, "")
    assert "repair each of them" in back.casefold() and "These 1 items" in back


def test_only_the_passage_it_rests_on_is_shown_again_where_that_is_known(tmp_path):
    wrong = question("Croup") | {"answer": sorted(DRUGS).index("Asthma") + 1}
    server = ScriptedServer([question("Asthma"), wrong], [question("Croup")])
    write(tmp_path, server, 2)
    assert server.asked[0].count("<passage ") == 4 and server.asked[1].count("<passage ") == 1
    assert BOOK[1].text in server.asked[1]
    assert len(server.asked[1]) < len(server.asked[0]) + 700


def test_what_falls_again_is_not_repaired_again_but_asked_for_anew_among_what_was_written(tmp_path):
    server = ScriptedServer(
        [question("Asthma"), BAD],
        [BAD | {"question": "What else is given for a week in croup?"}],
        [question("Pleurisy")],
    )
    written = write(tmp_path, server, 2)
    assert written.usage.kept["question"] == 2
    anew = server.asked[2]
    assert "repair" not in anew.casefold() and anew.count("<passage ") == 4
    told = anew[anew.rindex("</passage>") :]
    assert all(
        words in told
        for words in ("in asthma?", "for a week in croup?", "What else is given for a week")
    )


def test_an_empty_answer_is_believed_and_asked_for_no_more(tmp_path):
    server = ScriptedServer([])
    written = write(tmp_path, server, 2)
    assert written.usage.ended["question"] == "exhausted" and written.usage.requests == 1
    assert written.usage.rejected["question"] == 0


def test_a_repair_that_brings_nothing_does_not_say_that_the_text_has_no_more(tmp_path):
    server = ScriptedServer([question("Asthma"), BAD], [], [question("Pleurisy")])
    written = write(tmp_path, server, 2)
    assert written.usage.kept["question"] == 2 and written.usage.ended["question"] == "met"


class WrongAnswers:
    """Another false item each time."""

    def __init__(self):
        self.number = 0

    def pop(self, _):
        self.number += 1
        return [BAD | {"question": f"Which drug number {self.number} is given in croup?"}]


@pytest.mark.parametrize(
    ("choices", "rounds"),
    [
        ({"repairs": 0}, 0),
        ({"mode": "batch"}, 1),
        ({"mode": "batch", "repairs": 2}, 2),
        ({"rounds": 2}, 2),
        ({}, 2),  # its repair and its new questions brought nothing
    ],
)
def test_further_rounds_are_bounded(tmp_path, choices, rounds):
    server = ScriptedServer()
    server.answers = WrongAnswers()
    written = write(tmp_path, server, 1, **choices)
    assert len(server.asked) == 1 + rounds
    assert written.usage.rejected["question"] == 1 + rounds
    assert written.usage.ended["question"] in ("rounds", "unfit")


def test_what_is_missing_within_the_surplus_is_not_asked_for_again(tmp_path):
    names = ["Asthma", "Croup", "Pleurisy", "Whooping"]
    asks = ("Which drug is given for a week in", "What would you prescribe for a week in")
    good = [question(name, asks=a) for name in names for a in asks]
    good += [question(name, asks="For a week, what treats a patient who has") for name in names[:3]]
    server = ScriptedServer([*good[:10], BAD | {"question": "And in croup, what is given?"}])
    written = write(tmp_path, server, 11, margin=0.1, per_request=20)
    assert written.usage.kept["question"] == 10 and len(server.asked) == 1
    assert written.usage.ended["question"] == "met"


def test_items_of_several_windows_go_back_together():
    plan = build_plan(per_request=10)
    windows = book_windows.plan_windows(next(iter(load_handbook().values())), Quota(20, 20), plan)
    assert len(windows) > 1
    for window in windows:
        reason = build_message("too-short", text="x")
        window.fallen["pair"] = [FallenItem('{"symptom": "x"}', reason, window.passages[:1])] * 2
        window.need |= {"pair": 2, "question": 0}
    (asking,) = book_windows.plan_round(windows, Quota(2 * len(windows), 0), plan, [], 1)
    assert asking.asked == 2 * len(windows) and asking.list_places() == tuple(windows)
    assert [p.id for p in asking.passages] == [w.passages[0].id for w in windows]
    body = build_request(asking, plan, "fa", None, server=identify_server("http://x")).body
    assert body["messages"][1]["content"].count("<passage ") == len(windows)
    assert not any(window.fallen["pair"] for window in windows)


def test_good_answers_cost_less_than_a_third_more_requests_than_were_planned(tmp_path, monkeypatch):
    chosen = build_plan(pairs=100, questions=100, margin=0.1)
    reader = ReaderPlan(model="gpt-4o-mini").resolve_model("gpt-4o", chosen.prices)
    passages = load_chapters(1, 2, 3, 4, 5)
    planned = estimate_cost(chosen, passages, "fa", reader=reader).requests
    with start_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        study = write_read_study(tmp_path, chosen, reader, passages)
    kept = count_kept(study.written)
    assert min(kept.values()) >= 100
    assert len(server.entries) <= 1.3 * planned, f"{len(server.entries)} for {planned}"
