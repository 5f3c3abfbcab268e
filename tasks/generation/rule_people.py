"""Who the patient of a vignette is: an age and a sex that fit what the book says of the topic."""

from random import Random

from tasks import persian
from tasks.generation.rule_facts import Sign, Topic
from tasks.generation.wording import Age, Wording, holds
from tasks.text import sentence_spans


def person(topic: Topic, signs: list[Sign], form: Wording, language: str, rng: Random) -> str:
    """A patient such as «مرد ۵۰ ساله»; no man with a disease of pregnancy, no old man with one of children."""
    age = rng.choice(ages(topic, form))
    sex = rng.choice(sexes(topic, signs, form))
    years = rng.randint(age.first, age.last)
    number = persian.digits(years) if language == "fa" else str(years)
    return form.people.person.format(who=getattr(age, sex), age=number, unit=age.unit)


def ages(topic: Topic, form: Wording) -> list[Age]:
    """The ages that the book names for the topic; any adult where it names none; babies only where nobody else is named."""
    named = [age for age in form.people.ages if holds(topic.about, age.words)] or [form.people.adult]
    return [age for age in named if age.unit == form.people.adult.unit] or named


def sexes(topic: Topic, signs: list[Sign], form: Wording) -> list[str]:
    """Both, unless the topic's first sentence or these signs speak of one sex only."""
    start, end = (sentence_spans(topic.about) or [(0, 0)])[0]
    first, shown = f"{topic.name} . {topic.about[start:end]}", " . ".join(sign.text for sign in signs)
    who = form.people
    female = holds(first, who.female) or holds(shown, who.female + who.women)
    male = holds(first, who.male) or holds(shown, who.male + who.men)
    return ["female"] if female and not male else ["male"] if male and not female else ["female", "male"]
