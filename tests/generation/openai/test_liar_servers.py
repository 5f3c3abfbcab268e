"""Servers that bill and do not deliver, in every way seen: the cap holds by their count, nothing is drained, each is told in a sentence."""

from resource import RUSAGE_SELF, getrusage

import pytest
from support.openai_server.server import start_server
from support.openai_study import SHORT_RETRIES, build_plan, count_kept, load_chapters, write_study

from tasks.generation.openai.concurrency_limiter import ConcurrencyLimiter
from tasks.generation.openai.request_errors import LONGEST_WAIT, read_retry_after
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import BudgetSpent, WriterError, WriterRefused
from tasks.schemas.plan_sections import Prices

CAP = 1.0
WORST = 0.07  # dollars that a request of these tests can cost at most: 4,096 tokens out, a prompt of up to 11,000 bytes


STATUSES = ("408", "409", "425", "500", "502", "503", "504", "520", "524", "529", "307")


@pytest.fixture
def to(monkeypatch):
    def point(server, url=None):
        monkeypatch.setenv("OPENAI_BASE_URL", url or server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        return server

    return point


def ask(folder, cap=CAP, **more):
    chosen = build_plan(pairs=60, questions=60, per_request=2, budget_usd=cap)
    return write_study(folder, chosen, load_chapters(1), patience=SHORT_RETRIES, **more)


def money(folder):
    """(paid, may have been charged)"""
    return ResponseCache(folder, CAP, Prices()).budget.get_known_spent_usd()


@pytest.mark.parametrize(
    ("status", "rate"),
    [
        *((status, 1.0) for status in STATUSES),
        ("502", 0.5),  # answers between the failures; the other statuses with them are repetitions
        *(pytest.param(s, 0.5, marks=pytest.mark.slow) for s in STATUSES if s != "502"),
    ],
)
def test_a_gateway_that_fails_after_the_model_has_written_never_passes_the_cap(
    tmp_path, to, status, rate
):
    with start_server(faults=f"billed_{status}:{rate}") as server:
        to(server)
        try:
            ask(tmp_path)
        except WriterError as stopped:
            assert "may have been charged" in str(stopped) or not isinstance(stopped, BudgetSpent)
        billed = server.compute_bill()
    paid, doubtful = money(tmp_path)
    assert billed <= paid + doubtful + 1e-9 <= CAP + 1e-9


NOTHING = {
    "reasoning_only": "reasoning_content",
    "tool_calls": "call of the tool emit_items",
    "reasoned_away": "finish_reason length",
    "choices_null": "choices: null",
    "choices_empty": r"choices: \[\]",
    "no_choices": "choices: ",
    "error_null": "an error under HTTP 200: .*upstream failed",
    "page": "a web page that begins '<html>Sign in",
    "empty": "an empty body",
    "blank": "an empty content",
    "half": "no whole JSON",
    "deep": "no whole JSON",
    "list": "choices: ",
    "message_null": "without a message",
}


COUNTS = ("usage_null", "usage_words", "usage_negative", "usage_huge")


@pytest.mark.parametrize(
    ("dialect", "usage"),
    [
        *((dialect, "") for dialect in NOTHING),
        *(("choices_null", usage) for usage in COUNTS),
        # every pair of the two lies: repetitions of the two facts above
        *(
            pytest.param(dialect, usage, marks=pytest.mark.slow)
            for dialect in NOTHING
            for usage in COUNTS
            if dialect != "choices_null"
        ),
    ],
)
def test_answers_without_text_stop_after_a_few_with_what_was_seen(tmp_path, to, dialect, usage):
    with start_server(dialects=(usage, dialect)) as server:
        to(server)
        with pytest.raises(WriterRefused, match=NOTHING[dialect]) as stopped:
            ask(tmp_path)
    assert len(server.entries) <= 3
    assert sum(money(tmp_path)) <= 2 * WORST
    assert "answers in a row that hold no text" in str(
        stopped.value
    ) and "raise generation.budget_usd" not in str(stopped.value)
    assert f"{server.url}" in str(stopped.value)


@pytest.mark.parametrize(
    "usage",
    [
        "usage_null",
        "usage_words",
        "usage_negative",
        "usage_huge",
        "usage_tiny",
        "usage_digits",
        "usage_list",
    ],
)
def test_a_count_that_cannot_be_is_charged_at_the_worst_and_the_cap_holds(tmp_path, to, usage):
    with start_server(dialects=(usage,)) as server:
        to(server)
        with pytest.raises(BudgetSpent):
            ask(tmp_path)
        billed, answers = server.compute_bill(), len(server.list_answered())
    paid, doubtful = money(tmp_path)
    assert billed <= paid <= CAP and doubtful == 0
    assert answers >= CAP / (2 * WORST)  # no answer took more than twice its worst price


def test_a_server_that_lies_only_later_is_stopped_too(tmp_path, to):
    with start_server() as server:
        to(server)
        write_study(
            tmp_path,
            build_plan(pairs=6, questions=6, per_request=2, budget_usd=CAP),
            load_chapters(1),
        )
        server.dialects = ("choices_null",)
        paid, before = sum(money(tmp_path)), len(server.entries)
        with pytest.raises(WriterRefused, match="choices: null"):
            ask(tmp_path)
        assert len(server.entries) - before <= 3
        assert sum(money(tmp_path)) - paid <= 3 * WORST
        server.dialects = ()
        assert count_kept(ask(tmp_path))["pair"] > 0  # mended: the same command goes on


def test_a_stumble_between_good_answers_stops_nothing(tmp_path, to):
    with start_server(faults="html:0.1,cut_body:0.1") as server:
        to(server)
        written = write_study(
            tmp_path, build_plan(pairs=12, questions=12, per_request=2), load_chapters(1)
        )
    assert count_kept(written) == {"pair": 12, "question": 12}


def test_another_server_never_gets_the_first_ones_answers(tmp_path, to):
    few = build_plan(pairs=4, questions=4)
    with start_server() as first, start_server() as second:
        to(first)
        write_study(tmp_path, few, load_chapters(1))
        to(second)
        write_study(tmp_path, few, load_chapters(1))
        assert len(second.entries) == len(first.entries)
        to(first, first.url.replace("http://", "http://me:secret@") + "/")
        write_study(tmp_path, few, load_chapters(1))
        assert len(second.entries) == len(first.entries)
    assert sum(money(tmp_path)) == pytest.approx(first.compute_bill() + second.compute_bill())


def test_a_lost_book_of_charges_does_not_open_the_cap_again(tmp_path, to):
    with start_server() as server:
        to(server)
        with pytest.raises(BudgetSpent):
            ask(tmp_path, cap=0.4)
        for content in (b"", None):
            (tmp_path / "charges.jsonl").unlink() if content is None else (
                tmp_path / "charges.jsonl"
            ).write_bytes(content)
            with pytest.raises(BudgetSpent):
                ask(tmp_path, cap=0.4)
            assert 0.2 < server.compute_bill() <= 0.4


@pytest.mark.parametrize(
    ("dialect", "told"),
    [("bomb", "a body of more than 16 MiB"), ("endless", "a body of more than 16 MiB")],
)
def test_a_body_without_end_is_cut_and_costs_two_answers_at_most(tmp_path, to, dialect, told):
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with start_server(dialects=(dialect,)) as server:
        to(server)
        with pytest.raises(WriterRefused, match=told):
            ask(tmp_path)
    assert sum(money(tmp_path)) <= 2 * WORST
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_book_is_not_sent_on_to_another_server(tmp_path, to, status):
    with start_server() as other, start_server(sends_on=(status, other.url)) as server:
        to(server)
        with pytest.raises(WriterRefused, match="sends the request on to another server"):
            ask(tmp_path)
    assert not other.entries and sum(money(tmp_path)) <= WORST


def test_a_redirect_within_the_server_is_followed(tmp_path, to):
    with start_server() as server:
        server.sends_on = (307, server.url.replace("/v1", "/moved/v1"))
        to(server)
        assert count_kept(
            write_study(tmp_path, build_plan(pairs=4, questions=4), load_chapters(1))
        ) == {"pair": 4, "question": 4}


@pytest.mark.parametrize(
    "wait", ["9" * 400, "1e400", "-5", "soon", "Wed, 21 Oct 99999999999999999999 07:28:00 GMT", "٣"]
)
def test_no_header_breaks_the_writer(wait):
    assert 0 <= (read_retry_after({"retry-after": wait}) or 0) <= LONGEST_WAIT
    assert 0 <= (read_retry_after({"retry-after-ms": wait}) or 0) <= LONGEST_WAIT
    ConcurrencyLimiter(2).record_success(
        {"x-ratelimit-remaining-requests": wait, "x-ratelimit-reset-requests": wait + "s"}
    )
