"""Item-writing flaws by rule (after arXiv 2307.08161): each rule names one flaw, with the values that decided."""

from collections.abc import Callable

from tasks.validation.items import Item
from tasks.validation.names import name
from tasks.validation.support import Why
from tasks.validation.wording import Wording, matches

Rule = Callable[[Item, Wording], str | None]
CHECK = "flaws"


def flaws(item: Item, words: Wording) -> list[Why]:
    """Every flaw of an item; sound items have none."""
    rules = QUESTION_RULES if item.kind == "question" else PAIR_RULES
    return [Why(label, detail) for label, rule in rules.items() if (detail := rule(item, words)) is not None]


def repeated_options(item: Item, words: Wording) -> str | None:
    names = [name(o) for o in item.options]
    return f"{item.options}" if len(set(names)) < len(names) else None


def all_or_none(item: Item, words: Wording) -> str | None:
    return next((o for o in item.options if matches(words.all_or_none, name(o))), None)


def told_diagnosis(item: Item, words: Wording) -> str | None:
    return item.diagnosis if f" {name(item.diagnosis)} " in f" {name(item.text)} " else None


QUESTION_RULES: dict[str, Rule] = {"repeated options": repeated_options, "all or none of the above": all_or_none}
PAIR_RULES: dict[str, Rule] = {"diagnosis in the vignette": told_diagnosis}
