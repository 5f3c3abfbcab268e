"""A sweep's pictures: every setting with its seeds, a map of two keys, a curve over one."""

import math
from collections.abc import Sequence
from statistics import fmean

from markupsafe import Markup

from tasks.language.i18n import Translator
from tasks.reporting.charts.study_charts import CHART_WIDTH
from tasks.reporting.charts.svg import Axis, Canvas, choose_ticks
from tasks.schemas.item_rows import CHANCE_RATE
from tasks.schemas.sweep_plan import RankedSetting, format_value

SHADE_COUNT = 10  # of the map's cells; the style gives each its strength
MAX_SETTINGS = 40  # settings that are drawn; the table has all
LOG_SCALE_RATIO = (
    8.0  # from this ratio of the largest to the smallest value a curve's steps are even in powers
)


def list_seed_rates(one: RankedSetting) -> list[float]:
    """The share of right answers of each seed that could be tuned."""
    return [trial.comparison.tuned.rate for trial in one.trials if trial.comparison]


def draw_settings(standings: Sequence[RankedSetting], say: Translator) -> Markup:
    """Each setting's share of right answers on the questions that choose, a dot a seed, with the
    base models' and the chance line.
    """
    drawn = [one for one in standings if one.rate is not None][:MAX_SETTINGS]
    canvas = Canvas(CHART_WIDTH, 50 + 32 * len(drawn))
    across, foot = Axis(0, 1, 14, CHART_WIDTH - 14), 16 + 32 * len(drawn)
    _draw_share_axis(canvas, across, foot, say)
    for row, one in enumerate(drawn):
        y = 34 + 32 * row
        base = one.first_trial.comparison.base.rate if one.first_trial.comparison else CHANCE_RATE
        canvas.draw_text(
            (across(0), y - 8),
            f"{say.format_number(one.rank)}. {one.setting.name}",
            "label strong" if row == 0 else "label",
        )
        canvas.draw_line(
            (across(base), y + 2), (across(one.rate or 0), y + 2), "whisker tuned thin"
        )
        canvas.draw_dot((across(base), y + 2), "base", 4)
        for rate in list_seed_rates(one):
            canvas.draw_dot((across(rate), y + 2), "tuned", 4.5)
    told = "; ".join(f"{one.setting.name}: {say.format_share(one.rate or 0)}" for one in drawn)
    return canvas.render_svg("settings", say["figures"]["settings"], told)


def choose_varied_keys(standings: Sequence[RankedSetting]) -> list[str]:
    """The two keys with the most values, in the plan's order; fewer where fewer are varied."""
    values: dict[str, set[str]] = {}
    for one in standings:
        for key, value in one.setting.changes.items():
            values.setdefault(key, set()).add(format_value(value))
    varied = [key for key in values if len(values[key]) > 1]
    most = sorted(varied, key=lambda key: -len(values[key]))[:2]
    return [key for key in varied if key in most]


def draw_heatmap(standings: Sequence[RankedSetting], say: Translator) -> Markup | None:
    """A map of two keys; where more are varied, a cell shows the best over the others. None where
    there are not two.
    """
    keys = choose_varied_keys(standings)
    if len(keys) < 2:
        return None
    down, along = keys
    cells = _find_best_rates(standings, down, along)
    rows, columns = _list_varied_values(standings, down), _list_varied_values(standings, along)
    width, height, left = (CHART_WIDTH - 90) / len(columns), 44, 86
    canvas = Canvas(CHART_WIDTH, 60 + height * len(rows))
    canvas.draw_text((0, 14), _shorten_key(down), "tick")
    canvas.draw_text((CHART_WIDTH, 14), _shorten_key(along), "tick", "end")
    low, high = min(cells.values(), default=0.0), max(cells.values(), default=1.0)
    for r, row in enumerate(rows):
        y = 40 + height * r
        canvas.draw_text((left - 8, y + 26), row, "tick", "end")
        for c, column in enumerate(columns):
            if (rate := cells.get((row, column))) is not None:
                shade = round((SHADE_COUNT - 1) * (rate - low) / (high - low)) if high > low else 0
                best = " best" if rate == high else ""
                canvas.draw_box(
                    (left + width * c, y), width - 3, height - 3, f"heat h{shade}{best}"
                )
                canvas.draw_text(
                    (left + width * c + width / 2 - 1, y + 26),
                    say.format_share(rate, 0),
                    "value",
                    "middle",
                )
    for c, column in enumerate(columns):
        canvas.draw_text((left + width * c + width / 2 - 1, 34), column, "tick", "middle")
    told = "; ".join(
        f"{_shorten_key(down)} {row}, {_shorten_key(along)} {column}: {say.format_share(rate)}"
        for (row, column), rate in cells.items()
    )
    return canvas.render_svg("heat", say["figures"]["heat"], told)


