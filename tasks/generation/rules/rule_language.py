"""The wording of the embedded writer in one language: cue words, frames and templates, read from
packs/<language>/rules.yaml.
"""

import re
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from tasks.language.language_pack import load_pack
from tasks.language.text import fold_text, split_words


class _LanguagePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class AgeRange(_LanguagePart):
    """A range of ages and what a person of that age is called."""

    words: tuple[str, ...] = Field(description="words of the book that tell of this age")
    first: int = Field(alias="from")
    last: int = Field(alias="to")
    unit: str
    female: str
    male: str


class PatientWords(_LanguagePart):
    """Who falls ill, by the words of the book."""

    female: tuple[str, ...] = Field(description="words that leave only women")
    male: tuple[str, ...] = Field(description="words that leave only men")
    women: tuple[str, ...] = Field(description="words in a sign that make it a woman's")
    men: tuple[str, ...] = Field(description="words in a sign that make it a man's")
    ages: tuple[AgeRange, ...]
    adult: AgeRange
    person: str


class RuleLanguage(_LanguagePart):
    """Everything of the embedded writer that depends on the language."""

    comma: str
    and_: str = Field(alias="and")
    colon: str
    headings: dict[str, tuple[str, ...]]
    leads: dict[str, tuple[str, ...]]
    frames: dict[str, tuple[str, ...]]
    contrast: str
    anaphora: tuple[str, ...]
    unfit: tuple[str, ...]
    people: PatientWords
    pairs: tuple[str, ...]
    questions: dict[str, tuple[str, ...]]
    heading_words: frozenset[str] = Field(description="folded; of them alone consists no topic")


@lru_cache
def load_rule_language(language: str) -> RuleLanguage:
    """The wording for a language; English where we have none of our own."""
    gate, letters = (
        load_pack("packs/gate.yaml", language),
        load_pack("packs/letters.yaml", language),
    )
    words = [*gate["heading_words"], *gate["function_words"], *letters["function_words"]]
    return RuleLanguage.model_validate(
        load_pack("packs/rules.yaml", language) | {"heading_words": set(map(fold_text, words))}
    )


def has_cue(text: str, cues: tuple[str, ...]) -> bool:
    """Whether the text holds one of the cue words (or phrases), letter variants forgiven."""
    padded = _pad_words(text)
    return any(_pad_words(cue) in padded for cue in cues)


@lru_cache(maxsize=10_000)
def _pad_words(text: str) -> str:
    return " " + " ".join(fold_text(w) for w in split_words(text)) + " "


def find_kind(text: str, cues: dict[str, tuple[str, ...]]) -> str:
    """The first kind whose cue words the heading or lead sentence holds; empty: none."""
    return next((kind for kind, some in cues.items() if has_cue(text, some)), "")


def join_list(items: list[str], form: RuleLanguage) -> str:
    """«a، b و c» or "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{form.comma} ".join(items[:-1]) + f" {form.and_} {items[-1]}"


def split_list(text: str, form: RuleLanguage) -> list[str]:
    """The members of a list in running prose: at commas, and at the last part's "and" where that
    leaves no stray word.
    """
    *parts, last = [p.strip(" .؛;:") for p in re.split(rf"\s*{re.escape(form.comma)}\s*", text)]
    last = re.sub(rf"^{re.escape(form.and_)}\s+", "", last)  # "a, b, and c"
    halves = re.split(rf"\s+{re.escape(form.and_)}\s+", last)
    stray = len(halves) != 2 or (
        len(split_words(halves[0])) > 1 and len(split_words(halves[1])) == 1
    )  # «ذهن هشیار و روشن» is one
    return [p for p in [*parts, *([last] if stray else halves)] if p]
