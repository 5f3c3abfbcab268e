"""Item-writing flaws by rule (after arXiv 2307.08161): each rule names one flaw and the values that decided.

Calibrated so that names of neighbouring conditions may share words («کم‌خونی فقر آهن», «کم‌خونی داسی‌شکل»): where all four
options are names that the book gives to its sections, lengths and shared words are the book's, not the writer's.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from tasks.text import latin_digits
from tasks.validation.items import Item
from tasks.validation.keys import in_order, leading_number
from tasks.validation.names import folded_words, holds, name, title
from tasks.validation.support import Why
from tasks.validation.topics import stems, supported
from tasks.validation.wording import Wording, is_negative, matches

CHECK = "flaws"
LONGER = 2.0  # a key so many times as long as the longest distractor stands out
LONGER_BY = 20  # characters; below it the ratio says nothing
SHARED = 0.67  # share of the key's words in the stem that gives it away
SHORTEST = 3  # words of a vignette or stem
LONGEST_NAME = 14  # words of a diagnosis


class Paper(NamedTuple):
    """An item with what the rules look at."""

    item: Item
    patterns: Wording
    quote: str = ""
    topic: str = ""  # what the quoted lines are about
    topic_text: str = ""  # what they say; empty for a person's own items
    titles: frozenset[str] = frozenset()

    @property
    def has_title_options(self) -> bool:
        """All options are names of the book's sections."""
        return bool(self.titles) and all(title(o) in self.titles for o in self.item.options)

    def get_content_stems(self, text: str) -> set[str]:
        """Stems of the words that carry meaning."""
        return {s for w in folded_words(text) if w not in self.patterns.function_words and len(w) > 2 for s in stems(w)}


Rule = Callable[[Paper], str | None]


def flaws(paper: Paper) -> list[Why]:
    """Every flaw of an item; sound items have none."""
    rules = QUESTION_RULES if paper.item.kind == "question" else PAIR_RULES
    return [Why(label, detail) for label, rule in rules.items() if (detail := rule(paper)) is not None]


def repeated_options(paper: Paper) -> str | None:
    squeezed = [name(o).replace(" ", "") or o for o in paper.item.options]
    return " / ".join(paper.item.options) if len(set(squeezed)) < len(squeezed) else None


def overlapping_options(paper: Paper) -> str | None:
    """One option says all that another says, and more; or two ranges of numbers meet."""
    options = paper.item.options
    for i, one in enumerate(options):
        for j, other in enumerate(options):
            both_named = {title(one), title(other)} <= paper.titles
            if i != j and not both_named and name(one) != name(other) and _contains(other, one, paper.patterns):
                return f"«{other}» contains «{one}»"
    ranges = sorted(r for r in (_range(o) for o in options) if r)
    meeting = [(a, b) for a, b in pairwise(ranges) if b[0] < a[1]]
    return f"ranges {meeting[0]}" if len(ranges) == len(options) and meeting else None


def _contains(whole: str, part: str, words: Wording) -> bool:
    """The part and something joined to it by «and», or the part as the broader name of the whole."""
    joined = any(name(piece) == name(part) for piece in re.split(f"{words.also}|،|,", whole)) if words.also else False
    return joined or (len(folded_words(part)) > 1 and f" {name(whole)} ".startswith(f" {name(part)} "))


def _range(option: str) -> tuple[float, float] | None:
    found = re.fullmatch(r"\D*(\d+(?:[.٫]\d+)?)\s*(?:تا|الی|to|-|–)\s*(\d+(?:[.٫]\d+)?)\D*", latin_digits(option))
    return (float(found[1].replace("٫", ".")), float(found[2].replace("٫", "."))) if found else None


def all_or_none(paper: Paper) -> str | None:
    return next((o for o in paper.item.options if matches(paper.patterns.all_or_none, name(o))), None)


def placeholder(paper: Paper) -> str | None:
    """An option that says nothing."""
    return next((o for o in paper.item.options if matches(paper.patterns.placeholder, name(o)) and leading_number(o) is None), None)


def told_key(paper: Paper) -> str | None:
    """The stem or an option says which option is right."""
    texts = (paper.item.text, *paper.item.options)
    return next((t[:120] for t in texts if matches(paper.patterns.told_answer, t)), None)


def long_key(paper: Paper) -> str | None:
    """The key is much longer than every distractor."""
    key, longest = len(paper.item.key), max(map(len, paper.item.distractors), default=0)
    stands_out = key >= LONGER * longest and key - longest >= LONGER_BY
    return f"{key} characters, the next {longest}" if stands_out and not paper.has_title_options else None


def shared_words(paper: Paper) -> str | None:
    """The stem holds the words of the key and not those of the distractors."""
    stem = paper.get_content_stems(paper.item.text)
    shares = [_share(paper.get_content_stems(o), stem) for o in (paper.item.key, *paper.item.distractors)]
    told = holds(paper.item.text, paper.item.key) and not any(holds(paper.item.text, o) for o in paper.item.distractors)
    alone = shares[0] >= SHARED and max(shares[1:]) < SHARED / 2
    return f"«{paper.item.key}» shares {shares[0]:.0%} of its words with the stem" if told or alone else None


def _share(words: set[str], stem: set[str]) -> float:
    return len(words & stem) / len(words) if words else 0.0


