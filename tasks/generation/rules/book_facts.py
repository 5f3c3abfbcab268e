"""What a chapter says of each of its topics (in a handbook: conditions): signs, complications,
neighbours, with the words that say so.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.generation.rules.rule_language import RuleLanguage, find_kind, has_cue, split_list
from tasks.language.text import find_sentence_spans, fold_text, split_words
from tasks.schemas.item_rows import Passage

MAX_SIGN_WORDS = 11  # words of a sign; longer pieces are clauses
MAX_NAME_WORDS = 6  # words of a topic's name before a colon, at most
MAX_PART_WORDS = 3  # words of a section's title, at most, that is but a part of its chapter's topic
MIN_REVIEW_PARAGRAPHS = (
    2  # paragraphs of one section that begin with names, from which it is a review
)


class Sign(NamedTuple):
    """One sign (or complication) as the book words it."""

    text: str
    quote: str  # verbatim: the list item or the sentence
    passage: Passage
    source: str  # "list" or "prose"


class Topic(NamedTuple):
    """What a chapter says of one topic."""

    name: str
    group: str  # topics of one place are neighbours: distractors come from there
    signs: tuple[Sign, ...]
    complications: tuple[Sign, ...]
    contrasted: tuple[str, ...]  # topics that the book itself sets it apart from
    # what tells who falls ill: its own paragraphs, without treatment, complications and neighbours
    about: str


class _TopicLine(NamedTuple):
    topic: str
    kind: str  # of its heading
    text: str
    passage: Passage


def find_topics(passages: list[Passage], form: RuleLanguage) -> list[Topic]:
    """The topics that have at least one sign or complication, in the book's order."""
    lines = list(_iter_topic_lines(passages, form))
    names = list(dict.fromkeys(line.topic for line in lines))
    found = [
        _build_topic(name, [line for line in lines if line.topic == name], names, form)
        for name in names
        if name
    ]
    return [topic for topic in found if topic.signs or topic.complications]


def _iter_topic_lines(passages: list[Passage], form: RuleLanguage) -> Iterator[_TopicLine]:
    """Each paragraph and list item with the topic that it is about."""
    known = {
        fold_text(p.section): p.section
        for p in passages
        if p.section and not _is_part_title(p.section, form)
    }
    reviews = _find_review_sections(passages, known, form)
    for passage in passages:
        topic, heading = (
            (passage.chapter, passage.section)
            if _is_part_title(passage.section, form)
            else (passage.section, passage.heading)
        )
        kind = find_kind(heading, form.headings)
        for text in passage.text.split("\n"):
            name, rest = _split_name(text, form)
            if fold_text(name) in known:
                yield _TopicLine(known[fold_text(name)], kind, rest, passage)
            elif name and passage.section in reviews:
                yield _TopicLine(name, kind, rest, passage)
            else:
                yield _TopicLine(topic or heading, kind, text, passage)


def _is_part_title(section: str, form: RuleLanguage) -> bool:
    """Whether a section is no topic but a part of one, such as «Symptoms» in a chapter on
    asthma, or "Causes and risk factors".
    """
    words = set(map(fold_text, split_words(section)))
    return (bool(words) and words <= form.heading_words) or (
        len(split_words(section)) <= MAX_PART_WORDS and bool(find_kind(section, form.headings))
    )


def _split_name(text: str, form: RuleLanguage) -> tuple[str, str]:
    """(name, rest) of a paragraph such as «asthma: …»; no name otherwise."""
    name, colon, rest = text.removeprefix("- ").partition(form.colon)
    fits = (
        colon
        and rest.strip()
        and 0 < len(split_words(name)) <= MAX_NAME_WORDS
        and not re.search(r"[.،,؛;]", name)
    )
    return (name.strip(" *"), rest.strip(" *")) if fits else ("", text)


def _find_review_sections(
    passages: list[Passage], known: dict[str, str], form: RuleLanguage
) -> set[str]:
    """Sections whose paragraphs begin with the names of what they are about, none of them a section
    of its own.
    """
    named: dict[str, int] = {}
    for passage in passages:
        if not find_kind(passage.heading, form.headings):
            count = sum(
                bool(n) and fold_text(n) not in known
                for n, _ in (
                    _split_name(t, form) for t in passage.text.split("\n") if t[:2] != "- "
                )
            )
            named[passage.section] = named.get(passage.section, 0) + count
    return {section for section, count in named.items() if count >= MIN_REVIEW_PARAGRAPHS}


def _build_topic(name: str, lines: list[_TopicLine], names: list[str], form: RuleLanguage) -> Topic:
    text = "\n".join(line.text for line in lines)
    matches = re.findall(form.contrast, text)
    others = tuple(
        n for n in names if n and n != name and any(fold_text(n) in fold_text(m) for m in matches)
    )
    about = "\n".join(
        line.text for line in lines if line.kind not in ("treatment", "complications", "contrast")
    )
    sections = [line.passage.section for line in lines]
    place = "" if name in sections else sections[0]
    return Topic(
        name,
        place,
        _collect_signs(name, lines, "signs", form),
        _collect_signs(name, lines, "complications", form),
        others,
        about,
    )


def _collect_signs(
    name: str, lines: list[_TopicLine], kind: str, form: RuleLanguage
) -> tuple[Sign, ...]:
    """Every telling of that kind: list items under its heading or lead, lists in sentences; each
    wording once.
    """
    signs: dict[str, Sign] = {}
    lead = ""
    for line in lines:
        item = line.text.startswith("- ")
        if not item:
            lead = find_kind(line.text, form.leads) if line.text.endswith(form.colon) else ""
        if line.kind not in (kind, ""):
            continue
        if item and kind in (line.kind, lead):
            found = [Sign(line.text[2:].rstrip(" .؛;"), line.text[2:], line.passage, "list")]
        else:
            found = [] if item else list(_find_signs_in_sentences(line, kind, form))
        for sign in found:
            if can_stand_alone(sign.text, name, form):
                signs.setdefault(fold_text(sign.text), sign)
    return tuple(signs.values())


def _find_signs_in_sentences(line: _TopicLine, kind: str, form: RuleLanguage) -> Iterator[Sign]:
    for start, end in find_sentence_spans(line.text):
        sentence = line.text[start:end]
        for frame in form.frames[kind]:
            if match := re.search(frame, sentence.rstrip(".")):
                for member in split_list(match["list"], form):
                    yield Sign(member, sentence, line.passage, "prose")


def can_stand_alone(sign: str, name: str, form: RuleLanguage) -> bool:
    """Whether a piece of text can stand for itself as a sign: short, no name of its topic, no
    "this", no clause.
    """
    return (
        1 <= len(split_words(sign)) <= MAX_SIGN_WORDS
        and len(sign) > 2
        and fold_text(name) not in fold_text(sign)
        and not has_cue(sign, form.anaphora)
        and not any(re.search(p, sign) for p in form.unfit)
        and sign.count("(") == sign.count(")")
        and sign.count("«") == sign.count("»")
    )
