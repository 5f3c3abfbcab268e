"""How many questions are solved without knowing what they ask.

    passage_words  the option that shares most different words with the passage
    quote_words    the same with the quote that the question rests on
    longest        the longest option, in characters
    position       one number for all: the one that most keys have
    options        the base model with the options alone (screening)
    closed         the base model with stem and options (screening)
    page           the base model with the passage, too (screening)

Options that are tied share the question: of two, each has half of it. So where the keys' places
are drawn by lot, every solver that does not look at them expects exactly a quarter; the commonest
number is chosen after a look, and `expect_top_share` says what luck gives it. An interval counts
questions for what their facts and passages are worth, as those of the verdict do.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from scipy.stats import poisson

from tasks.evaluation.statistics.intervals import compute_wilson_interval
from tasks.evaluation.statistics.sign_flip import compute_design_effect
from tasks.language.text import fold_text, split_words
from tasks.schemas.item_rows import CHANCE_RATE, Question
from tasks.schemas.result_rows import ScreenedQuestion
from tasks.schemas.rows.measure_rows import QuestionMeasure, Solver

WHOLE = 12  # a question in parts that a tie of two, three or four divides without a rest

Credits = dict[str, Fraction]  # question id → which part of it is solved
KindOfQuestions = tuple[str, Callable[[Question], bool]]


def measure_all(
    questions: Sequence[Question], passages: Mapping[str, str], screened: Sequence[ScreenedQuestion]
) -> list[QuestionMeasure]:
    """Every solver on all questions, on those that ask for no diagnosis and on each type; a solver
    that cannot be tried on any has no row. `passages`: their texts by id.
    """
    solved: dict[Solver, Credits] = {
        "passage_words": credit_shared_words(questions, lambda q: _find_passage(q, passages)),
        "quote_words": credit_shared_words(questions, lambda q: q.quote.text if q.quote else ""),
        "longest": {q.id: share_credit([len(o) for o in q.options], q.answer) for q in questions},
        **_credit_screened(screened),
    }
    kinds: list[KindOfQuestions] = [
        ("all", lambda q: True),
        ("not_diagnosis", lambda q: q.kind != "diagnosis"),
        *(
            (kind, lambda q, kind=kind: q.kind == kind)
            for kind in dict.fromkeys(q.kind for q in questions)
        ),
    ]
    rows = []
    for kind, belongs in kinds:
        asked = [q for q in questions if belongs(q)]
        for solver, credits in {**solved, "position": _credit_top_number(asked)}.items():
            if tried := [q for q in asked if q.id in credits]:
                rows.append(_measure(solver, kind, tried, credits))
    return rows


def credit_shared_words(
    questions: Iterable[Question], find_text: Callable[[Question], str]
) -> Credits:
    """By the number of different words that an option shares with a text; questions whose text is
    not known are left out.
    """
    texts = {q.id: find_text(q) for q in questions}
    known = {name: _list_words(text) for name, text in texts.items() if text}
    return {
        q.id: share_credit([len(_list_words(o) & known[q.id]) for o in q.options], q.answer)
        for q in questions
        if q.id in known
    }


def share_credit(scores: Sequence[int], key: int) -> Fraction:
    """The key's part where the highest score chooses; tied options share it."""
    best = [number for number, score in enumerate(scores, 1) if score == max(scores)]
    return Fraction(key in best, len(best))


def expect_top_share(n: int) -> float:
    """Expected share of the commonest of four numbers among n that are drawn by lot: E[max]/n of
    the multinomial with four equal chances, exactly.

    Σ P(max > m) over m, where P(max ≤ m) is that of four independent Poisson counts given their sum
    n, whatever their mean; n/4 keeps them from underflow.
    """
    counts = poisson.pmf(np.arange(n + 1), n / 4)
    whole = poisson.pmf(n, n)
    least = -(-n // 4)  # some number has so many, whatever the luck
    expected = float(least)
    for most in range(least, n):
        below = counts[: most + 1]
        two = np.convolve(below, below)  # of two numbers together, 0 … 2·most
        part = two[max(0, n - 2 * most) : min(n, 2 * most) + 1]
        rest = 1.0 - float(part @ part[::-1]) / whole
        if rest < 1e-12:  # the rest of the tail is smaller than a float's own error
            break
        expected += rest
    return expected / n


def _measure(
    solver: Solver, kind: str, questions: Sequence[Question], credits: Credits
) -> QuestionMeasure:
    n, parts = len(questions), [credits[q.id] for q in questions]
    rate = float(sum(parts, Fraction(0)) / n)
    values = np.array([int(part * WHOLE) for part in parts], dtype=np.int64)
    effects = [compute_design_effect(values, unit) for unit in _number_units(questions)]
    worth = n / max(1.0, *effects)
    low, high = compute_wilson_interval(rate * worth, worth)
    return QuestionMeasure(
        solver=solver,
        kind=kind,
        n=n,
        solved=rate * n,
        rate=rate,
        low=low,
        high=high,
        chance=expect_top_share(n) if solver == "position" else CHANCE_RATE,
    )


def _number_units(questions: Sequence[Question]) -> list[np.ndarray]:
    """What may be alike: questions of one fact, and of one passage; one without is its own."""
    facts = [q.fact or f"\0{q.id}" for q in questions]
    pages = [
        q.quote.passage_id if q.quote else f"\0{fact}"
        for q, fact in zip(questions, facts, strict=True)
    ]
    return [np.unique(names, return_inverse=True)[1] for names in (facts, pages)]


def _credit_top_number(questions: Sequence[Question]) -> Credits:
    counts = Counter(q.answer for q in questions)
    scores = [counts[number] for number in (1, 2, 3, 4)]
    top = scores.index(max(scores)) + 1  # tied numbers have equally many keys: one stands for all
    return {q.id: Fraction(q.answer == top) for q in questions}


def _credit_screened(rows: Iterable[ScreenedQuestion]) -> dict[Solver, Credits]:
    """The base model's share of the sittings of each form."""
    rows = list(rows)
    return {
        "options": {row.question_id: Fraction(row.blind, row.asked) for row in rows},
        "closed": {row.question_id: Fraction(row.closed, row.asked) for row in rows},
        "page": {
            row.question_id: Fraction(row.opened, row.asked)
            for row in rows
            if row.opened is not None
        },
    }


def _find_passage(question: Question, passages: Mapping[str, str]) -> str:
    return passages.get(question.quote.passage_id, "") if question.quote else ""


def _list_words(text: str) -> set[str]:
    """Different words, compared without case, accents and letter variants."""
    return {fold_text(word) for word in split_words(text)}
