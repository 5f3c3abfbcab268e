"""What is told beside the verdict, as Markdown."""

from collections.abc import Sequence

from tasks.language.i18n import Translator
from tasks.reporting.effect_words import describe_aids, describe_calibration, describe_grouping
from tasks.reporting.labels import name_group
from tasks.reporting.markdown.markdown_tables import format_table
from tasks.reporting.sanitize import escape_markdown
from tasks.schemas.effects.effect_rows import AidComparison, Calibration, Grouping, Harm
from tasks.schemas.result_rows import Interval


def format_harm_list(harms: Sequence[Harm], say: Translator) -> str:
    """What the tuning cost, a line each, harm in bold; nothing where nothing was measured."""
    if not harms:
        return ""
    lines = [(escape_markdown(say.format_message(one.told)), one.finding) for one in harms]
    told = "\n".join(
        f"- **{line}**" if finding in ("harm", "possible-harm") else f"- {line}"
        for line, finding in lines
    )
    return f"{say['head']['harm']}:\n\n{told}\n\n"


def format_aids(aids: AidComparison | None, say: Translator) -> str:
    """Tuning beside the cheaper means; nothing where they were not asked for."""
    if aids is None:
        return ""
    columns = say["columns"]
    rows = [
        [say["aids"]["base"], say.format_share(aids.base.rate), "", ""],
        *(
            [
                say.get_label("aids", one.aid),
                say.format_share(one.rate.rate),
                _format_points(one.difference, say),
                say.format_p_value(one.p_value).removeprefix("= ").replace("<", "&lt;"),
            ]
            for one in aids.effects
        ),
    ]
    table = format_table(["", columns["right"], columns["worth"], "p"], rows)
    told = escape_markdown(say.format_message(aids.told))
    return f"## {say['head']['aids']}\n\n{told}\n\n{table}\n\n{describe_aids(aids, say)}"


def format_groupings(groupings: Sequence[Grouping], say: Translator) -> str:
    """Where the tuning worked, a table a trait; nothing where no trait differs."""
    parts = [f"## {say['head']['where']}"]
    for grouping in groupings:
        columns = say["columns"]
        head = [
            say.get_label("traits", grouping.by),
            columns["n"],
            say["base"],
            say["tuned"],
            columns["seen"],
            columns["shrunk"],
        ]
        rows = [
            [
                escape_markdown(name_group(grouping.by, group.name, say)),
                say.format_number(group.n),
                say.format_share(group.base),
                say.format_share(group.tuned),
                say.format_points(group.seen),
                _format_points(group.shrunk, say),
            ]
            for group in grouping.groups
        ]
        parts += [describe_grouping(grouping, say), format_table(head, rows)]
    return "\n\n".join([*parts, say["where_note"]]) if groupings else ""


def format_calibrations(rows: Sequence[Calibration], say: Translator) -> str:
    """How far the probabilities hold, before and after; nothing where no scores are known."""
    if not rows:
        return ""
    own = say["calibration"]
    lines = [
        [own[name], *(say.format_number(getattr(one, name), 3) for one in rows)]
        for name in ("log_score", "brier", "ece", "ece_by_chance")
    ]
    table = format_table(["", *(say[one.who] for one in rows)], lines)
    return f"## {say['head']['calibration']}\n\n{table}\n\n{describe_calibration(rows, say)}"


def _format_points(interval: Interval, say: Translator) -> str:
    value, low, high = map(say.format_points, (interval.value, interval.low, interval.high))
    return f"{value} ({low} {say['to']} {high})"
