"""What is told beside the verdict, in sentences."""

from collections.abc import Sequence

from tasks.language.i18n import Translator
from tasks.schemas.effects.effect_rows import AidComparison, Calibration, Grouping


def describe_grouping(grouping: Grouping, say: Translator) -> str:
    """How far the groups' true effects differ."""
    return say.fill_label(
        say["where"]["apart"],
        overall=say.format_points(grouping.overall),
        between=say.format_points(grouping.between, sign=False),
        most=say.format_points(grouping.between_most, sign=False),
    )


def describe_aids(aids: AidComparison, say: Translator) -> str:
    """How the passages were found and put, with counts."""
    numbers = {
        name: say.format_number(getattr(aids, name))
        for name in (
            "n",
            "passages",
            "known",
            "found",
            "unmatched",
            "cut",
            "examples",
            "examples_cut",
        )
    }
    mode = say.get_label("modes", aids.mode)
    return say.fill_label(say["aids"]["note"], mode=mode, **numbers)


def describe_calibration(rows: Sequence[Calibration], say: Translator) -> str:
    """What the figures are of."""
    first = rows[0]
    return say.fill_label(
        say["calibration"]["note"],
        n=say.format_number(first.n),
        mode=say.get_label("modes", first.mode),
        bins=say.format_number(len(first.bins)),
    )
