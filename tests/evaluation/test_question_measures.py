"""What solves questions without knowledge, against a count by hand, every draw, and a simulation."""

import itertools
import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from tasks.evaluation.question_measures import (
    credit_shared_words,
    expect_top_share,
    measure_all,
    share_credit,
)
from tasks.schemas.item_rows import Question, Quote
from tasks.schemas.result_rows import ScreenedQuestion
from tasks.schemas.rows.measure_rows import QuestionMeasure

PASSAGE = "نقرس با درد ناگهانی شست پا آغاز می‌شود و کلشیسین درمان آن است."


def ask(name: str, options: list[str], answer: int, **more: object) -> Question:
    quote = Quote(passage_id="p1", page=1, start=0, end=4, text=PASSAGE[:4])
    fields = {"fact": name, "kind": "other", "quote": quote, "question": "؟"} | more
    return Question(id=name, options=tuple(options), answer=answer, **fields)  # type: ignore[arg-type]


QUESTIONS = [
    ask("clear", ["درد شست پا", "تب", "سرفه", "خارش"], 1),
    ask("wrong", ["درد شست پا", "تب", "سرفه", "خارش"], 3),
    ask("tied", ["درد", "شست", "سرفه", "خارش"], 2),
    ask("none", ["الف", "ب", "ج", "د"], 4, kind="diagnosis"),
    ask("repeated", ["درد درد درد", "شست پا", "سرفه", "خارش"], 2, kind="symptoms"),
]


def find(rows: list[QuestionMeasure], solver: str, kind: str = "all") -> QuestionMeasure:
    return next(row for row in rows if (row.solver, row.kind) == (solver, kind))


def test_the_option_with_most_shared_words_is_chosen_and_ties_share_the_question() -> None:
    found = credit_shared_words(QUESTIONS, lambda q: PASSAGE)
    assert found == {
        "clear": 1,
        "wrong": 0,
        "tied": Fraction(1, 2),
        "none": Fraction(1, 4),
        "repeated": 1,  # three times «درد» is one word, «شست پا» two
    }


def test_letters_of_another_keyboard_and_case_are_the_same_word() -> None:
    arabic = [ask("one", ["كلشيسين", "سرفه", "تب", "درد سر"], 1)]
    assert credit_shared_words(arabic, lambda q: PASSAGE + " Gout") == {"one": Fraction(1, 2)}
    latin = [ask("one", ["GOUT fever", "cough", "itch", "pain"], 1)]
    assert credit_shared_words(latin, lambda q: "gout and fever") == {"one": 1}


@pytest.mark.parametrize("scores", [[3, 1, 2, 0], [2, 2, 1, 0], [1, 1, 1, 0], [5, 5, 5, 5]])
def test_a_solver_that_does_not_see_the_key_expects_a_quarter(scores: list[int]) -> None:
    assert sum(share_credit(scores, key) for key in (1, 2, 3, 4)) / 4 == Fraction(1, 4)


@pytest.mark.parametrize("n", range(1, 8))
def test_the_luck_of_the_commonest_number_is_that_of_every_draw(n: int) -> None:
    draws = [max(Counter(keys).values()) for keys in itertools.product(range(4), repeat=n)]
    assert expect_top_share(n) == pytest.approx(sum(draws) / len(draws) / n, rel=1e-12)


def test_the_luck_of_the_commonest_number_among_many_is_that_of_a_simulation() -> None:
    for n in (40, 300, 3000):
        counts = np.random.default_rng(n).multinomial(n, [0.25] * 4, size=200_000).max(axis=1)
        error = counts.std() / n / np.sqrt(len(counts))
        assert abs(expect_top_share(n) - counts.mean() / n) < 4 * error


def test_each_measure_is_what_a_count_by_hand_gives() -> None:
    rows = measure_all(QUESTIONS, {"p1": PASSAGE}, [])
    words = find(rows, "passage_words")
    assert (words.n, words.solved) == (5, 2.75) and words.rate == pytest.approx(0.55)
    other = find(rows, "passage_words", "not_diagnosis")
    assert (other.n, other.solved) == (4, 2.5) and other.chance == 0.25
    # clear 1, wrong 0; the longest of «none» is «الف», of «tied» an option of four letters, of
    # «repeated» the first: no keys
    assert find(rows, "longest").solved == 1.0
    # keys 1 3 2 4 2: two of five at the commonest number
    assert find(rows, "position").rate == pytest.approx(0.4)
    assert find(rows, "position").chance == pytest.approx(expect_top_share(5))
    assert find(rows, "quote_words").solved == pytest.approx(5 / 4)  # «نقرس» is no option
    assert {row.solver for row in rows} == {"passage_words", "quote_words", "longest", "position"}
    assert {row.kind for row in rows} == {"all", "not_diagnosis", "other", "diagnosis", "symptoms"}


