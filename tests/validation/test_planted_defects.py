"""Planted defects: the gate stops at least 98 % of the bad items and at most 2 % of the good ones."""

from support.items.gate_measurement import BEGIN, DOCS, measure_gate

from tasks.language.language_pack import list_languages
from tasks.validation.language_patterns import get_language_patterns


def test_bad_items_are_stopped_and_good_ones_pass():
    found = measure_gate()
    stopped, planted = (sum(row[i] for row in found.bad.values()) for i in (0, 1))
    assert len(found.bad) >= 20 and planted >= 500
    assert stopped >= 0.98 * planted, found.missed
    assert found.good[1] >= 500 and found.good[0] <= 0.02 * found.good[1], found.wrongly
    assert all(row[0] >= 0.85 * row[1] for row in found.bad.values()), (
        found.missed
    )  # no kind is missed as a whole
    table = DOCS.read_text("utf-8").split(BEGIN)[1]
    assert all(f"| {name} |" in table for name in found.bad)


def test_wordings_hold_folded_words_only():
    for words in map(get_language_patterns, list_languages()):
        for held in (
            words.negations,
            words.function_words,
            words.sexes,
            words.absolute,
            words.question_words,
        ):
            assert all("\u200c" not in w and w == w.casefold() for w in held)
