"""What a seed draws stays what it was, and each rule of the split at its border: a kept study must not change under its reader."""

import math
from collections import Counter

import pytest
from support.items.gate_items import build_pair, build_question

from tasks.prompts import get_prompt_template
from tasks.schemas.item_rows import Passage, Quote
from tasks.schemas.plan_sections import ValidationPlan
from tasks.schemas.sections.apportionment import apportion_total
from tasks.validation.splitting import fact_split
from tasks.validation.splitting.answer_positions import (
    balance_keys,
    is_in_order,
    parse_leading_number,
)
from tasks.validation.splitting.fact_groups import DisjointSets, assign_facts
from tasks.validation.splitting.train_questions import build_train_questions

LETTERS = "abcdefghijkl"
PAIRS = [build_pair(i, LETTERS[i % 6]) for i in range(24)]  # four pairs of each of six facts
QUESTIONS = [build_question(i, LETTERS[i % 12], key=1 + i % 4) for i in range(36)]
PLAN = ValidationPlan(new_fact_share=0.34, held_out_share=0.25, train_questions=5)


def ids(rows) -> list[int]:
    return [int(row.id.rpartition("-")[2]) for row in rows]


def test_the_keys_places_are_those_that_the_seed_gave():
    done = balance_keys(QUESTIONS[:12], 0)
    assert [q.answer for q in done] == [2, 1, 3, 2, 1, 2, 3, 4, 4, 3, 4, 1]
    places = ["".join(option[-1] for option in q.options) for q in done]  # الف ends in ف
    assert places[:6] == ["بفجد", "بجفد", "دفجب", "جدفب", "فجبد", "فبجد"]
    assert [q.answer for q in balance_keys(QUESTIONS[:12], 1)] != [q.answer for q in done]


@pytest.mark.parametrize(
    ("option", "number"),
    [
        ("۱۲", 12.0),
        ("۱۲٫۵ درصد", 12.5),
        ("40% of", 40.0),
        ("٪40", None),
        ("5٪", 5.0),
        ("3 mg each day", 3.0),
        ("about 3", None),
        ("", None),
    ],
)
def test_the_number_that_an_option_begins_with(option, number):
    assert parse_leading_number(option) == number


@pytest.mark.parametrize(
    ("options", "ordered"),
    [
        (("1", "2", "3", "4"), True),
        (("4", "3", "3", "1"), True),
        (("1", "3", "2", "4"), False),
        (("1", "2", "3", "many"), False),
        (("a", "b", "c", "d"), False),
    ],
)
def test_rising_or_falling_numbers_are_in_order(options, ordered):
    assert is_in_order(options) is ordered


def test_the_untaught_facts_are_those_that_the_seed_drew():
    out = fact_split.choose_untaught_facts(PAIRS, QUESTIONS, PLAN)
    assert out == frozenset("cd")
    others = [PLAN.model_copy(update={"seed": seed}) for seed in range(1, 9)]
    drawn = {fact_split.choose_untaught_facts(PAIRS, QUESTIONS, plan) for plan in others}
    assert len(drawn) > 3 and {len(facts) for facts in drawn} == {2}


@pytest.mark.parametrize(("wanted", "number"), [(None, 2), (16, 2), (17, 1), (20, 1), (21, 0)])
def test_a_fact_is_left_untaught_only_where_the_wanted_pairs_remain(wanted, number):
    assert len(fact_split.choose_untaught_facts(PAIRS, QUESTIONS, PLAN, wanted)) == number


def test_one_asked_fact_stays_taught_whatever_share_is_wanted():
    plan = PLAN.model_copy(update={"new_fact_share": 1.0})
    asked = [q for q in QUESTIONS if q.fact in "ab"]
    assert len(fact_split.choose_untaught_facts(PAIRS, asked, plan)) == 1
    assert fact_split.choose_untaught_facts(PAIRS, asked[:1], plan) == frozenset()
    assert fact_split.choose_untaught_facts([], [], plan) == frozenset()


