"""The last try for a quote: the same words in the same order, at most one slip of the pen in a long
one.

A slip is forgiven only in a word that the book does not know otherwise, never in a number, a
negation, a word of another
script (a drug), or near the word's beginning, where hypo- and hyper- differ.
"""

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from tasks.schemas.item_rows import Passage
from tasks.validation.checks.passage_index import PassageIndex
from tasks.validation.language_patterns import LanguagePatterns
from tasks.validation.term_matching import fold_words

MIN_LIKENESS = 92.0  # of 100; below it no slip of the pen explains the difference
MIN_SLIP_WORD_LETTERS = 7  # letters of a word that may hold a slip
EXACT_PREFIX_LETTERS = 3  # first letters that must be equal
MIN_SLIP_QUOTE_WORDS = 6  # a shorter quote must be exact


def align_quote(
    quote: str, passage: Passage, shelf: PassageIndex, words: LanguagePatterns
) -> tuple[int, int] | None:
    """(start, end) of the passage's words that the quote copies with one slip."""
    wanted = fold_words(quote)
    letters, places = shelf.get_view(passage)
    if len(wanted) < MIN_SLIP_QUOTE_WORDS or not letters:
        return None
    found = fuzz.partial_ratio_alignment("".join(wanted), letters, score_cutoff=MIN_LIKENESS)
    if found is None or found.dest_end <= found.dest_start:
        return None
    start, end = _extend_to_words(
        passage.text, places[found.dest_start], places[found.dest_end - 1] + 1
    )
    return (
        (start, end)
        if _has_one_slip(wanted, fold_words(passage.text[start:end]), shelf, words)
        else None
    )


def _extend_to_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start and _is_word_character(text[start - 1]):
        start -= 1
    while end < len(text) and _is_word_character(text[end]):
        end += 1
    return start, end


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "\u200c"


def _has_one_slip(
    quote: list[str], book: list[str], shelf: PassageIndex, words: LanguagePatterns
) -> bool:
    """Equal but for one forgivable word."""
    if len(quote) != len(book):
        return False
    differing = [(q, b) for q, b in zip(quote, book, strict=True) if q != b]
    return len(differing) == 1 and _is_forgivable(*differing[0], shelf, words)


def _is_forgivable(quoted: str, book: str, shelf: PassageIndex, words: LanguagePatterns) -> bool:
    if (
        len(book) < MIN_SLIP_WORD_LETTERS
        or quoted[:EXACT_PREFIX_LETTERS] != book[:EXACT_PREFIX_LETTERS]
        or OSA.distance(quoted, book) != 1
    ):
        return False
    plain = all(c.isalpha() for c in quoted + book) and not (quoted + book).isascii()
    return plain and quoted not in shelf.vocabulary and not {quoted, book} & words.negations
