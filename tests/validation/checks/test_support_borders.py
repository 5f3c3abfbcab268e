"""Each rule of the support by a quote at its border: what is refused, and what is a step from it."""

import pytest

from tasks.schemas.item_rows import Passage
from tasks.validation.checks import quote_support as rules
from tasks.validation.checks.passage_index import PassageIndex
from tasks.validation.checks.quote_support import SupportCase
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import get_language_patterns

EN = get_language_patterns("en")
TEXTS = {
    "Gout": "Gout shows swelling of the great toe, redness, crystals and sudden pain at night.",
    "Measles": "Measles begins with fever, cough, conjunctivitis and spots inside the cheek.",
    "Mumps": "Mumps causes parotid swelling, earache and fever without any rash.",
    "Asthma": "Asthma shows wheezing, tightness and cough after exercise; there is no fever.",
}
BOOK = [
    Passage(id=name, chapter="Care", section=name, heading="Signs", page=i, text=text)
    for i, (name, text) in enumerate(TEXTS.items(), 1)
]
SHELF = PassageIndex(BOOK)


def build_case(
    key: str,
    text: str = "Which sign is it?",
    others: tuple[str, ...] = ("x", "y", "z"),
    topic: str = "gout",
    said: str = "",
    quote: str = "",
    **more,
) -> SupportCase:
    """A question on Gout with this key; `said`: what the passage says instead."""
    about, ocr = more.pop("about", "other"), more.pop("ocr", False)
    passage = next(p for p in BOOK if p.section.lower() == topic).model_copy(update={"ocr": ocr})
    passage = passage.model_copy(update=more)
    options = (key, *others)
    item = ParsedItem("d", "question", text, "", options=options, answer=1, about=about)
    said = said or passage.text
    return SupportCase(item, passage, quote or said, topic, SHELF, EN, said)


def as_pair(case: SupportCase, text: str) -> SupportCase:
    item = ParsedItem("d", "pair", text, "", diagnosis=case.item.options[0])
    return case._replace(item=item)


@pytest.mark.parametrize(
    ("key", "text", "about", "is_name"),
    [
        ("Gout", "Which condition is it?", "other", True),
        ("toe", "Which condition is it?", "other", False),
        ("Measles", "Which condition is it?", "other", True),
        ("Measles", "Which rash is a sign like that?", "symptoms", False),
        ("Measles", "Which one follows?", "complications", False),
        ("Measles", "What else than gout is it?", "other", False),
        ("Gout", "Is it a sign of gout?", "symptoms", True),
    ],
)
def test_a_key_is_a_condition_s_name_unless_the_item_asks_what_the_condition_has(
    key, text, about, is_name
):
    assert build_case(key, text, about=about).is_name is is_name


def test_a_key_of_another_topic_than_the_quote_s_is_refused_unless_its_heading_names_it():
    assert rules.find_other_topic(build_case("Measles"))
    assert not rules.find_other_topic(build_case("Gout"))
    assert not rules.find_other_topic(build_case("toe"))
    assert not rules.find_other_topic(build_case("Measles", heading="Measles"))


@pytest.mark.parametrize(
    ("text", "topic", "refused"),
    [
        ("What does asthma with wheezing and tightness show?", "gout", True),
        ("What does asthma with wheezing and tightness show?", "asthma", False),
        ("What does gout show, unlike asthma?", "gout", False),
        ("What shows swelling of the toe, redness and crystals, not asthma?", "gout", False),
        ("What shows wheezing and tightness?", "gout", False),  # names no condition
    ],
)
def test_a_stem_on_one_condition_with_a_quote_of_another_is_refused(text, topic, refused):
    assert bool(rules.find_other_subject(build_case("cough", text, topic=topic))) is refused


@pytest.mark.parametrize(
    ("covered", "refused"),
    [
        ({"gout": 0.5, "asthma": 0.5}, False),
        ({"gout": 0.4, "asthma": 0.5}, True),
        ({"asthma": 0.1}, True),
        ({}, False),
    ],
)
def test_the_condition_that_the_stem_names_must_cover_more_of_it(covered, refused, monkeypatch):
    monkeypatch.setattr(SHELF.topics, "compute_topic_coverage", lambda text: covered)
    case = build_case("cough", "What does asthma show?")
    assert bool(rules.find_other_subject(case)) is refused