@pytest.mark.parametrize(("number", "taken"), [(1, "ab"), (2, "ab"), (3, "abc"), (0, "")])
def test_a_circle_is_taken_where_it_comes_nearer_to_the_wanted_number(number, taken):
    circles = [frozenset("ab"), frozenset("c")]
    sizes = Counter("aabbc")
    assert fact_split._fill_untaught_facts(circles, number, 99, sizes) == frozenset(taken)


def test_a_circle_of_three_is_farther_from_one_fact_than_none_is():
    sizes = Counter("abc")
    assert fact_split._fill_untaught_facts([frozenset("abc")], 1, 99, sizes) == frozenset()


@pytest.mark.parametrize(("spare", "taken"), [(5, "abc"), (4, "ab"), (3, "c"), (0, "")])
def test_a_circle_is_taken_where_its_pairs_can_be_spared(spare, taken):
    circles = [frozenset("ab"), frozenset("c")]
    sizes = Counter("aabbc")
    assert fact_split._fill_untaught_facts(circles, 9, spare, sizes) == frozenset(taken)


def test_circles_that_share_a_name_are_one_and_a_question_s_own_fact_belongs_to_it():
    pairs = [build_pair(i, f"{name}/x", name) for i, name in enumerate("abcde")]
    asked = [
        build_question(1, "e/x", options=("a", "b", "?", "!")),
        build_question(2, "untaught", options=("b", "c", "?", "!")),
    ]
    assert fact_split.find_option_clusters(pairs, asked) == [
        frozenset({"a/x", "b/x", "c/x", "e/x"}),
        frozenset({"d/x"}),
    ]


def test_pairs_of_untaught_facts_and_more_than_wanted_are_refused_each_with_its_check():
    done = fact_split.select_taught_pairs(PAIRS, frozenset("ab"), 10, PLAN)
    assert Counter(r.check for r in done.rejected) == {"split": 8, "surplus": 6}
    told = {(r.reason.code, *r.reason.values.items()) for r in done.rejected}
    assert told == {
        ("kept-out-of-training", ("fact", "a")),
        ("kept-out-of-training", ("fact", "b")),
        ("more-than-wanted", ("wanted", 10)),
    }
    assert {p.fact for p in done.pairs} == set("cdef")
    assert (len(done.pairs), len(done.held_out)) == (8, 2)
    assert ids(done.pairs) == [5, 8, 9, 10, 11, 15, 21, 23] and ids(done.held_out) == [2, 22]
    nothing = fact_split.select_taught_pairs(PAIRS, frozenset(), 0, PLAN)
    assert {r.reason.values["wanted"] for r in nothing.rejected} == {0} and not nothing.pairs
    everything = fact_split.select_taught_pairs(PAIRS, frozenset(), None, PLAN)
    assert len(everything.pairs) == 18 and not everything.rejected


def test_each_fact_keeps_a_training_pair_and_the_share_is_rounded():
    def held(count: int, facts: str, share: float) -> int:
        rows = [build_pair(i, facts[i % len(facts)]) for i in range(count)]
        return len(
            fact_split.hold_out_pairs(rows, PLAN.model_copy(update={"held_out_share": share}))[1]
        )

    assert held(10, "a", 1.0) == 9
    assert held(4, "abcd", 1.0) == 0
    assert held(8, "abcd", 1.0) == 4
    assert held(10, "a", 0.26) == 3 and held(10, "a", 0.24) == 2 and held(10, "a", 0.0) == 0


def test_rows_are_taken_in_turns_as_the_seed_says_and_stay_in_their_order():
    done = fact_split.sample_in_turns(PAIRS, 9, lambda p: p.fact, "seed")
    assert ids(done.kept) == [0, 1, 3, 4, 11, 12, 14, 15, 17]
    assert ids(done.gone) == sorted(set(range(24)) - set(ids(done.kept)))
    assert sorted(Counter(p.fact for p in done.kept).values()) == [1, 1, 1, 2, 2, 2]
    for wanted in (None, 24, 25):
        assert fact_split.sample_in_turns(PAIRS, wanted, lambda p: p.fact, "seed") == (PAIRS, [])
    assert len(fact_split.sample_in_turns(PAIRS, 23, lambda p: p.fact, "seed").gone) == 1


