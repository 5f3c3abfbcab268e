"""How a chapter ends that does not meet its share: cut off, unfit, exhausted; each told by its own name and bounded."""

import pytest
from support.chapter_yields import build_yield as gave
from support.scripted_writer import ScriptedServer, question, write

from tasks.generation.quotas import Quota
from tasks.generation.whole_book.top_up import compute_top_up_quotas

CUT = '{"items": [{"quote": "Croup is treated with'


class Repeating:
    """The same answer each time."""

    def __init__(self, build):
        self.build, self.number = build, 0

    def pop(self, _):
        self.number += 1
        return self.build(self.number)


def repeat(build):
    server = ScriptedServer()
    server.answers = Repeating(build)
    return server


def test_answers_that_are_cut_off_count_as_tries_ask_for_less_and_are_told_with_advice(tmp_path):
    server = repeat(lambda _: CUT)
    written = write(tmp_path, server, 8, rounds=3)
    assert len(server.asked) <= 1 + 2 + 4 + 8  # 8 at once, then 4, 2 and 1 in a request
    assert written.usage.ended["question"] == "cut" and written.usage.rounds == 4
    assert "From the text above write 8 items" in server.asked[0]
    assert "From the text above write 4 items" in server.asked[1]


def test_a_cut_answer_that_is_followed_by_a_whole_one_costs_one_try(tmp_path):
    server = ScriptedServer(CUT, [question("Asthma")], [question("Croup")])
    written = write(tmp_path, server, 2)
    assert written.usage.ended["question"] == "met" and written.usage.rejected["question"] <= 2


@pytest.mark.parametrize(
    "build",
    [
        lambda n: [question("Croup", quote="No such words.", asks=f"Drug number {n} in")],
        lambda _: "I am sorry, but I cannot see any text.",
    ],
)
def test_a_writer_of_nonsense_is_left_after_two_rounds_and_not_told_as_a_text_without_more(
    tmp_path, build
):
    server = repeat(build)
    written = write(tmp_path, server, 4, rounds=9)
    assert written.usage.ended["question"] == "unfit"
    assert len(server.asked) <= 4 and not written.usage.exhausted["question"]


def test_a_writer_that_only_repeats_itself_has_no_more(tmp_path):
    server = repeat(lambda _: [question("Croup")])
    written = write(tmp_path, server, 4, repairs=9)
    assert written.usage.kept["question"] == 1
    assert written.usage.ended["question"] == "exhausted"


def test_passages_that_have_no_more_are_not_asked_again_for_what_the_book_misses(tmp_path):
    server = ScriptedServer([question("Asthma")], [])
    first = write(tmp_path, server, 2)
    assert first.usage.exhausted["question"] == ("p1", "p2", "p3", "p4")
    later = ScriptedServer()
    after = write(tmp_path, later, 5, before=first)
    assert not later.asked and after.usage.ended["question"] == "exhausted"
    assert after.usage.exhausted == first.usage.exhausted


def test_front_matter_is_never_asked_for_what_is_missing():
    cover, preface, chapter = (
        gave(0, 0, letters=267),
        gave(2, 2, letters=5_000, title=""),
        gave(40, 40, letters=9_000),
    )
    asked = compute_top_up_quotas(Quota(20, 0), Quota(42, 42), [cover, preface, chapter])
    assert asked == {2: Quota(60, 40)}
    unasked = compute_top_up_quotas(Quota(20, 0), Quota(40, 40), [None, chapter])
    assert unasked == {1: Quota(60, 40)}, "a chapter that nobody asked hinders no other"
    assert compute_top_up_quotas(Quota(178, 0), Quota(0, 0), [cover]) == {}
    untitled = gave(2, 2, letters=5_000, title="")
    assert compute_top_up_quotas(Quota(2, 0), Quota(2, 2), [untitled]) == {0: Quota(4, 2)}
