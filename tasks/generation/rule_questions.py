"""Four-option questions from the topics of a chapter: on diagnosis, telling apart, signs and complications."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from tasks.generation.rule_facts import Sign, Topic
from tasks.generation.rule_people import person
from tasks.generation.rule_signs import alike, item, question_sets, tellings
from tasks.generation.wording import Wording, listed
from tasks.records import Kind

CASE = (3, 4)  # signs of a case
DECISIVE = (2,)  # signs that tell one condition from another


class Chapter(NamedTuple):
    """What the question makers share."""

    topics: list[Topic]
    form: Wording
    language: str
    paraphrases: int

    def list_neighbours(self, topic: Topic) -> list[Topic]:
        return [other for other in self.topics if other.name != topic.name and other.group == topic.group]


def questions_of(topic: Topic, kind: Kind, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    """Every question of that kind that the chapter holds about the topic, in random order."""
    make = {"diagnosis": _diagnosis, "telling_apart": _telling_apart, "symptoms": _symptoms, "complications": _complications}.get(kind)
    return make(topic, chapter, rng) if make else iter(())


def _diagnosis(topic: Topic, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    """A case, and the conditions that do not have all of its signs."""
    for signs in question_sets(tellings(topic, chapter.paraphrases), CASE, rng):
        who = person(topic, signs, chapter.form, chapter.language, rng)
        stem = rng.choice(chapter.form.questions["diagnosis"]).format(person=who, signs=listed([s.text for s in signs], chapter.form))
        rivals = [o.name for o in chapter.list_neighbours(topic) if not all(alike(s, o.signs) for s in signs)]
        yield from _question(topic, "diagnosis", "signs", stem, topic.name, rivals, signs[0], rng)


def _telling_apart(topic: Topic, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    """Signs that none of the neighbours has, and a neighbour, one that the book itself names where it does."""
    near = chapter.list_neighbours(topic)
    others = [o for o in near if o.name in topic.contrasted] or near
    for signs in question_sets(tellings(topic, chapter.paraphrases), DECISIVE, rng):
        if others and not any(alike(s, o.signs) for s in signs for o in near):
            other = rng.choice(others)
            stem = rng.choice(chapter.form.questions["telling_apart"]).format(
                signs=listed([s.text for s in signs], chapter.form), other=other.name
            )
            rivals = [o.name for o in near if o is not other]
            yield from _question(topic, "telling_apart", "signs", stem, topic.name, rivals, signs[0], rng)


def _symptoms(topic: Topic, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    return _members(topic, "symptoms", "signs", chapter, rng)


def _complications(topic: Topic, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    return _members(topic, "complications", "complications", chapter, rng)


def _members(topic: Topic, kind: Kind, field: str, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    """Which of these four belongs to the topic: one of its own against those of its neighbours."""
    own: tuple[Sign, ...] = getattr(topic, field)
    told = topic.signs + topic.complications
    for sign in rng.sample(own, len(own)):
        wrong = [rng.choice(fit) for o in chapter.list_neighbours(topic) if (fit := [s for s in getattr(o, field) if not alike(s, told)])]
        stem = rng.choice(chapter.form.questions[kind]).format(topic=topic.name)
        yield from _question(topic, kind, field, stem, sign.text, [s.text for s in wrong], sign, rng)


def _question(
    topic: Topic, kind: Kind, part: str, stem: str, key: str, wrong: list[str], sign: Sign, rng: Random
) -> Iterator[dict[str, Any]]:
    """The question, or none where the chapter has fewer than three wrong options."""
    wrong = [w for w in dict.fromkeys(wrong) if w != key]
    if len(wrong) >= 3:
        options = rng.sample([key, *rng.sample(wrong, 3)], 4)
        yield item(f"{topic.name}/{part}", sign, kind=kind, question=stem, options=options, answer=options.index(key) + 1)
