"""What a verdict is worth, in words: whether it was decided beforehand, and how often its questions
had been decided on.
"""

from collections.abc import Iterable
from typing import Any

from tasks.language.i18n import Translator
from tasks.reporting.report_data import ReportData
from tasks.schemas.result_rows import Choice, Comparison, History


def label(result: Comparison, history: History, say: Translator) -> str:
    """The verdict's name, with what it is worth."""
    return (
        say.get_label("verdicts", result.verdict) + f" ({say['exploratory']})" * history.exploratory
    )


def role(history: History, say: Translator) -> str:
    """What the plan's endpoint is among the comparisons."""
    return str(say["exploratory" if history.exploratory else "primary"])


def note(history: History, say: Translator) -> str:
    """When the endpoint was fixed, and what is exploratory."""
    if history.exploratory:
        return told(history, say)
    first = history.look == 1
    return " ".join(
        filter(None, [told(history, say), say["primary_note" if first else "primary_again"]])
    )


def told(history: History, say: Translator) -> str:
    """Why the verdict is exploratory, and the number of this decision; nothing where it is the
    first on its questions.
    """
    own = say["history"]
    lines = []
    if history.exploratory:
        whose = history.predecessor or history.first
        lines.append(
            say.fill_label(
                own["after"], whose=whose, chosen=_chosen(history.chosen_after, history.moved, say)
            )
        )
    if history.shared:
        numbers = {
            name: say.format_number(getattr(history, name)) for name in ("look", "shared", "n")
        }
        lines.append(say.fill_label(own["again"], first=history.first, **numbers))
    return " ".join(lines)


def next_note(study: ReportData, say: Translator) -> str:
    """What the next plan chooses after these answers were seen, and on which questions it decides;
    nothing where it chooses nothing, or there is none and nothing is sealed.
    """
    if study.unasked and not study.plan.comparison.confirms:
        return say.fill_label(say["history"]["sealed"], n=say.format_number(study.unasked))
    if study.next_plan is None or not study.next_plan.lineage.chosen_after:
        return ""
    return say.fill_label(
        say["history"]["next"], chosen=_chosen(study.next_plan.lineage.chosen_after, {}, say)
    )


def _chosen(choices: Iterable[Choice], moved: dict[str, tuple[Any, Any]], say: Translator) -> str:
    own = say["history"]
    changes = [
        say.fill_label(own["moved"], key=key, before=f"{there}", here=f"{here}")
        for key, (there, here) in moved.items()
    ]
    listed = f" ({say['comma'].join(changes)})" if changes else ""
    return str(say["comma"]).join(
        own[choice] + listed * (choice == "endpoint") for choice in choices
    )
