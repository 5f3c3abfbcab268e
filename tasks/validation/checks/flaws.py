"""Item-writing flaws by rule (after arXiv 2307.08161): each rule names one flaw and the values that
decided.

Calibrated so that names of neighbouring conditions may share words («کم‌خونی فقر آهن», «کم‌خونی
داسی‌شکل»): where all four
options are names that the book gives to its sections, lengths and shared words are the book's, not
the writer's.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from tasks.schemas.messages import Message, Share, Value, build_message
from tasks.validation.checks.option_overlap import contains_option, parse_range
from tasks.validation.items import ParsedItem
from tasks.validation.language_patterns import LanguagePatterns, match_negative_stem, search_folded
from tasks.validation.roles import share_a_role
from tasks.validation.splitting.answer_positions import is_in_order, parse_leading_number
from tasks.validation.term_matching import (
    contains_phrase,
    fold_words,
    normalize_name,
    normalize_title,
    stem_of,
)

CHECK_NAME = "flaws"
_BARE_MARKS = (["a", "b", "c", "d"], ["الف", "ب", "ج", "د"])
KEY_LENGTH_RATIO = 2.0  # a key so many times as long as the longest distractor stands out
KEY_LENGTH_EXCESS = 20  # characters; below it the ratio says nothing
KEY_WORD_SHARE = 0.67  # share of the key's words in the stem that gives it away
MIN_TEXT_WORDS = 3  # words of a vignette or stem
MAX_DIAGNOSIS_WORDS = 14  # words of a diagnosis
MAX_CONCLUSION_WORDS = 40  # words of what follows from a situation, or of an answer: a sentence


class FlawContext(NamedTuple):
    """An item with what the rules look at."""

    item: ParsedItem
    patterns: LanguagePatterns
    quote: str = ""
    topic: str = ""  # what the quoted lines are about
    topic_text: str = ""  # what they say; empty for a person's own items
    titles: frozenset[str] = frozenset()

    @property
    def has_title_options(self) -> bool:
        """All options are names of the book's sections."""
        return bool(self.titles) and all(
            normalize_title(o) in self.titles for o in self.item.options
        )

    def get_content_stems(self, text: str) -> set[str]:
        """The words that carry meaning, without their endings."""
        return {
            stem_of(w)
            for w in fold_words(text)
            if w not in self.patterns.function_words and len(w) > 2
        }


Values = dict[str, Value]
FlawRule = Callable[[FlawContext], Values | str | None]  # a text alone: what was found


def find_flaws(paper: FlawContext) -> list[Message]:
    """Every flaw of an item; sound items have none."""
    rules = QUESTION_RULES if paper.item.kind == "question" else PAIR_RULES
    return [
        build_message(code, **({"text": found} if isinstance(found, str) else found))
        for code, rule in rules.items()
        if (found := rule(paper)) is not None
    ]


def find_repeated_options(paper: FlawContext) -> str | None:
    squeezed = [normalize_name(o).replace(" ", "") or o for o in paper.item.options]
    return " / ".join(paper.item.options) if len(set(squeezed)) < len(squeezed) else None


def find_overlapping_options(paper: FlawContext) -> Values | None:
    """One option says all that another says, and more."""
    options = paper.item.options
    for i, one in enumerate(options):
        for j, other in enumerate(options):
            both_named = {normalize_title(one), normalize_title(other)} <= paper.titles
            if (
                i != j
                and not both_named
                and normalize_name(one) != normalize_name(other)
                and contains_option(other, one, paper.patterns)
            ):
                return {"whole": other, "part": one}
    return None


def find_overlapping_ranges(paper: FlawContext) -> Values | None:
    """Two options are ranges of numbers that meet."""
    ranges = [(r, o) for o in paper.item.options if (r := parse_range(o))]
    meeting = [(a[1], b[1]) for a, b in pairwise(sorted(ranges)) if b[0][0] < a[0][1]]
    return {"ranges": meeting[0]} if len(ranges) == len(paper.item.options) and meeting else None


def find_all_or_none(paper: FlawContext) -> str | None:
    return next(
        (
            o
            for o in paper.item.options
            if search_folded(paper.patterns.all_or_none, normalize_name(o))
        ),
        None,
    )


def find_placeholder(paper: FlawContext) -> str | None:
    """An option that says nothing; a letter alone can be a blood group, unless all four are the
    marks of a list.
    """
    if [normalize_name(o) for o in paper.item.options] in _BARE_MARKS:
        return " / ".join(paper.item.options)
    return next(
        (
            o
            for o in paper.item.options
            if search_folded(paper.patterns.placeholder, normalize_name(o))
            and parse_leading_number(o) is None
        ),
        None,
    )


