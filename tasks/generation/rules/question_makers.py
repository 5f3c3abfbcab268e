"""Four-option questions from the topics of a chapter: on diagnosis, telling apart, signs and
complications.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from tasks.generation.rules.book_facts import Sign, Topic
from tasks.generation.rules.patient import describe_patient
from tasks.generation.rules.rule_language import RuleLanguage, join_list
from tasks.generation.rules.sign_sampling import (
    build_item_fields,
    has_alike_sign,
    sample_question_signs,
    split_wordings,
)
from tasks.schemas.item_rows import QuestionType

CASE_SIZES = (3, 4)  # signs of a case
DIFFERENTIAL_SIZES = (2,)  # signs that tell one condition from another


class ChapterTopics(NamedTuple):
    """What the question makers share."""

    topics: list[Topic]
    form: RuleLanguage
    language: str
    paraphrases: int

    def list_neighbours(self, topic: Topic) -> list[Topic]:
        return [
            other
            for other in self.topics
            if other.name != topic.name and other.group == topic.group
        ]


def make_questions(
    topic: Topic, kind: QuestionType, chapter: ChapterTopics, rng: Random
) -> Iterator[dict[str, Any]]:
    """Every question of that kind that the chapter holds about the topic, in random order."""
    make = {
        "diagnosis": _make_diagnosis_questions,
        "telling_apart": _make_differential_questions,
        "symptoms": _make_symptom_questions,
        "complications": _make_complication_questions,
    }.get(kind)
    return make(topic, chapter, rng) if make else iter(())


def _make_diagnosis_questions(
    topic: Topic, chapter: ChapterTopics, rng: Random
) -> Iterator[dict[str, Any]]:
    """A case, and the conditions that do not have all of its signs."""
    for signs in sample_question_signs(split_wordings(topic, chapter.paraphrases), CASE_SIZES, rng):
        who = describe_patient(topic, signs, chapter.form, chapter.language, rng)
        stem = rng.choice(chapter.form.questions["diagnosis"]).format(
            person=who, signs=join_list([s.text for s in signs], chapter.form)
        )
        rivals = [
            o.name
            for o in chapter.list_neighbours(topic)
            if not all(has_alike_sign(s, o.signs) for s in signs)
        ]
        yield from _build_question(
            topic, "diagnosis", "signs", stem, key=topic.name, wrong=rivals, sign=signs[0], rng=rng
        )


def _make_differential_questions(
    topic: Topic, chapter: ChapterTopics, rng: Random
) -> Iterator[dict[str, Any]]:
    """Signs that none of the neighbours has, and a neighbour, one that the book itself names where
    it does.
    """
    near = chapter.list_neighbours(topic)
    others = [o for o in near if o.name in topic.contrasted] or near
    for signs in sample_question_signs(
        split_wordings(topic, chapter.paraphrases), DIFFERENTIAL_SIZES, rng
    ):
        if others and not any(has_alike_sign(s, o.signs) for s in signs for o in near):
            other = rng.choice(others)
            stem = rng.choice(chapter.form.questions["telling_apart"]).format(
                signs=join_list([s.text for s in signs], chapter.form), other=other.name
            )
            rivals = [o.name for o in near if o is not other]
            yield from _build_question(
                topic,
                "telling_apart",
                "signs",
                stem,
                key=topic.name,
                wrong=rivals,
                sign=signs[0],
                rng=rng,
            )


def _make_symptom_questions(
    topic: Topic, chapter: ChapterTopics, rng: Random
) -> Iterator[dict[str, Any]]:
    return _make_membership_questions(topic, "symptoms", "signs", chapter, rng)


def _make_complication_questions(
    topic: Topic, chapter: ChapterTopics, rng: Random
) -> Iterator[dict[str, Any]]:
    return _make_membership_questions(topic, "complications", "complications", chapter, rng)


def _make_membership_questions(
    topic: Topic, kind: QuestionType, field: str, chapter: ChapterTopics, rng: Random
) -> Iterator[dict[str, Any]]:
    """Which of these four belongs to the topic: one of its own against those of its neighbours."""
    own: tuple[Sign, ...] = getattr(topic, field)
    told = topic.signs + topic.complications
    for sign in rng.sample(own, len(own)):
        wrong = [
            rng.choice(fit)
            for o in chapter.list_neighbours(topic)
            if (fit := [s for s in getattr(o, field) if not has_alike_sign(s, told)])
        ]
        stem = rng.choice(chapter.form.questions[kind]).format(topic=topic.name)
        yield from _build_question(
            topic,
            kind,
            field,
            stem,
            key=sign.text,
            wrong=[s.text for s in wrong],
            sign=sign,
            rng=rng,
        )


def _build_question(
    topic: Topic,
    kind: QuestionType,
    part: str,
    stem: str,
    *,
    key: str,
    wrong: list[str],
    sign: Sign,
    rng: Random,
) -> Iterator[dict[str, Any]]:
    """The question, or none where the chapter has fewer than three wrong options."""
    wrong = [w for w in dict.fromkeys(wrong) if w != key]
    if len(wrong) >= 3:
        options = rng.sample([key, *rng.sample(wrong, 3)], 4)
        yield build_item_fields(
            f"{topic.name}/{part}",
            sign,
            kind=kind,
            question=stem,
            options=options,
            answer=options.index(key) + 1,
        )
