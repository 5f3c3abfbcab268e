"""Where a quote begins to be found, forgiven or cut, and a training text to give a question away: at each border and a step before it."""

import pytest
from support.items.gate_items import build_pair, build_question

from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.fuzzy_quote import align_quote
from tasks.validation.checks.grounding import _cuts_negation, find_quote
from tasks.validation.checks.leakage import TrainingTextIndex, find_leaks, list_word_runs
from tasks.validation.checks.passage_index import FoldedView, PassageIndex, build_view
from tasks.validation.language_patterns import get_language_patterns

FA = get_language_patterns("fa")


def book_of(*texts: str) -> PassageIndex:
    return PassageIndex(
        Passage(id=f"p{i}", chapter="c", section="s", heading="", page=i, text=text)
        for i, text in enumerate(texts, 1)
    )


def found(quote: str, text: str) -> str | None:
    """What of the text a quote is found to be."""
    shelf = book_of(text)
    span = find_quote(quote, shelf.passages["p1"], shelf)
    return None if span is None else text[slice(*span)]


@pytest.mark.parametrize(
    ("text", "letters", "positions"),
    [
        ("a b", "ab", [0, 2]),
        ("6.5", "6.5", [0, 1, 2]),
        ("۶٫۵", "6.5", [0, 1, 2]),
        ("6 5", "6 5", [0, 1, 2]),
        ("6  5", "6 5", [0, 2, 3]),
        ("6 . 5", "6.5", [0, 3, 4]),
        ("1٬000", "1,000", [0, 1, 2, 3, 4]),
        ("6\n5", "6 5", [0, 1, 2]),
        ("a.5", "a5", [0, 2]),
        ("6.a5", "6a5", [0, 2, 3]),
        (".5", "5", [1]),
        ("5. a 6", "5a6", [0, 3, 5]),
        ("ﻼ x", "لاx", [0, 0, 2]),
    ],
)
def test_a_view_keeps_letters_with_their_places_and_what_parts_two_digits(text, letters, positions):
    assert build_view(text) == FoldedView(letters, positions)


def test_a_view_is_made_once_and_a_phrase_is_held_as_whole_words_of_one_passage():
    shelf = book_of("one two three", "four Five")
    passage = shelf.passages["p1"]
    assert shelf.get_view(passage) is shelf.get_view(passage)
    assert shelf.holds("two three") and shelf.holds("five") and shelf.holds("one")
    assert not shelf.holds("wo three") and not shelf.holds("three four") and not shelf.holds("tw")
    assert shelf.holds("two three"), "asked again"


def test_the_shown_passages_are_those_that_are_known_and_all_where_none_is():
    shelf = book_of("one", "two")
    assert [p.id for p in shelf.get_shown_passages(["p2", "p9"])] == ["p2"]
    assert [p.id for p in shelf.get_shown_passages(["p9"])] == ["p1", "p2"]
    assert [p.id for p in shelf.get_shown_passages([])] == ["p1", "p2"]


@pytest.mark.parametrize(
    ("quote", "text", "is_found"),
    [
        ("the cat", "see the cat run", "the cat"),
        ("the cat", "bathe cat the cat", "the cat"),  # «the cat» within «bathe cat» is no word
        ("cat", "cats", None),
        ("cat", "a cat", "cat"),
        ("cat", "cat a", "cat"),
        ("در", "بی‌درد", None),
        ("t h e cat", "see the cat.", "the cat"),
        ("the  cat.", "see the cat. run", "the cat."),
        ("the  cat", "see the cat. run", "the cat"),
        ("the  cat?", "see the cat! run", "the cat!"),
        ("the  cat.", "see the cat, run", "the cat"),
        ("…", "a", None),
        (" ... a", "a", "a"),
        ("see ... run", "see the cat run", "see the cat run"),
        ("see [...] run", "see the cat run", "see the cat run"),
        ("see … run", "see the cat run", "see the cat run"),
        ("run … see", "see the cat run", None),
        ("see … see", "see the cat", None),
        ("see … see", "see a see b", "see a see"),
        ("the … gone", "the cat", None),
        ("", "a", None),
    ],
)
def test_a_quote_is_found_in_whole_words_whatever_its_spacing_and_marks(quote, text, is_found):
    assert (found(quote, text) or None) == is_found


@pytest.mark.parametrize(("gap", "is_found"), [(250, True), (251, False)])
def test_an_ellipsis_stands_for_250_characters_at_most(gap, is_found):
    text = f"begin{' ' + 'x' * (gap - 2) + ' '}end"
    assert (found("begin … end", text) is not None) is is_found


SENTENCE = "نشانه‌های بیماری با سالبوتامول در چند ساعت بهتر خواهد شد"


@pytest.mark.parametrize(
    ("was", "slip", "is_found"),
    [
        ("سالبوتامول", "سالبوتامل", True),
        ("سالبوتامول", "سالبوتاموول", True),
        ("سالبوتامول", "سالبتوامول", True),  # two letters changed places
        ("سالبوتامول", "سالبوتم", False),  # two slips
        ("سالبوتامول", "سلبوتامول", False),  # within the first three letters
        ("سالبوتامول", "سالبو7امول", False),
        ("سالبوتامول", "", False),
        ("بهتر", "بهتز", False),  # too short a word
        ("نشانه‌های", "نشانه‌هی", True),
    ],
)
def test_one_slip_is_forgiven_in_a_long_word_past_its_third_letter(was, slip, is_found):
    shelf = book_of(SENTENCE)
    quote = " ".join(SENTENCE.replace(was, slip).split())
    span = align_quote(quote, shelf.passages["p1"], shelf, FA)
    assert (span == (0, len(SENTENCE))) is is_found and (span is not None) is is_found


