"""The place of an item in the book: its page where it is told, the only place where it is not, and what was repaired on the way."""

import pytest

from tasks.schemas.item_rows import Passage
from tasks.validation.checks.grounding import ground_item
from tasks.validation.checks.passage_index import PassageIndex
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import get_language_patterns

EN = get_language_patterns("en")
SIGNS = "Gout shows swelling of the great toe and sudden pain at night."
LONG = " ".join(f"word{i}" for i in range(40))


def passage(page: int, text: str, section: str = "Gout") -> Passage:
    return Passage(id=f"p{page}", chapter="Care", section=section, heading="", page=page, text=text)


BOOK = [
    passage(1, SIGNS),
    passage(2, f"{SIGNS} {LONG}"),
    passage(3, "Gout shows no rash. Crystals are seen."),
    passage(4, "Mumps shows swelling of the great toe too. Earache is common.", "Mumps"),
]


def ground(quote: str, page: int | None = None, shown=BOOK, **more):
    given = {"text": "Who has a great toe that swells?", "diagnosis": "Gout"} | more
    item = ParsedItem("d", "pair", raw="", quote=quote, page=page, **given)
    return ground_item(item, list(shown), PassageIndex(BOOK), EN, "en")


def test_a_quote_on_its_page_is_cut_out_and_nothing_is_repaired():
    found = ground("sudden pain at night", 2)
    assert found.passage == BOOK[1] and found.repairs == ()
    place = found.quote
    assert (place.passage_id, place.page, place.text) == ("p2", 2, "sudden pain at night")
    assert BOOK[1].text[place.start : place.end] == place.text


def test_a_wrong_page_is_repaired_where_the_quote_has_one_place_and_refused_where_it_has_two():
    found = ground("word1 word2", 9)
    assert found.quote.page == 2 and found.repairs == ("page",)
    refused = ground("sudden pain at night", 9)
    assert refused.quote is None and refused.passage is None and refused.repairs == ()
    assert all(number in str(refused) for number in "912")


def test_a_page_that_is_not_told_takes_the_first_place():
    found = ground("sudden pain at night")
    assert found.quote.page == 1 and found.repairs == ("page",)


def test_other_spacing_is_told_as_a_repair():
    found = ground("sudden  pain at\nnight", 1)
    assert found.quote.text == "sudden pain at night"
    assert len(found.repairs) == 1 and "wording" in found.repairs[0]


def test_of_two_places_the_one_that_supports_the_item_is_taken():
    found = ground("shows swelling of the great toe", shown=BOOK[3:] + BOOK[:1])
    assert found.passage == BOOK[0]
    alone = ground("shows swelling of the great toe", 4, shown=BOOK[3:] + BOOK[:1])
    assert alone.fault and alone.passage == BOOK[3], "on its page it supports another"
    assert "mumps" in str(alone) and "neighbour" in str(alone)


def test_a_place_that_cuts_no_negation_is_taken_before_one_that_does():
    shown = [BOOK[2], passage(5, "Gout shows a rash.")]
    item = ParsedItem("d", "pair", "A man.", "", diagnosis="Gout", quote="rash")
    assert ground_item(item, shown, PassageIndex(shown), EN, "en").passage == shown[1]


@pytest.mark.parametrize("length", [0, 1])
def test_a_quote_of_less_than_two_characters_is_none_and_the_item_is_told_in_60(length):
    found = ground("x" * length, text=LONG)
    assert found.quote is None and LONG[:60] in str(found) and LONG[:61] not in str(found)
    assert "no quote" in str(found).replace("-", " ")


def test_two_characters_are_a_quote():
    assert ground("of", 1).quote.text == "of"


@pytest.mark.parametrize(
    ("quote", "label"),
    [(f"{LONG} {LONG}", "quote not in the passages"), ("rash", "quote leaves out a negation")],
)
def test_a_quote_that_is_nowhere_or_cut_is_told_in_120_characters(quote, label):
    found = ground(quote, 3)
    assert found.quote is None and label in str(found).replace("-", " ")
    assert quote[:120] in str(found) and (len(quote) < 120 or quote[:121] not in str(found))