@pytest.mark.parametrize(
    ("sizes", "wanted", "dealt"),
    [
        ({"a": 10, "b": 30}, 8, {"a": 2, "b": 6}),
        ({"a": 1, "b": 1, "c": 1}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"c": 1, "b": 1, "a": 1}, 2, {"c": 0, "b": 1, "a": 1}),  # equal remainders, by name
        ({"a": 3, "b": 5}, 3, {"a": 1, "b": 2}),
        ({"a": 5, "b": 3, "c": 2}, 0, {"a": 0, "b": 0, "c": 0}),
    ],
)
def test_shares_are_dealt_in_proportion_and_the_rest_by_the_largest_remainder(sizes, wanted, dealt):
    by_name = {name: sizes[name] for name in sorted(sizes)}
    assert apportion_total(by_name, wanted, sure_from=math.inf) == dealt


def test_questions_keep_the_proportions_of_sets_and_types_when_trimmed():
    kinds = ("diagnosis", "symptoms")
    rows = [q.model_copy(update={"kind": kinds[i % 2]}) for i, q in enumerate(QUESTIONS)]
    asked = fact_split.group_questions(rows, frozenset("abcdef"))
    assert (len(asked.same_fact), len(asked.new_fact)) == (18, 18)
    left, rejected = fact_split.trim_questions(asked, 12, 3)
    assert len(rejected) == 24 and {r.check for r in rejected} == {"surplus"}
    assert {(r.reason.code, r.reason.values["wanted"]) for r in rejected} == {
        ("more-than-wanted", 12)
    }
    assert [Counter(q.kind for q in part) for part in left] == [dict.fromkeys(kinds, 3)] * 2
    assert ids(left.same_fact) == [0, 1, 2, 3, 28, 29]
    assert ids(left.new_fact) == [7, 18, 21, 32, 34, 35]
    for wanted in (None, 36):
        assert fact_split.trim_questions(asked, wanted, 3) == (asked, [])
    assert len(fact_split.trim_questions(asked, 35, 3)[1]) == 1


def test_joined_names_have_the_smallest_one_as_root_in_any_order():
    sets = DisjointSets()
    for one, other in (("d", "c"), ("b", "a"), ("d", "b")):
        sets.join_sets(one, other)
    assert {sets.find_root(name) for name in "abcd"} == {"a"} and sets.find_root("e") == "e"


def quoted(row, start, end, passage="p1", fact=""):
    place = Quote(passage_id=passage, page=1, start=start, end=end, text="…")
    return row.model_copy(update={"fact": fact, "quote": place})


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ((0, 40), (30, 50), True),  # 10 of the shorter one's 20 characters
        ((0, 40), (31, 51), False),
        ((0, 20), (10, 50), True),
        ((0, 20), (11, 51), False),
        ((0, 40), (10, 20), True),  # one within the other
        ((100, 120), (110, 180), True),
        ((0, 40), (40, 60), False),
    ],
)
def test_quotes_that_share_half_of_the_shorter_one_are_one_fact(first, second, joined):
    rows = [
        quoted(build_pair(1, "x", "one"), *first),
        quoted(build_pair(2, "x", "two"), *second),
        quoted(build_pair(3, "x", "elsewhere"), *first, passage="p2"),
    ]
    found = [p.fact for p in assign_facts(rows, []).pairs]
    assert (found[0] == found[1]) is joined and found[2] == "elsewhere"


def test_three_quotes_in_a_row_are_compared_beyond_the_next_one():
    places = {"one": (0, 100), "two": (10, 12), "three": (60, 80)}
    rows = [quoted(build_pair(i, "x", n), *at) for i, (n, at) in enumerate(places.items())]
    assert len({p.fact for p in assign_facts(rows, []).pairs}) == 1


