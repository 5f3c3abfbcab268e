"""Servers of one's own: few slots, short contexts, prompts that are cut without a word."""

import pytest
from support.openai_server.server import start_server
from support.openai_study import SHORT_RETRIES, build_plan, count_kept, load_chapters, write_study

from tasks.generation.openai.concurrency_limiter import ConcurrencyLimiter, ServedAtOnce
from tasks.generation.openai.prompt_counts import PromptCounts, is_cut
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import WriterRefused
from tasks.schemas.plan_sections import Prices


def test_a_server_that_cuts_prompts_is_told_after_two_answers(tmp_path, to):
    with start_server(context=700) as server:
        to(server)
        with pytest.raises(WriterRefused) as stopped:
            write_study(
                tmp_path, build_plan(pairs=60, questions=60, per_request=3), load_chapters(1, 5)
            )
        told = stopped.value.args[0].values["why"]
        assert told.code == "prompts-cut"
        assert told.values["told"] == 700 and told.values["sent"] > 2 * 700
        assert len(server.entries) <= 4  # two, and those under way with the second


def test_a_server_with_room_for_the_whole_prompt_is_not_suspected(tmp_path, to):
    with start_server(context=8192) as server:
        to(server)
        written = write_study(tmp_path, build_plan(pairs=6, questions=6), load_chapters(1))
    assert count_kept(written) == {"pair": 6, "question": 6}


def test_counts_without_the_cached_part_are_no_cut():
    counts = PromptCounts()
    assert not counts.note_count("a", 5000, 6000)  # the first, whole
    assert not any(counts.note_count(key, 300 + len(key), 6000) for key in ("b", "cc", "ddd"))


def test_one_prompt_asked_twice_is_one_sight_and_two_are_enough():
    counts = PromptCounts()
    assert not counts.note_count("a", 2048, 9000)
    assert not counts.note_count("a", 2048, 9000)
    assert not counts.note_count("b", 1500, 1600)  # fits into the context
    assert counts.note_count("c", 2047, 7000)


@pytest.mark.parametrize(
    ("told", "sent", "cut"),
    [(2048, 4097, True), (2048, 4096, False), (255, 9000, False), (256, 9000, True), (0, 9, False)],
)
def test_half_of_the_guess_is_the_border_and_a_tiny_count_is_a_lie_and_no_context(told, sent, cut):
    assert is_cut(told, sent) is cut


def test_a_server_with_one_slot_is_not_asked_sixteen_at_a_time(tmp_path, to):
    """36 answers for 20 requests: the late ones were thrown away and asked for again."""
    with start_server(slots=1, latency=0.3) as server:
        to(server)
        written = write_study(
            tmp_path,
            build_plan(pairs=40, questions=0, per_request=2),
            load_chapters(1),
            concurrency=16,
            patience=SHORT_RETRIES._replace(timeout=4.0),
        )
    assert count_kept(written)["pair"] == 40
    assert max(server.attempts.values()) == 1 and server.most_under_way <= 6


@pytest.mark.parametrize("slots", [1, 4, 16])
def test_the_width_finds_how_many_are_served_at_once(slots):
    """A simulated server: each answer takes a second, more than its slots wait their turn."""
    limiter, now = ConcurrencyLimiter(16), 0.0
    limiter.start(16)
    for _ in range(60):
        limiter.under_way = int(limiter.width)
        seconds = max(1.0, limiter.under_way / slots)
        limiter.served.note_answer(seconds, 10, limiter.under_way)
        wider = limiter.width + 1
        limiter.width = min(16, wider) if limiter.served.is_worth(wider) else limiter.width
        now += seconds
    assert min(slots, 16) <= limiter.width <= min(16, 2 * slots)


def test_long_and_short_answers_are_told_apart_from_a_queue():
    served = ServedAtOnce()
    for tokens in (10, 400, 20, 1000, 15, 300) * 4:
        served.note_answer(0.01 * tokens, tokens, 8)
    assert served.at_once == pytest.approx(8, rel=0.01)


def drop_choices(answer):
    answer["response"]["body"]["choices"] = None


def think_only(answer):
    answer["response"]["body"]["choices"][0]["message"].update(content="", reasoning="hm")


def drop_count(answer):
    answer["response"]["body"] = {"choices": []}


@pytest.mark.parametrize("spoil", [drop_choices, think_only, drop_count])
def test_a_batch_without_any_text_is_not_sent_again(tmp_path, to, spoil):
    """Ten batches, each at its worst price, was what a server that answers nothing could take."""
    chosen = build_plan(mode="batch", pairs=12, questions=12, per_request=3)
    with start_server() as server:
        to(server)
        real = server.batches.answer_line

        def answer(line):
            answered = real(line)
            spoil(answered)
            return answered

        server.batches.answer_line = answer
        with pytest.raises(WriterRefused, match="hold no text"):
            write_study(tmp_path, chosen, load_chapters(1), patience=SHORT_RETRIES)
        assert len(server.batches.batches) == 1
        billed = server.compute_bill()
    paid, doubtful = ResponseCache(tmp_path, 50.0, Prices()).budget.get_known_spent_usd()
    if spoil is drop_count:  # nothing proves what it cost
        assert paid == 0 and doubtful >= billed
    else:
        assert paid == pytest.approx(billed) and doubtful == 0


def test_answers_in_prose_stop_before_the_money_is_gone(tmp_path, to):
    with start_server(faults="no_json") as server:
        to(server)
        chosen = build_plan(pairs=60, questions=60, per_request=2, structure="text")
        with pytest.raises(WriterRefused) as stopped:
            write_study(tmp_path, chosen, load_chapters(1), concurrency=2)
        told = stopped.value.args[0].values["why"]
        assert told.code == "answers-unread" and "متأسفانه" in told.values["start"]
        assert len(server.entries) <= 20  # eight judged, and what was under way; the round has 60
        server.rates = {}
        assert count_kept(
            write_study(
                tmp_path, build_plan(pairs=6, questions=6, structure="text"), load_chapters(1)
            )
        ) == {"pair": 6, "question": 6}  # the kept answers do not stop it again