def test_questions_whose_passage_is_not_known_are_left_out_and_counted_out() -> None:
    rows = measure_all([*QUESTIONS[:2], ask("own", ["a", "b", "c", "d"], 1, quote=None)], {}, [])
    assert not [row for row in rows if row.solver == "passage_words"]
    assert find(rows, "quote_words").n == 2 and find(rows, "longest").n == 3


def test_screening_gives_what_the_base_model_solves() -> None:
    rows = [
        ScreenedQuestion(
            question_id=q.id, mode="digits", asked=4, blind=b, closed=c, opened=o,
            blind_key=0.2, closed_key=0.2, opened_key=0.2, kind="useful",
        )
        for q, b, c, o in zip(QUESTIONS[:3], (4, 1, 0), (2, 2, 2), (4, 4, None), strict=True)
    ]  # fmt: skip
    found = measure_all(QUESTIONS, {"p1": PASSAGE}, rows)
    assert find(found, "options").solved == 1.25 and find(found, "options").n == 3
    assert find(found, "closed").rate == 0.5
    assert (find(found, "page").n, find(found, "page").rate) == (2, 1.0)


def test_with_one_question_a_fact_the_interval_is_wilson_s() -> None:
    """38 of 60, each on a fact and a passage of its own."""
    asked = [
        ask(f"q{n}", ["درد", "تب", "سرفه", "خارش"], 1 if n < 38 else 2, quote=None)
        for n in range(60)
    ]
    rows = [
        ScreenedQuestion(
            question_id=q.id, mode="cloze", asked=1, blind=int(q.answer == 1), closed=0, opened=0,
            blind_key=0, closed_key=0, opened_key=0, kind="useful",
        )
        for q in asked
    ]  # fmt: skip
    row = find(measure_all(asked, {}, rows), "options")
    assert (row.low, row.high) == pytest.approx(proportion_confint(38, 60, method="wilson"))


def test_questions_of_one_fact_that_are_alike_count_as_one() -> None:
    """Ten facts with six questions each, all alike within a fact: worth ten questions."""
    asked = [
        ask(f"q{n}", ["درد", "تب", "سرفه", "خارش"], 1, fact=f"f{n // 6}", quote=None)
        for n in range(60)
    ]
    rows = [
        ScreenedQuestion(
            question_id=q.id, mode="cloze", asked=1, blind=n // 6 % 2, closed=0, opened=0,
            blind_key=0, closed_key=0, opened_key=0, kind="useful",
        )
        for n, q in enumerate(asked)
    ]  # fmt: skip
    row = find(measure_all(asked, {}, rows), "options")
    whole, few = (proportion_confint(x / 2, x, method="wilson") for x in (60, 10))
    assert row.high - row.low > 2 * (whole[1] - whole[0])
    assert row.high - row.low == pytest.approx(few[1] - few[0], rel=0.06)


ITEMS = Path(__file__).parents[3] / "shared" / "cases" / "items"


@pytest.mark.skipif(not ITEMS.is_dir(), reason="the labelled items lie beside a checkout only")
@pytest.mark.parametrize(("book", "rate"), [("fa", 0.814), ("en", 0.681), ("law", 0.604)])
def test_the_labelled_good_items_are_solved_by_words_as_the_docs_say(
    book: str, rate: float
) -> None:
    """Those that ask for no diagnosis; docs/validation.md has the figures."""
    from validation.labelled_measures import measure_labelled

    row = find(measure_labelled(ITEMS)[book], "passage_words", "not_diagnosis")
    assert row.rate == pytest.approx(rate, abs=0.001)


def test_rows_survive_the_way_through_a_file() -> None:
    row = measure_all(QUESTIONS, {"p1": PASSAGE}, [])[0]
    assert QuestionMeasure.model_validate(json.loads(row.model_dump_json())) == row