def test_a_pair_and_a_question_for_a_name_have_no_other_subject():
    text = "What does asthma with wheezing and tightness show?"
    assert not rules.find_other_subject(build_case("Gout", text))
    assert not rules.find_other_subject(as_pair(build_case("cough"), text))


FIVE = "alpha beta gamma delta zeta"  # five words that no passage holds


@pytest.mark.parametrize(
    ("key", "about", "refused"),
    [
        ("alpha beta redness crystals pain", "diagnosis", False),  # three of five are held
        ("alpha beta gamma redness crystals", "diagnosis", True),
        ("alpha beta gamma redness crystals", "other", False),  # it may say the same otherwise
        (FIVE, "diagnosis", True),
        (FIVE, "other", False),  # nowhere in the book
        ("earache and fever", "other", True),  # a phrase of another passage
        ("fever and earache", "other", False),  # its words only
        ("the of a", "other", False),
        ("Gout", "diagnosis", False),
    ],
)
def test_a_key_needs_three_fifths_of_its_words_in_the_passage(key, about, refused):
    assert bool(rules.find_unsupported_key(build_case(key, about=about))) is refused


def test_a_key_whose_quote_is_another_option_is_refused_though_nothing_of_it_is_held():
    held = build_case(FIVE, others=("sudden pain", "y", "z"), quote="Sudden pain")
    assert rules.find_unsupported_key(held)
    assert not rules.find_unsupported_key(held._replace(quote="pain"))


@pytest.mark.parametrize(
    ("key", "refused"),
    [
        ("redness swelling krystals", True),
        ("redness swelling toe cristals", True),
        ("redness swelling toe xqzwkj", False),  # like no word
        ("redness swelling toe wheezing", False),  # another passage has it
        ("redness swelling toe sudde", False),  # five letters
        ("redness swelling toe xudden", True),  # six
        ("redness swelling toe xight", False),  # five
    ],
)
def test_a_long_word_like_one_of_the_passage_and_unknown_to_the_book_is_a_slip(key, refused):
    assert bool(rules.find_unsupported_key(build_case(key))) is refused


@pytest.mark.parametrize(
    ("key", "text", "said", "refused"),
    [
        ("fever", "Which sign?", "there is no fever", True),
        ("fever", "Which sign?", "there is no fever, but later fever", False),
        ("no fever", "Which sign?", "there is no fever", False),
        ("no fever or cough", "Which sign?", "there is fever and cough", True),
        ("no fever or cough", "Which sign?", "there is fever and cough, no rash", False),
        ("fever", "Which sign?", "there is fever", False),
        ("fever", "Which sign?", "no rash, but fever", False),
    ],
)
def test_a_key_that_the_passage_only_denies_is_refused(key, text, said, refused):
    assert bool(rules.find_unsupported_key(build_case(key, text, said=said))) is refused


FA = get_language_patterns("fa")


@pytest.mark.parametrize(
    ("key", "text", "quote", "refused"),
    [
        ("تب", "کدام نشانه؟", "تب دیده نمی‌شود", True),
        ("تب", "کدام نشانه؟", "تب دیده می‌شود", False),
        ("تب", "کدام نشانه؟", "تب دیده نمی‌شود؛ تب دیده می‌شود", False),
        ("تب", "کدام نشانه؟", "لرز دیده نمی‌شود؛ تب دیده می‌شود", False),
        ("تب", "کدام نشانه دیده نمی‌شود؟", "تب دیده نمی‌شود", False),
        ("تب", "بدون چه؟", "تب دیده نمی‌شود", False),
    ],
)
def test_a_key_that_its_clause_s_verb_denies_is_refused(key, text, quote, refused):
    case = build_case(key, text, said="تب و لرز", quote=quote)._replace(patterns=FA)
    assert rules._is_denied_by_quote(case) is refused


@pytest.mark.parametrize(
    ("key", "said", "refused"),
    [
        ("5 days", "it lasts 5 days", False),
        ("5 days", "it lasts five days", False),
        ("5 days", "it lasts 6 days", True),
        ("5 or 6 days", "it lasts 6 days", True),
        ("days", "it lasts 6 days", False),
        ("140/90", "it is 140 / 95", True),
    ],
)
def test_a_number_of_the_key_stands_in_the_passage_as_digits_or_word(key, said, refused):
    assert bool(rules.find_invented_number(build_case(key, said=said))) is refused


