"""Who the patient of a vignette is: an age and a sex that fit what the book says of the topic."""

from random import Random

from tasks.generation.rules.book_facts import Sign, Topic
from tasks.generation.rules.rule_language import AgeRange, RuleLanguage, has_cue
from tasks.language import persian
from tasks.language.text import find_sentence_spans


def describe_patient(
    topic: Topic, signs: list[Sign], form: RuleLanguage, language: str, rng: Random
) -> str:
    """A patient such as «مرد ۵۰ ساله»; no man with a disease of pregnancy, no old man with one of
    children.
    """
    age = rng.choice(list_ages(topic, form))
    sex = rng.choice(list_sexes(topic, signs, form))
    years = rng.randint(age.first, age.last)
    number = persian.to_persian_digits(years) if language == "fa" else str(years)
    return form.people.person.format(who=getattr(age, sex), age=number, unit=age.unit)


def list_ages(topic: Topic, form: RuleLanguage) -> list[AgeRange]:
    """The ages that the book names for the topic; any adult where it names none; babies only where
    nobody else is named.
    """
    named = [age for age in form.people.ages if has_cue(topic.about, age.words)] or [
        form.people.adult
    ]
    return [age for age in named if age.unit == form.people.adult.unit] or named


def list_sexes(topic: Topic, signs: list[Sign], form: RuleLanguage) -> list[str]:
    """Both, unless the topic's first sentence or these signs speak of one sex only."""
    start, end = (find_sentence_spans(topic.about) or [(0, 0)])[0]
    first, shown = (
        f"{topic.name} . {topic.about[start:end]}",
        " . ".join(sign.text for sign in signs),
    )
    who = form.people
    female = has_cue(first, who.female) or has_cue(shown, who.female + who.women)
    male = has_cue(first, who.male) or has_cue(shown, who.male + who.men)
    return (
        ["female"]
        if female and not male
        else ["male"]
        if male and not female
        else ["female", "male"]
    )
