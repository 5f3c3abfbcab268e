"""A pilot on the page of items: nothing is spent before the press, what it asked is not asked again, decisions are kept."""

import re

import pytest
from support.app_site import make_client
from support.openai_server.server import start_server

from flows.app.item_decisions import get_review_file
from flows.app.plan_drafts import create_draft, find_draft
from flows.prepare import bind_study_stages
from tasks.schemas.machine import Machine
from tasks.validation.review.decision_files import read_decisions

PLAN = {
    "book": "books/handbook.pdf",
    "language": "fa",
    "reading": {"last_page": 12},
    "generation": {
        "writer": "gpt",
        "pairs": 12,
        "questions": 12,
        "per_request": 4,
        "pilot_share": 0,
    },
    "validation": {"reader": "off"},
}


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    create_draft("mine", PLAN)
    return make_client()


def test_a_press_asks_two_requests_a_kind_and_what_comes_is_judged_by_a_person(client, monkeypatch):
    with start_server(faults="false_quote:.5") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        offer = client.get("/plans/mine/items").text
        assert "Ask for a pilot" in offer and not server.entries, "looking costs nothing"
        shown = client.post("/plans/mine/pilot").text
        assert len(server.entries) == 4
        assert shown.count('class="chip gained"') == 3 and shown.count('class="chip lost"') == 3
        assert "pilot: " in shown and "$" in shown
        again = client.get("/plans/mine/items").text
        assert again.count("<article") == 6 and len(server.entries) == 4
        (first, *_) = re.findall('name="item" value="([^"]+)"', again)
        told = client.post("/plans/mine/items", data={"item": first, "decision": "reject"}).text
        assert 'data-decision="reject"' in told
        assert [one.item for one in read_decisions(get_review_file("mine"))] == [first]
        # the study asks the rest, and knows the item that was struck
        asked = {entry["hash"] for entry in server.entries}
        plan = find_draft("mine").plan
        dataset = bind_study_stages(Machine()).prepare(plan)
        later = [entry["hash"] for entry in server.entries[4:]]
        assert later and not asked & set(later)
        struck = [row for row in dataset.splits.rejected.load_rows() if row.check == "review"]
        assert len(struck) == 1


def test_why_a_pilot_was_refused_is_told_and_it_can_be_asked_again(client, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    told = client.post("/plans/mine/pilot").text
    assert "OPENAI_API_KEY" in told and "Ask for a pilot" in told and "<article" not in told
