"""The report's pictures: each from plain rows to one SVG with a text alternative."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from tasks.language.i18n import Translator
from tasks.reporting.charts.svg import Axis, Canvas, Point, choose_ticks
from tasks.reporting.page_tables import build_loss_curve
from tasks.reporting.report_data import PowerCurvePoint
from tasks.schemas.item_rows import CHANCE_RATE, FilterStep
from tasks.schemas.result_rows import Comparison, TrainingStep

CHART_WIDTH = (
    480  # drawn so that 12-unit text can still be read when a phone shows it at 340 pixels
)
MAX_SQUARES = 2000  # smaller ones would not be seen


def draw_rates(comparisons: Sequence[Comparison], say: Translator) -> Markup:
    """Base and tuned with their intervals on each paper, and the chance line."""
    canvas = Canvas(CHART_WIDTH, 68 + 68 * len(comparisons))
    across, foot = Axis(0, 1, 14, CHART_WIDTH - 14), canvas.height - 48
    edge, side = (across(1), "end") if say["direction"] == "rtl" else (across(0), "start")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.draw_line(
            (across(share), 8), (across(share), foot), "chance" if share == CHANCE_RATE else "grid"
        )
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        canvas.draw_text((across(share), foot + 16), say.format_share(share, 0), "tick", anchor)
    canvas.draw_text((across(CHANCE_RATE) + 5, 15), say["chance"], "tick chance-label")
    for row, comparison in enumerate(comparisons):
        top = 38 + 68 * row
        canvas.draw_text(
            (edge, top),
            say.get_label("sets", comparison.set),
            "label strong" if comparison.primary else "label",
            side,
        )
        for rate, style, y in (
            (comparison.base, "base", top + 16),
            (comparison.tuned, "tuned", top + 35),
        ):
            canvas.draw_line((across(rate.low), y), (across(rate.high), y), f"whisker {style}")
            canvas.draw_dot((across(rate.rate), y), style, 5.5)
            beside = rate.high < 0.86
            canvas.draw_text(
                (across(rate.high if beside else rate.low) + (8 if beside else -8), y + 4),
                say.format_share(rate.rate),
                f"value {style}",
                "start" if beside else "end",
            )
    _draw_legend(
        canvas, [("mark base", say["base"]), ("mark tuned", say["tuned"])], canvas.height - 4
    )
    told = (
        say.fill_label(
            say["figures"]["rates_text"],
            set=say.get_label("sets", c.set),
            base=say.format_share(c.base.rate),
            tuned=say.format_share(c.tuned.rate),
        )
        for c in comparisons
    )
    return canvas.render_svg("rates", say["figures"]["rates"], "; ".join(told))


def draw_paired_outcomes(result: Comparison, say: Translator) -> Markup:
    """One square for each question of the primary paper, coloured by what happened to it; very many
    become one bar.
    """
    parts = count_outcomes(result)
    told = say["comma"].join(
        f"{say.get_label('outcomes', name)} {say.format_number(number)}"
        for name, number in parts.items()
    )
    canvas = (
        _draw_bar(parts)
        if result.n > MAX_SQUARES
        else _draw_squares(parts, say["direction"] == "rtl")
    )
    return canvas.render_svg("paired", say["figures"]["paired"], told)


def count_outcomes(result: Comparison) -> dict[str, float]:
    """How many questions were right in both, only later, only before, and in neither."""
    both = result.base.correct - result.lost
    return {
        "both": both,
        "gained": result.gained,
        "lost": result.lost,
        "neither": result.n - both - result.gained - result.lost,
    }


def draw_loss(steps: Sequence[TrainingStep], say: Translator) -> Markup:
    """The training log: every update faint, their moving mean strong, held-out pairs as dots."""
    drawn = build_loss_curve(steps)
    values = [y for _, y in drawn.raw + drawn.held_out]
    canvas = Canvas(CHART_WIDTH, 260)
    across, up = (
        Axis(0, max(x for x, _ in drawn.raw + drawn.held_out), 44, CHART_WIDTH - 10),
        Axis(min(0.0, *values), max(values), 206, 26),
    )
    _draw_axes(canvas, across, up, say)
    canvas.draw_text((6, 14), say["figures"]["loss_unit"], "tick")
    canvas.draw_text((CHART_WIDTH - 10, 238), say["figures"]["updates"], "tick", "end")
    for points, style in (
        (drawn.raw, "curve faint"),
        (drawn.smooth, "curve train"),
        (drawn.held_out, "curve held"),
    ):
        canvas.draw_path([(across(x), up(y)) for x, y in points], style)
    for x, y in drawn.held_out:
        canvas.draw_dot((across(x), up(y)), "held", 3.5)
    legend = [("mark train", say["figures"]["train"]), ("mark held", say["figures"]["held_out"])]
    _draw_legend(canvas, legend[: 2 if drawn.held_out else 1], 256)
    ends = {
        "first": say.format_number(drawn.raw[0][1], 2),
        "last": say.format_number(drawn.smooth[-1][1], 2),
    }
    if drawn.held_out:
        ends |= {
            "held_first": say.format_number(drawn.held_out[0][1], 2),
            "held_last": say.format_number(drawn.held_out[-1][1], 2),
        }
    told = say["figures"]["loss_text" if drawn.held_out else "loss_text_plain"]
    return canvas.render_svg("loss", say["figures"]["loss"], say.fill_label(told, **ends))


def draw_funnel(stages: Sequence[FilterStep], kind: str, say: Translator) -> Markup:
    """One bar a step: what came in, and how much of it went on."""
    rows = [stage for stage in stages if stage.kind == kind]
    widest = max([stage.came for stage in rows] + [1])
    canvas = Canvas(CHART_WIDTH, 40 * len(rows) + 4)
    across, rtl = Axis(0, widest, 0, CHART_WIDTH), say["direction"] == "rtl"
    for number, stage in enumerate(rows):
        top, name, came, kept = (
            40 * number,
            say.get_label("funnel", stage.name),
            say.format_number(stage.came),
            say.format_number(stage.kept),
        )
        left, right = (
            (f"{kept} {say['arrow']} {came}", name)
            if rtl
            else (name, f"{came} {say['arrow']} {kept}")
        )
        canvas.draw_text((0, top + 14), left, "label")
        canvas.draw_text((CHART_WIDTH, top + 14), right, "label", "end")
        for count, style in ((stage.came, "came"), (stage.kept, "kept")):
            canvas.draw_box(
                (CHART_WIDTH - across(count) if rtl else 0, top + 21), across(count), 12, style
            )
    told = say["comma"].join(
        f"{say.get_label('funnel', s.name)}: {say.format_number(s.came)} {say['to']}"
        f" {say.format_number(s.kept)}"
        for s in rows
    )
    return canvas.render_svg(
        f"funnel-{kind}", f"{say['figures']['funnel']}: {say.get_label('kinds', kind)}", told
    )


def draw_option_shares(shares: dict[str, list[float]], say: Translator) -> Markup:
    """For each option its share among keys, base answers and tuned answers; the last group: no
    legible answer.
    """
    groups = [
        say["figures"]["option"] + " " + say.format_number(number) for number in (1, 2, 3, 4)
    ] + [say["figures"]["illegible"]]
    canvas = Canvas(CHART_WIDTH, 200)
    top = max(0.4, *(share for row in shares.values() for share in row))
    up = Axis(0, top, 150, 14)
    for share in choose_ticks(0, top, 4):
        canvas.draw_line((34, up(share)), (CHART_WIDTH, up(share)), "grid")
        canvas.draw_text((30, up(share) + 4), say.format_share(share, 0), "tick", "end")
    canvas.draw_line((34, up(CHANCE_RATE)), (CHART_WIDTH, up(CHANCE_RATE)), "chance")
    for place, group in enumerate(groups):
        left = 42 + place * 88
        canvas.draw_text((left + 33, 168), group, "tick", "middle")
        for bar, (name, row) in enumerate(shares.items()):
            canvas.draw_box(
                (left + 22 * bar, up(row[place])), 20, 150 - up(row[place]), f"bar {name}"
            )
    _draw_legend(
        canvas,
        [
            ("bar key", say["figures"]["keys"]),
            ("bar base", say["base"]),
            ("bar tuned", say["tuned"]),
        ],
        194,
    )
    told = "; ".join(
        f"{group}: " + say["comma"].join(say.format_share(row[i], 0) for row in shares.values())
        for i, group in enumerate(groups)
    )
    return canvas.render_svg("positions", say["figures"]["positions"], told)


def draw_power_curve(
    points: Sequence[PowerCurvePoint], result: Comparison, say: Translator
) -> Markup:
    """How often a true gain would be found, with the smallest detectable and the seen
    difference.
    """
    canvas = Canvas(CHART_WIDTH, 240)
    across, up = (
        Axis(0, max(p.difference for p in points) * 100, 44, CHART_WIDTH - 14),
        Axis(0, 1, 190, 14),
    )
    _draw_axes(canvas, across, up, say, share=True)
    canvas.draw_line((across.start, up(0.8)), (across.end, up(0.8)), "chance")
    seen = abs(result.difference.value) * 100
    for value, style in ((result.detectable * 100, "mark train"), (seen, "mark held")):
        if value <= across.high:
            canvas.draw_line((across(value), up(0)), (across(value), up(1)), f"{style} thin")
    canvas.draw_path([(across(p.difference * 100), up(p.power)) for p in points], "curve train")
    canvas.draw_text((CHART_WIDTH - 14, 222), say["figures"]["true_gain"], "tick", "end")
    names = [
        (
            "mark train",
            f"{say['figures']['detectable']}: {say.format_points(result.detectable, False)}",
        ),
        ("mark held", f"{say['figures']['seen']}: {say.format_points(result.difference.value)}"),
    ]
    _draw_legend(canvas, names, 238)
    told = say.fill_label(
        say["figures"]["power_text"],
        detectable=say.format_points(result.detectable, False),
        seen=say.format_points(result.difference.value),
    )
    return canvas.render_svg("power", say["figures"]["power"], told)


def _draw_squares(parts: dict[str, float], rtl: bool) -> Canvas:
    styles = [name for name, number in parts.items() for _ in range(round(number))]
    side = min(
        26, max(6, math.floor(math.sqrt(CHART_WIDTH * 190 / max(1, len(styles)))))
    )  # about as tall as its neighbour
    columns = CHART_WIDTH // side
    canvas = Canvas(CHART_WIDTH, side * math.ceil(len(styles) / columns) + 2)
    for place, style in enumerate(styles):
        column = columns - 1 - place % columns if rtl else place % columns
        canvas.draw_box(
            (side * column + (CHART_WIDTH % side) * rtl, side * (place // columns)),
            side - 2,
            side - 2,
            f"outcome {style}",
        )
    return canvas


def _draw_bar(parts: dict[str, float]) -> Canvas:
    canvas, start = Canvas(CHART_WIDTH, 40), 0.0
    for name, number in parts.items():
        width = CHART_WIDTH * number / max(1.0, sum(parts.values()))
        canvas.draw_box((start, 2), width - 2, 34, f"outcome {name}")
        start += width
    return canvas


def _draw_axes(
    canvas: Canvas, across: Axis, up: Axis, say: Translator, share: bool = False
) -> None:
    for value in choose_ticks(up.low, up.high):
        canvas.draw_line((across.start, up(value)), (across.end, up(value)), "grid")
        canvas.draw_text(
            (across.start - 6, up(value) + 4),
            say.format_share(value, 0) if share else say.format_number(value),
            "tick",
            "end",
        )
    for value in choose_ticks(across.low, across.high, 6):
        canvas.draw_text((across(value), up.start + 16), say.format_number(value), "tick", "middle")


def _draw_legend(canvas: Canvas, entries: Sequence[tuple[str, str]], y: float) -> None:
    """Marks with their names in a row, each in an equal part of the width."""
    step = canvas.width / max(1, len(entries))
    for number, (style, name) in enumerate(entries):
        corner: Point = (number * step + 2, y - 10)
        canvas.draw_box(corner, 10, 10, style)
        canvas.draw_text((corner[0] + 15, y - 1), name, "tick")
