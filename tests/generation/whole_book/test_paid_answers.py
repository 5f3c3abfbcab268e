"""With the budget spent a smaller plan is met from what the study has paid for; a larger one says what that is enough for."""

import pytest
from support.openai_server.server import start_server
from support.openai_study import build_plan, load_chapters, write_read_study, write_study

from flows.prepare import require_paid_items
from tasks.generation.response_cache import ResponseCache
from tasks.generation.usage import load_usages
from tasks.schemas.errors import BudgetSpent
from tasks.schemas.plan_sections import ReaderPlan


@pytest.fixture
def server(monkeypatch):
    with start_server() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        yield running


def test_a_smaller_plan_is_met_from_what_a_larger_one_paid_for(tmp_path, server):
    passages, large = load_chapters(5), build_plan(pairs=12, questions=12, per_request=4)
    paid = write_study(tmp_path, large, passages)["chapter 5"]
    bill, answered = server.compute_bill(), len(server.list_answered())
    small = build_plan(pairs=5, questions=6, per_request=4, budget_usd=bill + 0.001, seed=3)
    with pytest.raises(BudgetSpent, match=r"generation\.budget_usd"):
        write_study(tmp_path, small, passages)
    assert server.compute_bill() == bill and len(server.list_answered()) == answered
    account = read_account(tmp_path)
    assert account.kept == paid.usage.kept and set(account.ended.values()) == {"met"}
    assert account.cost_usd == pytest.approx(paid.usage.cost_usd) and account.sent == 0
    with pytest.raises(BudgetSpent):  # and so again from what the smaller plan noted
        write_study(tmp_path, small.model_copy(update={"seed": 4}), passages)
    assert read_account(tmp_path).kept == paid.usage.kept


def read_account(folder, chapter="chapter 5"):
    (account,) = load_usages(folder, [chapter])
    return account


def test_answers_of_another_study_or_of_another_chapter_are_no_ones(tmp_path, server):
    large, book = build_plan(pairs=6, questions=6, per_request=4), load_chapters(5, 6)
    write_study(tmp_path / "first", large, {"chapter 5": book["chapter 5"]})
    poor = build_plan(pairs=3, questions=3, budget_usd=0.001)
    with pytest.raises(BudgetSpent):
        write_study(tmp_path / "second", poor, {"chapter 5": book["chapter 5"]})
    assert not any(read_account(tmp_path / "second").kept.values())
    with pytest.raises(BudgetSpent):
        write_study(tmp_path / "first", poor, {"chapter 6": book["chapter 6"]})
    assert not any(read_account(tmp_path / "first", "chapter 6").kept.values())


def test_a_kind_that_a_person_brings_is_not_taken_from_the_paid_answers(tmp_path, server):
    passages = load_chapters(5)
    write_study(tmp_path, build_plan(pairs=4, questions=4), passages)
    poor = build_plan(pairs="own.csv", questions=3, per_request=1, budget_usd=0.001)
    with pytest.raises(BudgetSpent):
        write_study(tmp_path, poor, passages)
    assert read_account(tmp_path).kept == {"pair": 0, "question": 4}


def test_what_the_reader_said_is_remembered_and_asked_nobody_again(tmp_path, server):
    passages, large = load_chapters(5), build_plan(pairs=8, questions=8)
    reader = ReaderPlan(model="gpt-4o-mini").resolve_model("gpt-4o", large.prices)
    first = write_read_study(tmp_path, large, reader, passages)
    bill, usage = server.compute_bill(), first.written["chapter 5"].usage
    poor = build_plan(pairs=3, questions=3, per_request=3, budget_usd=bill + 0.001)
    with pytest.raises(BudgetSpent):
        write_read_study(tmp_path, poor, reader, passages)
    again = read_account(tmp_path)
    assert server.compute_bill() == bill and again.kept == usage.kept
    assert (again.reader.read, again.reader.refused) == (usage.reader.read, usage.reader.refused)
    assert again.reader.unread == usage.reader.unread


class Counted:
    """What a chapter's account and the checks over the book came to."""

    def __init__(self, stop, counts=(0, 0)):
        self.account, self.counts = self, counts
        self.stop = stop

    def count_items(self):
        return self.counts


@pytest.fixture
def spent(tmp_path):
    from tasks.generation.openai.request_runner import build_budget_error

    return build_budget_error(ResponseCache(tmp_path, 0.0, build_plan().prices), 0.04).message


def test_the_flow_goes_on_where_the_paid_items_are_enough(spent, capsys, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    plan = build_plan(pairs=30, questions=30)
    require_paid_items([Counted(spent)], Counted(None, (57, 59)), plan)
    assert "what was paid for is enough" in capsys.readouterr().err
    require_paid_items([Counted(None)], Counted(None, (3, 4)), plan)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("counts", "pairs", "told"),
    [
        ((57, 59), 100, "generation.pairs=57, generation.questions=59 finish with it"),
        ((200, 59), "own.csv", "smaller study: generation.questions=59 finish"),
        ((57, 0), 100, ""),
    ],
)
def test_the_flow_stops_where_they_are_not_and_tells_what_they_are_enough_for(
    spent, counts, pairs, told
):
    plan = build_plan(pairs=pairs, questions=100)
    with pytest.raises(BudgetSpent) as stopped:
        require_paid_items([Counted(spent)], Counted(None, counts), plan)
    text = str(stopped.value)
    assert "raise generation.budget_usd" in text and told in text
    assert ("smaller study" in text) == bool(told)
