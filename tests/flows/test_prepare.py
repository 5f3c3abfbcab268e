"""Book → items, written by a server: the numbers come out as planned although checks over the whole book take some."""

import pytest
from support.openai_server.server import start_server

from flows.prepare import draft_chapters, prepare_items, top_up_items, validate_chapters
from tasks.generation.quotas import allocate_quotas
from tasks.schemas.errors import NothingLeft
from tasks.schemas.item_rows import WriterUsage
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import GenerationPlan, ReadingPlan, ValidationPlan
from tasks.stages import read_book
from tasks.store.artifacts import Book

PLAN = StudyPlan(
    name="short",
    reading=ReadingPlan(last_page=12),
    generation=GenerationPlan(
        writer="gpt", pairs=16, questions=24, per_request=4, margin=0, budget_usd=20
    ),
    validation=ValidationPlan(train_questions=0),
)


@pytest.fixture
def server(monkeypatch):
    with start_server() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        yield running


def test_what_the_whole_books_checks_took_is_asked_for_again_until_the_numbers_are_met(
    prefect, runs, server
):
    prepared = prepare_items(Book.from_path(PLAN.book), PLAN)
    answered = server.list_answered()
    again = prepare_items(Book.from_path(PLAN.book), PLAN)
    assert server.list_answered() == answered, "a second run asked again"
    accounts = [chapter.account for chapter in prepared.drafts]
    assert prepared.splits.count_items() == (16, 24)
    assert sum(one.wanted["question"] for one in accounts) > 24, (
        "the checks took nothing: this tested nothing"
    )
    used = sum(one.sum_figure("requests") for one in accounts)
    assert len(answered) == len(set(answered))
    # of the pilot's items alone the second reader is asked apart: once for a kind and chapter
    assert used <= len(answered) <= used + 4
    assert again.splits == prepared.splits


def test_credit_that_ends_while_more_is_asked_for_leaves_a_study_with_what_there_is(
    prefect, runs, server
):
    book, machine = Book.from_path(PLAN.book), Machine()
    text = read_book(book, PLAN.reading, PLAN.language, machine)
    shares = allocate_quotas(
        {chapter.digest: chapter.load_rows() for chapter in text.chapters}, PLAN.generation
    )
    first = draft_chapters(
        book,
        text,
        {i: shares[chapter.digest] for i, chapter in enumerate(text.chapters)},
        PLAN,
        machine,
    )
    splits = validate_chapters(first, text, PLAN)
    server.rates["insufficient_quota"] = 1.0
    drafts, left = top_up_items(first, splits, book, text, PLAN, machine)
    assert left == splits and left.count_items()[1] < 24
    assert [chapter.drafts for chapter in drafts] == [chapter.drafts for chapter in first]
    assert "stopped" in {chapter.account.ended["question"] for chapter in drafts}


def test_where_nothing_is_left_it_is_asked_again_before_it_is_given_up(prefect, runs, server):
    strict = ValidationPlan(train_questions=0, leak_ngram=3, leak_similarity=0.01)
    plan = PLAN.model_copy(
        update={
            "validation": strict,
            "generation": PLAN.generation.model_copy(update={"questions": 2, "rounds": 1}),
        }
    )
    with pytest.raises(NothingLeft, match=r"0 of \d+ questions survived: .*leak"):
        prepare_items(Book.from_path(plan.book), plan)
    accounts = [
        WriterUsage.model_validate_json(file.read_text("utf-8"))
        for file in runs.glob("ledger/short/accounts/*.json")
    ]
    assert sum(account.wanted["question"] for account in accounts) > 2
