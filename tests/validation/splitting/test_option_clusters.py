"""Facts whose names compete as options stay on one side of the split."""

from tasks.schemas.item_rows import Pair, Question
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.splitting.fact_split import choose_untaught_facts, find_option_clusters

NAMES = [
    [f"{chapter}{i}" for i in range(4)] for chapter in "abcdefgh"
]  # eight chapters of four diagnoses


def pair(name):
    return Pair(id=name, fact=f"{name}/signs", symptom=f"signs of {name}", diagnosis=name)


def question(key, options):
    return Question(
        id=f"q{key}",
        fact=f"{key}/signs",
        question=f"what has {key}?",
        options=tuple(options),
        answer=options.index(key) + 1,
    )


PAIRS = [pair(name) for chapter in NAMES for name in chapter]
QUESTIONS = [question(name, chapter) for chapter in NAMES for name in chapter]


def test_names_that_compete_are_one_circle():
    assert find_option_clusters(PAIRS, QUESTIONS) == [
        frozenset(f"{n}/signs" for n in chapter) for chapter in NAMES
    ]


def test_no_question_mixes_taught_and_untaught_names():
    for seed in range(20):
        out = choose_untaught_facts(
            PAIRS, QUESTIONS, ValidationPlan(new_fact_share=0.25, seed=seed)
        )
        assert len(out) == 8, "two of eight chapters"
        for q in QUESTIONS:
            assert len({f"{option}/signs" in out for option in q.options}) == 1


def test_one_circle_of_all_facts_is_split_all_the_same():
    everything = [
        question("a0", ["a0", "b0", "c0", "d0"]),
        *(question(n, [n, "a0", "x", "y"]) for n in [m for c in NAMES for m in c] if n != "a0"),
    ]
    assert len(choose_untaught_facts(PAIRS, everything, ValidationPlan(new_fact_share=0.25))) == 8


def test_a_circle_stays_taught_even_where_all_should_go():
    assert 0 < len(choose_untaught_facts(PAIRS, QUESTIONS, ValidationPlan(new_fact_share=1.0))) < 32


def test_no_share_keeps_nothing_out():
    assert not choose_untaught_facts(PAIRS, QUESTIONS, ValidationPlan(new_fact_share=0))


def test_fewer_facts_are_kept_out_where_the_wanted_pairs_would_not_be_left():
    assert (
        len(choose_untaught_facts(PAIRS, QUESTIONS, ValidationPlan(new_fact_share=0.25), wanted=28))
        == 4
    ), "four of 32 pairs are to spare"
    assert not choose_untaught_facts(
        PAIRS, QUESTIONS, ValidationPlan(new_fact_share=0.25), wanted=32
    )


def test_only_facts_that_are_asked_about_are_left_untaught():
    asked = [question(name, [name, "x", "y", "z"]) for name in ("a0", "b1")]
    for seed in range(20):
        out = choose_untaught_facts(PAIRS, asked, ValidationPlan(new_fact_share=0.5, seed=seed))
        assert len(out) == 1 and out < {"a0/signs", "b1/signs"}


def test_of_two_circles_one_is_left_untaught_as_a_whole():
    two = PAIRS[:8], QUESTIONS[:8]
    for seed in range(10):
        out = choose_untaught_facts(*two, ValidationPlan(new_fact_share=0.5, seed=seed))
        assert out in find_option_clusters(*two)
