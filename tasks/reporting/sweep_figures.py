"""A sweep's pictures: every setting with its seeds, a map of two keys, a curve over one."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from markupsafe import Markup

from tasks.reporting.figures import CHANCE, WIDTH
from tasks.reporting.svg import Axis, Canvas, ticks
from tasks.reporting.wording import Wording
from tasks.sweeps import Standing, shown

SHADES = 10  # of the map's cells; the style gives each its strength
MOST_ROWS = 40  # settings that are drawn; the table has all
WIDE = 8.0  # from this ratio of the largest to the smallest value a curve's steps are even in powers

Place = tuple[Any, Any]


def rates(one: Standing) -> list[float]:
    """The share of right answers of each seed that could be tuned."""
    return [trial.comparison.tuned.rate for trial in one.trials if trial.comparison]


def settings(standings: Sequence[Standing], say: Wording) -> Markup:
    """Each setting's share of right answers on the questions that choose, a dot a seed, with the base models' and the chance line."""
    drawn = [one for one in standings if one.rate is not None][:MOST_ROWS]
    canvas = Canvas(WIDTH, 50 + 32 * len(drawn))
    across, foot = Axis(0, 1, 14, WIDTH - 14), 16 + 32 * len(drawn)
    _shares(canvas, across, foot, say)
    for row, one in enumerate(drawn):
        y = 34 + 32 * row
        base = one.first_trial.comparison.base.rate if one.first_trial.comparison else CHANCE
        canvas.draw_text((across(0), y - 8), f"{say.format_number(one.rank)}. {one.setting.name}", "label strong" if row == 0 else "label")
        canvas.draw_line((across(base), y + 2), (across(one.rate or 0), y + 2), "whisker tuned thin")
        canvas.draw_dot((across(base), y + 2), "base", 4)
        for rate in rates(one):
            canvas.draw_dot((across(rate), y + 2), "tuned", 4.5)
    told = "; ".join(f"{one.setting.name}: {say.format_share(one.rate or 0)}" for one in drawn)
    return canvas.render_svg("settings", say["figures"]["settings"], told)


def axes(standings: Sequence[Standing]) -> list[str]:
    """The two keys with the most values, in the plan's order; fewer where fewer are varied."""
    values: dict[str, set[str]] = {}
    for one in standings:
        for key, value in one.setting.changes.items():
            values.setdefault(key, set()).add(shown(value))
    varied = [key for key in values if len(values[key]) > 1]
    most = sorted(varied, key=lambda key: -len(values[key]))[:2]
    return [key for key in varied if key in most]


def heat(standings: Sequence[Standing], say: Wording) -> Markup | None:
    """A map of two keys; where more are varied, a cell shows the best over the others. None where there are not two."""
    keys = axes(standings)
    if len(keys) < 2:
        return None
    down, along = keys
    cells = _cells(standings, down, along)
    rows, columns = _values(standings, down), _values(standings, along)
    width, height, left = (WIDTH - 90) / len(columns), 44, 86
    canvas = Canvas(WIDTH, 60 + height * len(rows))
    canvas.draw_text((0, 14), _last(down), "tick")
    canvas.draw_text((WIDTH, 14), _last(along), "tick", "end")
    low, high = min(cells.values(), default=0.0), max(cells.values(), default=1.0)
    for r, row in enumerate(rows):
        y = 40 + height * r
        canvas.draw_text((left - 8, y + 26), row, "tick", "end")
        for c, column in enumerate(columns):
            if (rate := cells.get((row, column))) is not None:
                shade = round((SHADES - 1) * (rate - low) / (high - low)) if high > low else 0
                best = " best" if rate == high else ""
                canvas.draw_box((left + width * c, y), width - 3, height - 3, f"heat h{shade}{best}")
                canvas.draw_text((left + width * c + width / 2 - 1, y + 26), say.format_share(rate, 0), "value", "middle")
    for c, column in enumerate(columns):
        canvas.draw_text((left + width * c + width / 2 - 1, 34), column, "tick", "middle")
    told = "; ".join(f"{_last(down)} {row}, {_last(along)} {column}: {say.format_share(rate)}" for (row, column), rate in cells.items())
    return canvas.render_svg("heat", say["figures"]["heat"], told)


def curve(points: dict[float, Standing], say: Wording) -> Markup | None:
    """The share of right answers over one number, a dot a seed, with the base model and chance. None with fewer than two values."""
    drawn = {value: one for value, one in points.items() if one.rate is not None}
    if len(drawn) < 2:
        return None
    low, high = min(drawn), max(drawn)
    powers = low > 0 and high / low >= WIDE
    place = math.log if powers else float
    canvas = Canvas(WIDTH, 250)
    across, up = Axis(place(low), place(high), 52, WIDTH - 24), Axis(0, 1, 200, 16)
    for share in ticks(0, 1, 4):
        canvas.draw_line((44, up(share)), (WIDTH, up(share)), "grid")
        canvas.draw_text((38, up(share) + 4), say.format_share(share, 0), "tick", "end")
    canvas.draw_line((44, up(CHANCE)), (WIDTH, up(CHANCE)), "chance")
    canvas.draw_path([(across(place(value)), up(_base(one))) for value, one in drawn.items()], "curve base")
    canvas.draw_path([(across(place(value)), up(one.rate or 0)) for value, one in drawn.items()], "curve train")
    for value, one in drawn.items():
        for rate in rates(one):
            canvas.draw_dot((across(place(value)), up(rate)), "tuned", 4)
        canvas.draw_text((across(place(value)), 218), say.format_number(value), "tick", "middle")
    key = _last(next(iter(drawn[low].setting.changes)))
    canvas.draw_text((WIDTH, 240), key, "tick", "end")
    told = "; ".join(f"{say.format_number(value)}: {say.format_share(one.rate or 0)}" for value, one in drawn.items())
    return canvas.render_svg("curve", f"{say['figures']['curve']}: {key}", told)


def _base(one: Standing) -> float:
    return fmean(trial.comparison.base.rate for trial in one.trials if trial.comparison)


def _cells(standings: Sequence[Standing], down: str, along: str) -> dict[tuple[str, str], float]:
    """The best rate at each pair of values."""
    cells: dict[tuple[str, str], float] = {}
    for one in standings:
        if one.rate is not None and down in one.setting.changes and along in one.setting.changes:
            place = shown(one.setting.changes[down]), shown(one.setting.changes[along])
            cells[place] = max(one.rate, cells.get(place, 0.0))
    return cells


def _values(standings: Sequence[Standing], key: str) -> list[str]:
    """The values of a key: numbers in rising order, anything else by name."""
    found = [one.setting.changes[key] for one in standings if key in one.setting.changes]
    if all(isinstance(value, int | float) for value in found):
        found.sort()
    else:
        found.sort(key=shown)
    return list(dict.fromkeys(map(shown, found)))


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _shares(canvas: Canvas, across: Axis, foot: float, say: Wording) -> None:
    """The axis of shares, with the chance line."""
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.draw_line((across(share), 8), (across(share), foot), "chance" if share == CHANCE else "grid")
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        canvas.draw_text((across(share), foot + 16), say.format_share(share, 0), "tick", anchor)