def find_told_key(paper: FlawContext) -> str | None:
    """The stem or an option says which option is right."""
    texts = (paper.item.text, *paper.item.options)
    return next((t[:120] for t in texts if search_folded(paper.patterns.told_answer, t)), None)


def find_long_key(paper: FlawContext) -> Values | None:
    """The key is much longer than every distractor."""
    key, longest = len(paper.item.key), max(map(len, paper.item.distractors), default=0)
    stands_out = key >= KEY_LENGTH_RATIO * longest and key - longest >= KEY_LENGTH_EXCESS
    return {"key": key, "longest": longest} if stands_out and not paper.has_title_options else None


def find_shared_words(paper: FlawContext) -> Values | None:
    """The stem holds the words of the key and not those of the distractors."""
    stem = paper.get_content_stems(paper.item.text)
    shares = [
        _compute_share(paper.get_content_stems(o), stem)
        for o in (paper.item.key, *paper.item.distractors)
    ]
    told = contains_phrase(paper.item.text, paper.item.key) and not any(
        contains_phrase(paper.item.text, o) for o in paper.item.distractors
    )
    alone = shares[0] >= KEY_WORD_SHARE and max(shares[1:]) < KEY_WORD_SHARE / 2
    return {"key": paper.item.key, "share": Share(shares[0])} if told or alone else None


def _compute_share(words: set[str], stem: set[str]) -> float:
    return len(words & stem) / len(words) if words else 0.0


def find_grammar_clue(paper: FlawContext) -> Values | None:
    """Only the key fits the stem's article."""
    article = re.search(r"\b(an?)\s*[:…_.]*$", paper.item.text.strip().lower())
    if article is None:
        return None
    fits = [
        o for o in paper.item.options if (o.strip().lower()[:1] in "aeiou") == (article[1] == "an")
    ]
    return {"key": paper.item.key, "article": article[1]} if fits == [paper.item.key] else None


def find_sentence_key(paper: FlawContext) -> Values | None:
    """Only the key ends like a sentence."""
    key, others = paper.item.key, paper.item.distractors
    ends = [o.rstrip()[-1:] in (".", "!", "؛") for o in (key, *others)]
    return {"key": key} if ends[0] and not any(ends[1:]) and not key.isascii() else None


def find_unmarked_negative(paper: FlawContext) -> str | None:
    """The stem asks what does not hold, and the negative word is not set off."""
    found = match_negative_stem(paper.item.text, paper.patterns)
    marked = re.search(paper.patterns.marked_negative, paper.item.text)
    return found[0][:80] if found and not marked else None


def find_missing_question(paper: FlawContext) -> str | None:
    """Neither a question mark, nor a question word, nor a blank to fill in."""
    text = paper.item.text
    asks = re.search(r"[?؟？]", text) or re.search(r"(?:[:：…]|\.{3}|_{2,})\s*$|_{3,}", text)
    return (
        text[-80:]
        if not asks and not set(fold_words(text)) & paper.patterns.question_words
        else None
    )


def find_short_text(paper: FlawContext) -> str | None:
    text = paper.item.text
    return (
        text if len(fold_words(text)) < MIN_TEXT_WORDS and len(text) < MIN_TEXT_WORDS * 4 else None
    )


def find_absolute_terms(paper: FlawContext) -> Values | None:
    """«Always», «never»: such options are seldom right; what the book itself says so is
    left alone.
    """
    said = set(fold_words(paper.quote))
    found = [
        (o, w)
        for o in paper.item.options
        for w in fold_words(o)
        if w in paper.patterns.absolute and w not in said
    ]
    return {"word": found[0][1], "option": found[0][0]} if found else None


def find_unordered_numbers(paper: FlawContext) -> str | None:
    units = {tuple(fold_words(o)[1:]) for o in paper.item.options}  # 90 minutes come before 2 hours
    numeric = len(units) == 1 and all(
        parse_leading_number(o) is not None for o in paper.item.options
    )
    return (
        " / ".join(paper.item.options) if numeric and not is_in_order(paper.item.options) else None
    )


def find_second_right_option(paper: FlawContext) -> Values | None:
    """The quoted lines give a distractor the same part as the key: another item of one list, or
    "this and that".

    A distractor that the passage names otherwise (the contrasted condition, the second-commonest
    cause) may be wrong.
    """
    if not paper.topic_text or match_negative_stem(paper.item.text, paper.patterns):
        return None
    key = normalize_title(paper.item.key)
    if key == paper.topic or (
        key in paper.titles and not contains_phrase(paper.item.text, paper.topic)
    ):
        return None  # it asks which condition it is, and the passage is about one
    right = [
        o
        for o in paper.item.distractors
        if share_a_role(paper.item.key, o, paper.topic_text, paper.patterns)
    ]
    return {"option": right[0]} if right else None