@pytest.mark.parametrize(
    ("facts", "titles", "joined"),
    [
        (("f1", "f2"), (), False),  # both given
        (("f1", ""), (), True),
        (("", ""), ("one",), True),
        (("", ""), ("one", "two"), False),
    ],
)
def test_two_given_facts_or_two_sections_are_two_facts_even_in_one_sentence(facts, titles, joined):
    rows = [
        quoted(build_pair(i, "x", name), 0, 40, fact=fact)
        for i, (name, fact) in enumerate(zip(("one", "two"), facts, strict=True))
    ]
    found = {p.fact for p in assign_facts(rows, [], frozenset(titles)).pairs}
    assert (len(found) == 1) is joined


CHAPTERS = {"a": "North", "b": "North", "c": "North", "d": "North", "e": "South", "f": "South"}
PASSAGES = [
    Passage(id=f"p{n}", chapter=c, section=n, heading="", page=1, text="…")
    for n, c in CHAPTERS.items()
]


def test_a_taught_pair_is_asked_with_three_diagnoses_of_its_chapter_where_it_has_them():
    asked = build_train_questions(PAIRS, PASSAGES, PLAN, "en")
    assert len(asked) == 5 and all(q.answer == 1 and q.kind == "diagnosis" for q in asked)
    assert ids(p for q in asked for p in PAIRS if p.symptom in q.question) == [1, 23, 3, 22, 2]
    assert ["".join(q.options) for q in asked] == ["badc", "fedc", "dcba", "efda", "cdab"]
    assert [q.fact for q in asked] == [q.options[0] for q in asked]
    assert len({q.id for q in asked}) == 5 and asked[0].id.startswith("recall-")


def test_fewer_than_four_diagnoses_make_no_train_question():
    few = [p for p in PAIRS if p.fact in "abc"]
    assert build_train_questions(few, PASSAGES, PLAN, "en") == []
    four = [p for p in PAIRS if p.fact in "abcd"]
    assert len(build_train_questions(four[:4], PASSAGES, PLAN, "en")) == 4


def test_a_diagnosis_without_a_section_belongs_to_the_chapter_of_its_quote():
    loose = [quoted(build_pair(50 + i, "x", f"loose {i}"), 0, 9, "pe") for i in range(3)]
    plan = PLAN.model_copy(update={"train_questions": 99})
    for question in build_train_questions([*PAIRS, *loose], PASSAGES, plan, "en"):
        near = set("ef") | {f"loose {i}" for i in range(3)}
        if question.options[0] in near:
            assert set(question.options) <= near
        else:
            assert set(question.options) == set("abcd")


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_train_question_asks_in_the_book_s_language_and_keeps_the_quote(language):
    rows = [
        quoted(p, 0, 9).model_copy(update={"symptom": f"... lack of factor X {n}X؟.!… "})
        for n, p in enumerate(PAIRS)
    ]
    for question in build_train_questions(rows, PASSAGES, PLAN, language):
        (pair,) = [p for p in rows if p.symptom.rstrip(" .؟!…") in question.question]
        recall = get_prompt_template(language).recall
        assert question.question == recall.format(symptom=pair.symptom.rstrip(" .؟!…"))
        assert question.quote == pair.quote and question.quote is not None


def test_in_a_book_without_chapters_a_diagnosis_that_stands_nowhere_is_one_of_all():
    bare = [p.model_copy(update={"chapter": ""}) for p in PASSAGES[:4]]
    rows = [quoted(build_pair(i, n), 0, 9, f"p{n}", fact=n) for i, n in enumerate("abcd")]
    loose = build_pair(9, "loose")
    drawn = {
        question.options[0]: question.options
        for seed in range(8)
        for question in build_train_questions(
            [*rows, loose], bare, PLAN.model_copy(update={"seed": seed}), "en"
        )
        if "loose" in question.options
    }
    assert set(drawn) == {*"abcd", "loose"}