def test_a_slip_makes_no_other_word_of_the_book_and_no_second_one_is_forgiven():
    known = book_of(SENTENCE, "سالبوتامل داروی دیگری است")
    slipped = SENTENCE.replace("سالبوتامول", "سالبوتامل")
    assert align_quote(slipped, known.passages["p1"], known, FA) is None
    shelf = book_of(SENTENCE)
    assert align_quote(slipped, shelf.passages["p1"], shelf, FA)
    twice = slipped.replace("نشانه‌های", "نشانه‌هی")
    assert align_quote(twice, shelf.passages["p1"], shelf, FA) is None
    assert align_quote(SENTENCE, shelf.passages["p1"], shelf, FA) is None, "no slip: found before"


@pytest.mark.parametrize(("words", "is_found"), [(6, True), (5, False)])
def test_a_quote_of_fewer_than_six_words_must_be_exact(words, is_found):
    shelf = book_of(SENTENCE)
    quote = " ".join(SENTENCE.replace("سالبوتامول", "سالبوتامل").split()[:words])
    assert (align_quote(quote, shelf.passages["p1"], shelf, FA) is not None) is is_found


def test_a_slipped_quote_takes_whole_words_and_an_empty_passage_has_none():
    shelf = book_of(f"پیش از این {SENTENCE} و پس از آن", "—")
    slipped = SENTENCE.replace("سالبوتامول", "سالبوتامل")
    start, end = align_quote(slipped, shelf.passages["p1"], shelf, FA)
    assert shelf.passages["p1"].text[start:end] == SENTENCE
    assert align_quote(slipped, shelf.passages["p2"], shelf, FA) is None


@pytest.mark.parametrize(
    ("text", "quote", "cut"),
    [
        ("بدون تب", "تب", True),
        ("بدون «تب", "تب", True),
        ("بدون\nتب", "تب", False),
        ("بدون، تب", "تب", False),
        ("تب نیست", "تب", True),
        ("تب. نیست", "تب", False),
        ("تب\nنیست", "تب", False),
        ("نیست تب", "تب", False),  # a verb closes the sentence before
        ("با تب است", "تب", False),
    ],
)
def test_a_negation_that_touches_the_quote_is_part_of_it(text, quote, cut):
    at = text.index(quote)
    assert _cuts_negation(text, (at, at + len(quote)), FA) is cut


def test_runs_of_words_are_as_long_as_asked_and_none_is_in_a_shorter_text():
    assert list_word_runs(["a", "b", "c"], 2) == [("a", "b"), ("b", "c")]
    assert list_word_runs(["a", "b"], 2) == [("a", "b")] and list_word_runs(["a"], 2) == []


PLAN = ValidationPlan(leak_ngram=4, leak_similarity=0.6)


@pytest.mark.parametrize(
    ("stem", "leaks"),
    [
        ("and he sees four red spots today", True),
        ("and he sees four red cats today", True),  # four words in a row
        ("and he has four red spots today", False),  # three
        ("spots red for many people today now", False),  # 3 of 10 different words
        ("spots red four sees", True),  # 5 of 6, in another order
    ],
)
def test_a_run_of_words_or_most_of_the_words_gives_a_question_away(stem, leaks):
    taught = [build_pair(1, "a", "key", symptom="he sees four red spots")]
    asked = [build_question(1, "b", stem=stem, options=("key", "x", "y", "z"))]
    leak = find_leaks(taught, asked, PLAN)
    assert bool(leak) is leaks
    assert not leak or (leak[0].question, leak[0].pair) == (asked[0], taught[0])


@pytest.mark.parametrize(("similarity", "leaks"), [(5 / 8, True), (5 / 8 + 0.001, False)])
def test_a_text_gives_a_question_away_from_its_likeness_on(similarity, leaks):
    taught = [build_pair(1, "a", "key", symptom="one two three four five six")]
    asked = [
        build_question(1, "b", stem="four three two one other", options=("key", "x", "y", "z"))
    ]
    index = TrainingTextIndex(taught, ValidationPlan(leak_ngram=9, leak_similarity=similarity))
    index.index.query = lambda sketch: ["pair-0001"]  # whatever the sketches' luck
    assert bool(index.find_leak(asked[0])) is leaks


def test_a_pair_that_holds_a_run_twice_is_one_owner_and_the_first_pair_is_told():
    run = "one two three four"
    taught = [build_pair(i, "a", "key", symptom=f"{run} {i} {run}") for i in range(3)]
    asked = build_question(1, "b", stem=f"so {run}", options=("x", "y", "z", "w"))
    index = TrainingTextIndex(taught, PLAN)
    owners = index.pair_ids_by_run[hash(("one", "two", "three", "four"))]
    assert owners == [f"pair-{i:04}" for i in range(3)]
    assert index.find_leak(asked).pair == taught[0]