def find_text_reference(paper: FlawContext) -> str | None:
    """«According to the passage»: whoever answers sees none."""
    found = search_folded(paper.patterns.source, paper.item.text)
    return found[0] if found else None


def find_two_questions(paper: FlawContext) -> str | None:
    """More than one thing is asked, so no option answers all."""
    unquoted = re.sub(r"«[^»]*»|\"[^\"]*\"", "", paper.item.text)
    pieces = [
        p
        for p in re.split(r"[?؟？]", unquoted)
        if set(fold_words(p)) & paper.patterns.question_words
    ]
    return unquoted[-120:] if len(pieces) > 1 else None


def find_told_diagnosis(paper: FlawContext) -> str | None:
    return paper.item.diagnosis if contains_phrase(paper.item.text, paper.item.diagnosis) else None


def find_unclear_diagnosis(paper: FlawContext) -> str | None:
    """A definite or most probable diagnosis is one name; a conclusion may be a sentence."""
    item = paper.item
    empty = search_folded(paper.patterns.placeholder, normalize_name(item.diagnosis))
    if not paper.patterns.medical:
        long = len(fold_words(item.diagnosis)) > MAX_CONCLUSION_WORDS
        asks = re.search(r"[?؟]\s*$", item.diagnosis)
        return item.diagnosis[:120] if long or asks or empty else None
    several = (
        search_folded(paper.patterns.either, f" {item.diagnosis} ")
        and normalize_title(item.diagnosis) not in paper.titles
    )
    sentence = len(fold_words(item.diagnosis)) > MAX_DIAGNOSIS_WORDS or re.search(
        r"[?؟]", item.diagnosis
    )
    act = (
        search_folded(paper.patterns.act, normalize_name(item.diagnosis))
        and normalize_title(item.diagnosis) not in paper.titles
    )
    return item.diagnosis[:120] if several or sentence or empty or act else None


def find_sign_as_diagnosis(paper: FlawContext) -> str | None:
    """The diagnosis is one line of a list from which the vignette takes another line: one more
    sign.
    """
    lines = {normalize_name(line) for line in paper.topic_text.split("\n")}
    others = [
        line
        for line in lines
        if line != normalize_name(paper.item.diagnosis) and contains_phrase(paper.item.text, line)
    ]
    is_sign = (
        normalize_name(paper.item.diagnosis) in lines
        and normalize_title(paper.item.diagnosis) not in paper.titles
    )
    return paper.item.diagnosis if paper.patterns.medical and is_sign and others else None


def find_question_ending(paper: FlawContext) -> str | None:
    """The vignette asks instead of telling; other books' pairs may ask."""
    asks = paper.patterns.medical and re.search(r"[?؟]\s*$", paper.item.text)
    return paper.item.text[-80:] if asks else None


def find_heading_as_diagnosis(paper: FlawContext) -> str | None:
    """«Treatment», «Causes and risk factors»: what is told under such a heading is no name."""
    item, known = paper.item, paper.patterns.heading_words
    content = set(fold_words(item.key)) - (paper.patterns.function_words - known)
    names = item.kind == "pair" or item.about == "diagnosis"
    return item.key if names and content and content <= known else None


QUESTION_RULES: dict[str, FlawRule] = {
    "repeated-options": find_repeated_options,
    "overlapping-options": find_overlapping_options,
    "overlapping-ranges": find_overlapping_ranges,
    "all-or-none-of-the-above": find_all_or_none,
    "an-option-that-says-nothing": find_placeholder,
    "answer-told-in-the-item": find_told_key,
    "key-given-away-by-its-length": find_long_key,
    "key-given-away-by-words-of-the-stem": find_shared_words,
    "key-given-away-by-grammar": find_grammar_clue,
    "key-given-away-by-its-ending": find_sentence_key,
    "negative-stem-unmarked": find_unmarked_negative,
    "stem-without-a-question": find_missing_question,
    "two-questions-in-one": find_two_questions,
    "speaks-of-a-text": find_text_reference,
    "too-short": find_short_text,
    "absolute-terms": find_absolute_terms,
    "numbers-out-of-order": find_unordered_numbers,
    "more-than-one-option-supported": find_second_right_option,
    "a-heading-for-an-answer": find_heading_as_diagnosis,
}
PAIR_RULES: dict[str, FlawRule] = {
    "diagnosis-in-the-vignette": find_told_diagnosis,
    "not-one-diagnosis": find_unclear_diagnosis,
    "a-sign-for-a-diagnosis": find_sign_as_diagnosis,
    "a-heading-for-an-answer": find_heading_as_diagnosis,
    "speaks-of-a-text": find_text_reference,
    "vignette-ends-in-a-question": find_question_ending,
    "answer-told-in-the-item": find_told_key,
    "too-short": find_short_text,
}
