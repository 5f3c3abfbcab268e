"""Training pairs from the topics of a chapter: a short vignette and its diagnosis."""

from collections.abc import Iterator
from random import Random
from typing import Any

from tasks.generation.rule_facts import Topic
from tasks.generation.rule_people import person
from tasks.generation.rule_questions import Chapter
from tasks.generation.rule_signs import alike, item, pair_sets, tellings
from tasks.generation.wording import listed


def pairs_of(topic: Topic, chapter: Chapter, rng: Random) -> Iterator[dict[str, Any]]:
    """Every pair that the chapter holds about the topic, in random order: no set of signs twice."""
    for signs in pair_sets(tellings(topic, chapter.paraphrases), rng):
        if any(all(alike(s, o.signs) for s in signs) for o in chapter.list_neighbours(topic)):
            continue  # another topic of the chapter has them all
        names = [s.text for s in signs]
        symptom = rng.choice(chapter.form.pairs).format(
            person=person(topic, signs, chapter.form, chapter.language, rng),
            signs=listed(names, chapter.form),
            first=names[0],
            rest=listed(names[1:], chapter.form),
        )
        yield item(f"{topic.name}/signs", signs[0], symptom=symptom, diagnosis=topic.name)
