"""The report's pictures: each from plain rows to one SVG with a text alternative."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from tasks.records import Stage
from tasks.reporting.facts import Power
from tasks.reporting.svg import Axis, Canvas, Point, ticks
from tasks.reporting.tables import curve
from tasks.reporting.wording import Wording
from tasks.results import Comparison, Step

WIDTH = 480  # drawn so that 12-unit text can still be read when a phone shows it at 340 pixels
CHANCE = 0.25  # four options
MOST_SQUARES = 2000  # smaller ones would not be seen


def rates(comparisons: Sequence[Comparison], say: Wording) -> Markup:
    """Base and tuned with their intervals on each paper, and the chance line."""
    canvas = Canvas(WIDTH, 68 + 68 * len(comparisons))
    across, foot = Axis(0, 1, 14, WIDTH - 14), canvas.height - 48
    edge, side = (across(1), "end") if say["direction"] == "rtl" else (across(0), "start")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line((across(share), 8), (across(share), foot), "chance" if share == CHANCE else "grid")
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        canvas.text((across(share), foot + 16), say.share(share, 0), "tick", anchor)
    canvas.text((across(CHANCE) + 5, 15), say["chance"], "tick chance-label")
    for row, comparison in enumerate(comparisons):
        top = 38 + 68 * row
        canvas.text((edge, top), say.name("sets", comparison.set), "label strong" if comparison.primary else "label", side)
        for rate, style, y in ((comparison.base, "base", top + 16), (comparison.tuned, "tuned", top + 35)):
            canvas.line((across(rate.low), y), (across(rate.high), y), f"whisker {style}")
            canvas.dot((across(rate.rate), y), style, 5.5)
            beside = rate.high < 0.86
            canvas.text(
                (across(rate.high if beside else rate.low) + (8 if beside else -8), y + 4),
                say.share(rate.rate),
                f"value {style}",
                "start" if beside else "end",
            )
    _legend(canvas, [("mark base", say["base"]), ("mark tuned", say["tuned"])], canvas.height - 4)
    told = (
        say.fill(say["figures"]["rates_text"], set=say.name("sets", c.set), base=say.share(c.base.rate), tuned=say.share(c.tuned.rate))
        for c in comparisons
    )
    return canvas.picture("rates", say["figures"]["rates"], "; ".join(told))


def paired(result: Comparison, say: Wording) -> Markup:
    """One square for each question of the primary paper, coloured by what happened to it; very many become one bar."""
    parts = outcomes(result)
    told = say["comma"].join(f"{say.name('outcomes', name)} {say.number(number)}" for name, number in parts.items())
    canvas = _bar(parts) if result.n > MOST_SQUARES else _squares(parts, say["direction"] == "rtl")
    return canvas.picture("paired", say["figures"]["paired"], told)


def outcomes(result: Comparison) -> dict[str, float]:
    """How many questions were right in both, only later, only before, and in neither."""
    both = result.base.correct - result.lost
    return {"both": both, "gained": result.gained, "lost": result.lost, "neither": result.n - both - result.gained - result.lost}


def loss(steps: Sequence[Step], say: Wording) -> Markup:
    """The training log: every update faint, their moving mean strong, held-out pairs as dots."""
    drawn = curve(steps)
    values = [y for _, y in drawn.raw + drawn.held_out]
    canvas = Canvas(WIDTH, 260)
    across, up = Axis(0, max(x for x, _ in drawn.raw + drawn.held_out), 44, WIDTH - 10), Axis(min(0.0, *values), max(values), 206, 26)
    _frame(canvas, across, up, say)
    canvas.text((6, 14), say["figures"]["loss_unit"], "tick")
    canvas.text((WIDTH - 10, 238), say["figures"]["updates"], "tick", "end")
    for points, style in ((drawn.raw, "curve faint"), (drawn.smooth, "curve train"), (drawn.held_out, "curve held")):
        canvas.path([(across(x), up(y)) for x, y in points], style)
    for x, y in drawn.held_out:
        canvas.dot((across(x), up(y)), "held", 3.5)
    legend = [("mark train", say["figures"]["train"]), ("mark held", say["figures"]["held_out"])]
    _legend(canvas, legend[: 2 if drawn.held_out else 1], 256)
    ends = {"first": say.number(drawn.raw[0][1], 2), "last": say.number(drawn.smooth[-1][1], 2)}
    if drawn.held_out:
        ends |= {"held_first": say.number(drawn.held_out[0][1], 2), "held_last": say.number(drawn.held_out[-1][1], 2)}
    told = say["figures"]["loss_text" if drawn.held_out else "loss_text_plain"]
    return canvas.picture("loss", say["figures"]["loss"], say.fill(told, **ends))


def funnel(stages: Sequence[Stage], kind: str, say: Wording) -> Markup:
    """One bar a step: what came in, and how much of it went on."""
    rows = [stage for stage in stages if stage.kind == kind]
    widest = max([stage.came for stage in rows] + [1])
    canvas = Canvas(WIDTH, 40 * len(rows) + 4)
    across, rtl = Axis(0, widest, 0, WIDTH), say["direction"] == "rtl"
    for number, stage in enumerate(rows):
        top, name, came, kept = 40 * number, say.name("funnel", stage.name), say.number(stage.came), say.number(stage.kept)
        left, right = (f"{kept} {say['arrow']} {came}", name) if rtl else (name, f"{came} {say['arrow']} {kept}")
        canvas.text((0, top + 14), left, "label")
        canvas.text((WIDTH, top + 14), right, "label", "end")
        for count, style in ((stage.came, "came"), (stage.kept, "kept")):
            canvas.box((WIDTH - across(count) if rtl else 0, top + 21), across(count), 12, style)
    told = say["comma"].join(f"{say.name('funnel', s.name)}: {say.number(s.came)} {say['to']} {say.number(s.kept)}" for s in rows)
    return canvas.picture(f"funnel-{kind}", f"{say['figures']['funnel']}: {say.name('kinds', kind)}", told)


def positions(shares: dict[str, list[float]], say: Wording) -> Markup:
    """For each option its share among keys, base answers and tuned answers; the last group: no legible answer."""
    groups = [say["figures"]["option"] + " " + say.number(number) for number in (1, 2, 3, 4)] + [say["figures"]["illegible"]]
    canvas = Canvas(WIDTH, 200)
    top = max(0.4, *(share for row in shares.values() for share in row))
    up = Axis(0, top, 150, 14)
    for share in ticks(0, top, 4):
        canvas.line((34, up(share)), (WIDTH, up(share)), "grid")
        canvas.text((30, up(share) + 4), say.share(share, 0), "tick", "end")
    canvas.line((34, up(CHANCE)), (WIDTH, up(CHANCE)), "chance")
    for place, group in enumerate(groups):
        left = 42 + place * 88
        canvas.text((left + 33, 168), group, "tick", "middle")
        for bar, (name, row) in enumerate(shares.items()):
            canvas.box((left + 22 * bar, up(row[place])), 20, 150 - up(row[place]), f"bar {name}")
    _legend(canvas, [("bar key", say["figures"]["keys"]), ("bar base", say["base"]), ("bar tuned", say["tuned"])], 194)
    told = "; ".join(f"{group}: " + say["comma"].join(say.share(row[i], 0) for row in shares.values()) for i, group in enumerate(groups))
    return canvas.picture("positions", say["figures"]["positions"], told)


def power(points: Sequence[Power], result: Comparison, say: Wording) -> Markup:
    """How often a true gain would be found, with the smallest detectable and the seen difference."""
    canvas = Canvas(WIDTH, 240)
    across, up = Axis(0, max(p.difference for p in points) * 100, 44, WIDTH - 14), Axis(0, 1, 190, 14)
    _frame(canvas, across, up, say, share=True)
    canvas.line((across.start, up(0.8)), (across.end, up(0.8)), "chance")
    seen = abs(result.difference.value) * 100
    for value, style in ((result.detectable * 100, "mark train"), (seen, "mark held")):
        if value <= across.high:
            canvas.line((across(value), up(0)), (across(value), up(1)), f"{style} thin")
    canvas.path([(across(p.difference * 100), up(p.power)) for p in points], "curve train")
    canvas.text((WIDTH - 14, 222), say["figures"]["true_gain"], "tick", "end")
    names = [
        ("mark train", f"{say['figures']['detectable']}: {say.points(result.detectable, False)}"),
        ("mark held", f"{say['figures']['seen']}: {say.points(result.difference.value)}"),
    ]
    _legend(canvas, names, 238)
    told = say.fill(say["figures"]["power_text"], detectable=say.points(result.detectable, False), seen=say.points(result.difference.value))
    return canvas.picture("power", say["figures"]["power"], told)


def _squares(parts: dict[str, float], rtl: bool) -> Canvas:
    styles = [name for name, number in parts.items() for _ in range(round(number))]
    side = min(26, max(6, math.floor(math.sqrt(WIDTH * 190 / max(1, len(styles))))))  # about as tall as its neighbour
    columns = WIDTH // side
    canvas = Canvas(WIDTH, side * math.ceil(len(styles) / columns) + 2)
    for place, style in enumerate(styles):
        column = columns - 1 - place % columns if rtl else place % columns
        canvas.box((side * column + (WIDTH % side) * rtl, side * (place // columns)), side - 2, side - 2, f"outcome {style}")
    return canvas


def _bar(parts: dict[str, float]) -> Canvas:
    canvas, start = Canvas(WIDTH, 40), 0.0
    for name, number in parts.items():
        width = WIDTH * number / max(1.0, sum(parts.values()))
        canvas.box((start, 2), width - 2, 34, f"outcome {name}")
        start += width
    return canvas


def _frame(canvas: Canvas, across: Axis, up: Axis, say: Wording, share: bool = False) -> None:
    for value in ticks(up.low, up.high):
        canvas.line((across.start, up(value)), (across.end, up(value)), "grid")
        canvas.text((across.start - 6, up(value) + 4), say.share(value, 0) if share else say.number(value), "tick", "end")
    for value in ticks(across.low, across.high, 6):
        canvas.text((across(value), up.start + 16), say.number(value), "tick", "middle")


def _legend(canvas: Canvas, entries: Sequence[tuple[str, str]], y: float) -> None:
    """Marks with their names in a row, each in an equal part of the width."""
    step = canvas.width / max(1, len(entries))
    for number, (style, name) in enumerate(entries):
        corner: Point = (number * step + 2, y - 10)
        canvas.box(corner, 10, 10, style)
        canvas.text((corner[0] + 15, y - 1), name, "tick")