@pytest.mark.parametrize(
    ("key", "text", "quote", "ocr", "refused"),
    [
        ("5 days", "How long?", "it lasts", True, True),
        ("5 days", "How long?", "it lasts", False, False),
        ("days", "What lasts 5?", "it lasts 5 days", True, True),
        ("days", "What lasts 5?", "it lasts", True, False),
        ("days", "What lasts?", "it lasts 5 days", True, False),
    ],
)
def test_a_number_that_was_read_from_a_picture_grounds_nothing(key, text, quote, ocr, refused):
    assert bool(rules.find_ocr_number(build_case(key, text, quote=quote, ocr=ocr))) is refused


@pytest.mark.parametrize(
    ("covered", "others", "refused"),
    [
        ({"gout": 0.7, "mumps": 1.0}, ("Mumps", "y", "z"), False),
        ({"gout": 0.699, "mumps": 1.0}, ("Mumps", "y", "z"), True),
        ({"gout": 0.595, "mumps": 1.0}, ("x", "y", "Asthma"), False),  # no option: 0.85 of it
        ({"gout": 0.594, "mumps": 1.0}, ("x", "y", "Asthma"), True),
        ({"mumps": 0.1}, ("Mumps", "y", "z"), True),
        ({}, ("Mumps", "y", "z"), False),
    ],
)
def test_another_condition_fits_better_where_the_key_covers_less_than_seven_tenths_of_it(
    covered, others, refused, monkeypatch
):
    monkeypatch.setattr(SHELF.topics, "compute_topic_coverage", lambda text: covered)
    case = build_case("Gout", "A man has it.", others)
    assert bool(rules.find_better_fit(case)) is refused


def test_a_rival_that_the_stem_names_and_a_book_of_two_topics_are_no_comparison(monkeypatch):
    monkeypatch.setattr(SHELF.topics, "compute_topic_coverage", lambda text: {"mumps": 1.0})
    assert rules.find_better_fit(build_case("Gout", "A man has it."))
    assert not rules.find_better_fit(build_case("Gout", "A man has it, not mumps."))
    assert not rules.find_better_fit(build_case("toe", "A man has it."))
    for number, refused in ((3, True), (2, False)):
        small = PassageIndex(BOOK[:1] + BOOK[2 : 1 + number])
        monkeypatch.setattr(small.topics, "compute_topic_coverage", lambda text: {"mumps": 1.0})
        case = build_case("Gout", "A man has it.")._replace(passage_index=small)
        assert bool(rules.find_better_fit(case)) is refused


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("No swelling, no redness.", True),  # both of two
        ("No swelling, but redness.", False),
        ("No swelling, no redness, but crystals and sudden pain.", False),  # two of four
        ("No swelling, no redness, but sudden.", True),  # two of three
        ("No swelling.", False),  # a single one
        ("No wheezing, no tightness.", False),  # not of this condition
        ("without one two three swelling redness", False),  # four words behind it
        ("without one two swelling redness", True),
    ],
)
def test_a_vignette_that_denies_most_of_the_key_s_signs_is_refused(text, refused):
    assert bool(rules.find_denied_signs(build_case("Gout", text))) is refused


def test_signs_that_the_passage_denies_too_speak_for_the_key():
    said = "Gout shows no swelling, no redness."
    assert not rules.find_denied_signs(build_case("Gout", "No swelling, no redness.", said=said))
    assert not rules.find_denied_signs(build_case("toe", "No swelling, no redness."))


@pytest.mark.parametrize(
    ("key", "others", "refused"),
    [
        ("rash", ("redness", "crystals", "sudden pain"), False),
        ("swelling", ("redness", "crystals", "sudden pain"), True),
        ("rash", ("redness", "crystals", "fever"), True),
    ],
)
def test_asked_what_does_not_hold_the_three_others_must_hold_and_the_key_not(key, others, refused):
    stem = "Which of these is NOT a sign of gout?"
    case = build_case(key, stem, others)
    fault = rules.find_unsupported_distractors(case)
    assert (fault.code if fault else "") == ("distractors-not-supported" if refused else "")
    place = (0, len(case.passage.text))
    assert bool(rules.check_support(case.item, case.passage, place, SHELF, EN)) is refused