def grammar(paper: Paper) -> str | None:
    """Only the key fits the stem's article, or only the key ends like a sentence."""
    key, others = paper.item.key, paper.item.distractors
    article = re.search(r"\b(an?)\s*[:…_.]*$", paper.item.text.strip().lower())
    if article:
        fits = [o for o in paper.item.options if (o.strip().lower()[:1] in "aeiou") == (article[1] == "an")]
        if fits == [key]:
            return f"only «{key}» fits «{article[1]}»"
    ends = [o.rstrip()[-1:] in (".", "!", "؛") for o in (key, *others)]
    return f"only «{key}» ends like a sentence" if ends[0] and not any(ends[1:]) and not key.isascii() else None


def unmarked_negative(paper: Paper) -> str | None:
    """The stem asks what does not hold, and the negative word is not set off."""
    found = is_negative(paper.item.text, paper.patterns)
    marked = re.search(paper.patterns.marked_negative, paper.item.text)
    return found[0][:80] if found and not marked else None


def no_question(paper: Paper) -> str | None:
    """Neither a question mark, nor a question word, nor a blank to fill in."""
    text = paper.item.text
    asks = re.search(r"[?؟？]", text) or re.search(r"(?:[:：…]|\.{3}|_{2,})\s*$|_{3,}", text)
    return text[-80:] if not asks and not set(folded_words(text)) & paper.patterns.question_words else None


def too_short(paper: Paper) -> str | None:
    text = paper.item.text
    return text if len(folded_words(text)) < SHORTEST and len(text) < SHORTEST * 4 else None


def absolute_terms(paper: Paper) -> str | None:
    """«Always», «never»: such options are seldom right; what the book itself says so is left alone."""
    said = set(folded_words(paper.quote))
    found = [(o, w) for o in paper.item.options for w in folded_words(o) if w in paper.patterns.absolute and w not in said]
    return f"«{found[0][1]}» in «{found[0][0]}»" if found else None


def numbers_out_of_order(paper: Paper) -> str | None:
    numeric = all(leading_number(o) is not None for o in paper.item.options)
    return " / ".join(paper.item.options) if numeric and not in_order(paper.item.options) else None


def several_right(paper: Paper) -> str | None:
    """The quoted passage supports a distractor too."""
    if not paper.topic_text or is_negative(paper.item.text, paper.patterns):
        return None
    key = title(paper.item.key)
    if key == paper.topic or (key in paper.titles and not holds(paper.item.text, paper.topic)):
        return None  # it asks which condition it is, and the passage is about one
    right = [o for o in paper.item.distractors if supported(o, paper.topic_text)]
    return f"the passage supports «{right[0]}» too" if right else None


def speaks_of_text(paper: Paper) -> str | None:
    """«According to the passage»: whoever answers sees none."""
    found = matches(paper.patterns.source, paper.item.text)
    return found[0] if found else None


def two_questions(paper: Paper) -> str | None:
    """More than one thing is asked, so no option answers all."""
    unquoted = re.sub(r"«[^»]*»|\"[^\"]*\"", "", paper.item.text)
    pieces = [p for p in re.split(r"[?؟？]", unquoted) if set(folded_words(p)) & paper.patterns.question_words]
    return unquoted[-120:] if len(pieces) > 1 else None


def told_diagnosis(paper: Paper) -> str | None:
    return paper.item.diagnosis if holds(paper.item.text, paper.item.diagnosis) else None


def not_one_diagnosis(paper: Paper) -> str | None:
    """A definite or most probable diagnosis is one name."""
    item = paper.item
    several = matches(paper.patterns.either, f" {item.diagnosis} ") and title(item.diagnosis) not in paper.titles
    sentence = len(folded_words(item.diagnosis)) > LONGEST_NAME or re.search(r"[?؟]", item.diagnosis)
    empty = matches(paper.patterns.placeholder, name(item.diagnosis))
    act = matches(paper.patterns.act, name(item.diagnosis)) and title(item.diagnosis) not in paper.titles
    return item.diagnosis[:120] if several or sentence or empty or act else None


def sign_for_diagnosis(paper: Paper) -> str | None:
    """The diagnosis is one line of a list from which the vignette takes another line: one more sign."""
    lines = {name(line) for line in paper.topic_text.split("\n")}
    others = [line for line in lines if line != name(paper.item.diagnosis) and holds(paper.item.text, line)]
    is_sign = name(paper.item.diagnosis) in lines and title(paper.item.diagnosis) not in paper.titles
    return paper.item.diagnosis if is_sign and others else None


def no_vignette(paper: Paper) -> str | None:
    """The vignette asks instead of telling."""
    return paper.item.text[-80:] if re.search(r"[?؟]\s*$", paper.item.text) else None


QUESTION_RULES: dict[str, Rule] = {
    "repeated options": repeated_options,
    "overlapping options": overlapping_options,
    "all or none of the above": all_or_none,
    "an option that says nothing": placeholder,
    "answer told in the item": told_key,
    "key given away by its length": long_key,
    "key given away by words of the stem": shared_words,
    "key given away by grammar": grammar,
    "negative stem unmarked": unmarked_negative,
    "stem without a question": no_question,
    "two questions in one": two_questions,
    "speaks of a text": speaks_of_text,
    "too short": too_short,
    "absolute terms": absolute_terms,
    "numbers out of order": numbers_out_of_order,
    "more than one option supported": several_right,
}
PAIR_RULES: dict[str, Rule] = {
    "diagnosis in the vignette": told_diagnosis,
    "not one diagnosis": not_one_diagnosis,
    "a sign for a diagnosis": sign_for_diagnosis,
    "speaks of a text": speaks_of_text,
    "vignette ends in a question": no_vignette,
    "answer told in the item": told_key,
    "too short": too_short,
}
