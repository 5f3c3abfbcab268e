"""How a plan differs from another, in a line."""

from collections.abc import Mapping
from typing import Any

from tasks.language.i18n import Translator

MOST_CHOICES = 3  # of a line; the record holds all
MOST_LETTERS = 40  # of a value


def describe_differences(
    differences: Mapping[str, tuple[Any, Any]], say: Translator, most: int = MOST_CHOICES
) -> str:
    """finetuning.seed 0 → 1, …; how many more there are."""
    shown = [
        say.fill_label(
            say["history"]["moved"], key=key, before=_cut_value(there), here=_cut_value(here)
        )
        for key, (there, here) in list(differences.items())[:most]
    ]
    if more := len(differences) - len(shown):
        shown.append(say.fill_label(say["terminal"]["more_choices"], n=say.format_number(more)))
    return str(say["comma"]).join(shown)


def _cut_value(value: Any) -> str:
    text = "—" if value is None else f"{value}"
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