def draw_rate_curve(points: dict[float, RankedSetting], say: Translator) -> Markup | None:
    """The share of right answers over one number, a dot a seed, with the base model and chance.
    None with fewer than two values.
    """
    drawn = {value: one for value, one in points.items() if one.rate is not None}
    if len(drawn) < 2:
        return None
    low, high = min(drawn), max(drawn)
    powers = low > 0 and high / low >= LOG_SCALE_RATIO
    place = math.log if powers else float
    canvas = Canvas(CHART_WIDTH, 250)
    across, up = Axis(place(low), place(high), 52, CHART_WIDTH - 24), Axis(0, 1, 200, 16)
    for share in choose_ticks(0, 1, 4):
        canvas.draw_line((44, up(share)), (CHART_WIDTH, up(share)), "grid")
        canvas.draw_text((38, up(share) + 4), say.format_share(share, 0), "tick", "end")
    canvas.draw_line((44, up(CHANCE_RATE)), (CHART_WIDTH, up(CHANCE_RATE)), "chance")
    canvas.draw_path(
        [(across(place(value)), up(_compute_base_rate(one))) for value, one in drawn.items()],
        "curve base",
    )
    canvas.draw_path(
        [(across(place(value)), up(one.rate or 0)) for value, one in drawn.items()], "curve train"
    )
    for value, one in drawn.items():
        for rate in list_seed_rates(one):
            canvas.draw_dot((across(place(value)), up(rate)), "tuned", 4)
        canvas.draw_text((across(place(value)), 218), say.format_number(value), "tick", "middle")
    key = _shorten_key(next(iter(drawn[low].setting.changes)))
    canvas.draw_text((CHART_WIDTH, 240), key, "tick", "end")
    told = "; ".join(
        f"{say.format_number(value)}: {say.format_share(one.rate or 0)}"
        for value, one in drawn.items()
    )
    return canvas.render_svg("curve", f"{say['figures']['curve']}: {key}", told)


def _compute_base_rate(one: RankedSetting) -> float:
    return fmean(trial.comparison.base.rate for trial in one.trials if trial.comparison)


def _find_best_rates(
    standings: Sequence[RankedSetting], down: str, along: str
) -> dict[tuple[str, str], float]:
    """The best rate at each pair of values."""
    cells: dict[tuple[str, str], float] = {}
    for one in standings:
        if one.rate is not None and down in one.setting.changes and along in one.setting.changes:
            place = (
                format_value(one.setting.changes[down]),
                format_value(one.setting.changes[along]),
            )
            cells[place] = max(one.rate, cells.get(place, 0.0))
    return cells


def _list_varied_values(standings: Sequence[RankedSetting], key: str) -> list[str]:
    """The values of a key: numbers in rising order, anything else by name."""
    found = [one.setting.changes[key] for one in standings if key in one.setting.changes]
    if all(isinstance(value, int | float) for value in found):
        found.sort()
    else:
        found.sort(key=format_value)
    return list(dict.fromkeys(map(format_value, found)))


def _shorten_key(key: str) -> str:
    return key.rpartition(".")[2]


def _draw_share_axis(canvas: Canvas, across: Axis, foot: float, say: Translator) -> None:
    """The axis of shares, with the chance line."""
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.draw_line(
            (across(share), 8), (across(share), foot), "chance" if share == CHANCE_RATE else "grid"
        )
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        canvas.draw_text((across(share), foot + 16), say.format_share(share, 0), "tick", anchor)
