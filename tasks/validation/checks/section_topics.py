"""What the book says about each of its sections, so that a vignette can be compared with the
condition it is to fit.
"""

import math
from collections import defaultdict
from collections.abc import Iterable

from tasks.schemas.item_rows import Passage
from tasks.validation.term_matching import (
    contains_phrase,
    find_numbers,
    fold_words,
    list_bracket_names,
    normalize_name,
    normalize_title,
)

STEM_LETTERS, LONG_WORD_LETTERS, LONG_STEM_LETTERS = (
    5,
    10,
    7,
    # letters that are compared, so that endings do not matter; hypert|ension and hyperth|yroidism
    # stay
    # apart
)
MAX_TITLE_WORDS = 8  # words


class SectionTopics:
    """The words of each named section, and of lines elsewhere that open with its name; rare words
    weigh more.
    """

    def __init__(self, passages: Iterable[Passage]) -> None:
        rows = list(passages)
        self.chapters = frozenset(normalize_title(p.chapter) for p in rows)
        self.titles = frozenset(normalize_title(p.section) for p in rows if p.section)
        self.aliases = {
            a: normalize_title(p.section)
            for p in rows
            for a in list_bracket_names(p.section)
            if a not in self.titles
        }
        self.all_names = self.titles | self.aliases.keys()
        self.stems_by_topic: dict[str, set[str]] = defaultdict(set)
        for passage in rows:
            for line in passage.text.split("\n"):
                if topic := self._find_line_topic(line, passage):
                    self.stems_by_topic[topic].update(list_stems(line))
        self.topics_by_stem: dict[str, list[str]] = defaultdict(list)
        for topic, held in self.stems_by_topic.items():
            for word in held:
                self.topics_by_stem[word].append(topic)
        self.stem_weights = {
            w: math.log(1 + len(self.stems_by_topic) / len(t))
            for w, t in self.topics_by_stem.items()
        }  # nats; a word of one topic weighs most

    def get_topic(self, passage: Passage, place: int) -> str:
        """The topic of the line at this place: the title that it opens with, else its section."""
        start = passage.text.rfind("\n", 0, place) + 1
        return self._find_line_topic(passage.text[start:].partition("\n")[0], passage)

    def get_topic_text(self, passage: Passage, place: int) -> str:
        """The lines of the passage that are about the same topic as the line at this place, under
        their titles.
        """
        topic = self.get_topic(passage, place)
        lines = [
            line
            for line in passage.text.split("\n")
            if self._find_line_topic(line, passage) == topic
        ]
        return "\n".join([*lines, passage.section, passage.heading])

    def get_canonical_title(self, text: str) -> str:
        """The title that a text names as a whole, else the text itself, for comparing."""
        called = normalize_title(text)
        return self.aliases.get(called, called)

    def find_titles(self, text: str) -> list[str]:
        """The titles that a text names, the longest of overlapping ones."""
        tokens = fold_words(text)
        found, at = list[str](), 0
        while at < len(tokens):
            run = next(
                (
                    n
                    for n in range(MAX_TITLE_WORDS, 0, -1)
                    if " ".join(tokens[at : at + n]) in self.titles
                ),
                0,
            )
            if run:
                found.append(" ".join(tokens[at : at + run]))
            at += run or 1
        return found

    def is_named(self, text: str, topic: str) -> bool:
        """Whether a text names a topic, also by what sets its title apart: «ریفلاکس معده» of
        «بیماری ریفلاکس معده».
        """
        words = topic.split()
        shared = {w for other in self.titles if other != topic for w in other.split()}
        own = [w for w in words if w not in shared and len(w) > 2]
        return topic in self.find_titles(text) or (
            bool(own) and len(words) > 1 and set(own) <= set(fold_words(text))
        )

    def compute_topic_coverage(self, text: str) -> dict[str, float]:
        """For each topic the weight of the text's words that it holds, as a share of all its words
        that the book holds.
        """
        own = sorted(set(list_stems(text)) & self.stem_weights.keys())
        whole = sum(self.stem_weights[w] for w in own)
        shares: dict[str, float] = defaultdict(float)
        for word in own:
            for topic in self.topics_by_stem[word]:
                shares[topic] += self.stem_weights[word] / whole
        return shares

    def _find_line_topic(self, line: str, passage: Passage) -> str:
        """In a review, under no title of its own, a line opens with what it is about; elsewhere a
        colon must follow.
        """
        section = normalize_title(passage.section)
        loose = not section or section in self.chapters
        opening = line[:120] if loose else line.partition(":")[0] if ":" in line[:120] else ""
        found = self.find_titles(" ".join(opening.split()[:MAX_TITLE_WORDS])) if opening else []
        begins = bool(found) and (
            normalize_name(opening).startswith(found[0])
            if loose
            else normalize_name(opening) == found[0]
        )
        return found[0] if begins and found[0] not in self.chapters else section


def list_stems(text: str) -> list[str]:
    """The beginnings of the words, numbers left out."""
    return [
        w[: LONG_STEM_LETTERS if len(w) >= LONG_WORD_LETTERS else STEM_LETTERS]
        for w in fold_words(text)
        if not w[0].isdigit()
    ]


def is_supported(phrase: str, text: str) -> bool:
    """Whether one line of a text holds the phrase, or all of its words and numbers where it has two
    or more.
    """
    every, counts = set(list_stems(phrase)), find_numbers(phrase)
    wanted = {
        stem for stem in every if len(stem) > 2
    } or every  # without «و», «در»: the words may stand in another order
    return any(
        contains_phrase(line, phrase)
        or (len(wanted) > 1 and wanted <= set(list_stems(line)) and counts <= find_numbers(line))
        for line in text.split("\n")
    )
