"""Book → items, written by a server: the numbers come out as planned although checks over the whole book take some."""

from openai_server import serving

from flows.prepare import prepare
from tasks.artifacts import Book
from tasks.plan import GenerationPlan, ReadingPlan, StudyPlan, ValidationPlan

PLAN = StudyPlan(
    name="short",
    reading=ReadingPlan(last_page=12),
    generation=GenerationPlan(writer="gpt", pairs=16, questions=24, per_request=4, margin=0, budget_usd=20),
    validation=ValidationPlan(train_questions=0),
)


def test_what_the_whole_books_checks_took_is_asked_for_again_until_the_numbers_are_met(prefect, runs, monkeypatch):
    with serving() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        prepared = prepare(Book.at(PLAN.book), PLAN)
        answered = server.answered()
        again = prepare(Book.at(PLAN.book), PLAN)
        assert server.answered() == answered, "a second run asked again"
    accounts = [chapter.account for chapter in prepared.drafts]
    assert prepared.splits.left() == (16, 24)
    assert sum(one.wanted["question"] for one in accounts) > 24, "the checks took nothing: this tested nothing"
    assert len(answered) == len(set(answered)) == sum(one.requests for one in accounts)
    assert again.splits == prepared.splits
