"""Training pairs from the topics of a chapter: a short vignette and its diagnosis."""

from collections.abc import Iterator
from random import Random
from typing import Any

from tasks.generation.rules.book_facts import Topic
from tasks.generation.rules.patient import describe_patient
from tasks.generation.rules.question_makers import ChapterTopics
from tasks.generation.rules.rule_language import join_list
from tasks.generation.rules.sign_sampling import (
    build_item_fields,
    has_alike_sign,
    sample_pair_signs,
    split_wordings,
)


def make_pairs(topic: Topic, chapter: ChapterTopics, rng: Random) -> Iterator[dict[str, Any]]:
    """Every pair that the chapter holds about the topic, in random order: no set of signs twice."""
    for signs in sample_pair_signs(split_wordings(topic, chapter.paraphrases), rng):
        if any(
            all(has_alike_sign(s, o.signs) for s in signs) for o in chapter.list_neighbours(topic)
        ):
            continue  # another topic of the chapter has them all
        names = [s.text for s in signs]
        symptom = rng.choice(chapter.form.pairs).format(
            person=describe_patient(topic, signs, chapter.form, chapter.language, rng),
            signs=join_list(names, chapter.form),
            first=names[0],
            rest=join_list(names[1:], chapter.form),
        )
        yield build_item_fields(
            f"{topic.name}/signs", signs[0], symptom=symptom, diagnosis=topic.name
        )
