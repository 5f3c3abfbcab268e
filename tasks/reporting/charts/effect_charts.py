"""Draw where the tuning worked and how far the models' probabilities are borne out."""

from collections.abc import Sequence

from markupsafe import Markup

from tasks.language.i18n import Translator
from tasks.reporting.charts.study_charts import CHART_WIDTH
from tasks.reporting.charts.svg import Axis, Canvas, choose_ticks
from tasks.reporting.labels import name_group
from tasks.schemas.effects.effect_rows import AidComparison, Calibration, Grouping

ROW = 40  # of a group: its name above, its effect below


def draw_grouping(grouping: Grouping, say: Translator) -> Markup:
    """Each group's effect drawn towards the whole with its interval; faint, what was seen."""
    ends = [
        end
        for group in grouping.groups
        for end in (group.shrunk.low, group.shrunk.high, group.seen)
    ]
    canvas = Canvas(CHART_WIDTH, ROW * len(grouping.groups) + 52)
    across = Axis(min(0.0, *ends) * 100, max(0.0, *ends) * 100, 14, CHART_WIDTH - 14)
    foot, rtl = canvas.height - 42, say["direction"] == "rtl"
    for value in choose_ticks(across.low, across.high):
        canvas.draw_line((across(value), 4), (across(value), foot), "grid")
        canvas.draw_text((across(value), foot + 15), say.format_number(value), "tick", "middle")
    for value, style in ((0.0, "chance"), (grouping.overall * 100, "mark train")):
        canvas.draw_line((across(value), 4), (across(value), foot), style)
    for number, group in enumerate(grouping.groups):
        y = ROW * number + 16
        name = f"{name_group(grouping.by, group.name, say)} ({say.format_number(group.n)})"
        canvas.draw_text((CHART_WIDTH if rtl else 0, y), name, "label", "end" if rtl else "start")
        low, high = across(group.shrunk.low * 100), across(group.shrunk.high * 100)
        canvas.draw_line((low, y + 14), (high, y + 14), "whisker tuned")
        canvas.draw_dot((across(group.seen * 100), y + 14), "base", 3)
        canvas.draw_dot((across(group.shrunk.value * 100), y + 14), "tuned", 5)
    names = [("mark tuned", say["figures"]["shrunk"]), ("mark base", say["figures"]["group_seen"])]
    _draw_legend(canvas, names, canvas.height - 4)
    told = (
        say.fill_label(
            say["figures"]["where_text"],
            group=name_group(grouping.by, group.name, say),
            effect=say.format_points(group.shrunk.value),
        )
        for group in grouping.groups
    )
    title = f"{say['figures']['where']}: {say.get_label('traits', grouping.by)}"
    return canvas.render_svg(f"where-{grouping.by}", title, "; ".join(told))


def draw_reliability(rows: Sequence[Calibration], say: Translator) -> Markup:
    """Of base and tuned, how sure each was against how often it was right; on the diagonal the two
    are one.
    """
    canvas = Canvas(CHART_WIDTH, 330)
    across, up = Axis(0, 1, 44, CHART_WIDTH - 14), Axis(0, 1, 270, 12)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.draw_line((across(share), up(0)), (across(share), up(1)), "grid")
        canvas.draw_line((across(0), up(share)), (across(1), up(share)), "grid")
        canvas.draw_text((38, up(share) + 4), say.format_share(share, 0), "tick", "end")
        canvas.draw_text((across(share), 286), say.format_share(share, 0), "tick", "middle")
    canvas.draw_line((across(0), up(0)), (across(1), up(1)), "chance")
    for one in rows:
        points = [(across(part.confidence), up(part.right)) for part in one.bins]
        canvas.draw_path(points, f"curve {'train' if one.who == 'tuned' else 'base'}")
        for point in points:
            canvas.draw_dot(point, one.who, 4)
    canvas.draw_text((across(1), 303), say["figures"]["confidence"], "tick", "end")
    _draw_legend(canvas, [(f"mark {one.who}", say[one.who]) for one in rows], 326)
    told = (
        say.fill_label(
            say["figures"]["reliability_text"],
            who=say[one.who],
            sure=say.format_share(part.confidence, 0),
            right=say.format_share(part.right, 0),
        )
        for one in rows
        for part in one.bins
    )
    return canvas.render_svg("reliability", say["figures"]["reliability"], "; ".join(told))


def draw_aids(aids: AidComparison, say: Translator) -> Markup:
    """The base alone, and with each means, on one scale with the chance line."""
    rows = [("base", aids.base), *((one.aid, one.rate) for one in aids.effects)]
    canvas = Canvas(CHART_WIDTH, ROW * len(rows) + 32)
    across, foot = Axis(0, 1, 14, CHART_WIDTH - 14), canvas.height - 22
    rtl = say["direction"] == "rtl"
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        style = "chance" if share == 0.25 else "grid"
        canvas.draw_line((across(share), 4), (across(share), foot), style)
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        canvas.draw_text((across(share), foot + 16), say.format_share(share, 0), "tick", anchor)
    for number, (name, rate) in enumerate(rows):
        y, style = ROW * number + 16, "tuned" if name in ("tuning", "both") else "base"
        edge = (across(1), "end") if rtl else (across(0), "start")
        canvas.draw_text((edge[0], y), say.get_label("aids", name), "label", edge[1])
        canvas.draw_line(
            (across(rate.low), y + 14), (across(rate.high), y + 14), f"whisker {style}"
        )
        canvas.draw_dot((across(rate.rate), y + 14), style, 5)
    told = (f"{say.get_label('aids', name)}: {say.format_share(rate.rate)}" for name, rate in rows)
    return canvas.render_svg("aids", say["figures"]["aids"], "; ".join(told))


def _draw_legend(canvas: Canvas, entries: Sequence[tuple[str, str]], y: float) -> None:
    step = canvas.width / max(1, len(entries))
    for number, (style, name) in enumerate(entries):
        canvas.draw_box((number * step + 2, y - 10), 10, 10, style)
        canvas.draw_text((number * step + 17, y - 1), name, "tick")
