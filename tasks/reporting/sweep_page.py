"""A sweep's page, and the same in short for the dashboard."""

from typing import Any

from markupsafe import Markup

from tasks.reporting import figures, sweep_figures
from tasks.reporting.glance import seeds, table
from tasks.reporting.history import label, role
from tasks.reporting.history import told as told_history
from tasks.reporting.page import changes, style, template, verdict_sentence
from tasks.reporting.safety import markdown
from tasks.reporting.wording import Wording, direction, wording
from tasks.results import VerdictName
from tasks.schemas.timings import Timing, Timings
from tasks.store import runs_dir
from tasks.sweeps import Found, Standing, SweepPlan, Trend, numbers, shown

LEARNT: dict[VerdictName, str] = {
    "improved": "rising",
    "worse": "falling",
    "no-difference": "flat",
    "identical": "flat",
    "inconclusive": "unknown",
}


def page(plan: SweepPlan, found: Found, timings: Timings) -> str:
    """The whole page as HTML."""
    say = wording(plan.study.language)
    return template("sweep.html").render(
        say=say,
        own=say["sweep"],
        plan=plan,
        found=found,
        result=found.verdict,
        label=label(found.verdict, found.history, say),
        role=role(found.history, say),
        note=told_history(found.history, say),
        sentence=verdict_sentence(found.verdict, plan.study.comparison, found.history, say),
        direction=direction(plan.study.language),
        style=style(),
        pictures=pictures(found, say),
        outcomes=figures.outcomes(found.verdict),
        told=told(plan, found, say),
        command=command(plan),
        changed=changes(plan.study),
        tried={key: drawn_from(values, say) for key, values in plan.grid.items()},
        stages=stages(timings),
    )


def drawn_from(values: list[Any], say: Wording) -> str:
    """The values of a key as a person reads them."""
    return str(say["comma"]).join(shown(value) for value in values)


def stages(timings: Timings) -> list[tuple[str, int, int, float]]:
    """Of each stage: its name, how often it was needed, how often it was cached, and its seconds in all."""
    rows: dict[str, list[Timing]] = {}
    for timing in timings.stages:
        rows.setdefault(timing.stage, []).append(timing)
    return [(name, len(each), sum(t.cached for t in each), sum(t.seconds for t in each)) for name, each in rows.items()]


def pictures(found: Found, say: Wording) -> dict[str, Markup]:
    """Every picture that this sweep allows, by name."""
    drawn = {
        "rates": figures.rates([found.verdict], say),
        "paired": figures.paired(found.verdict, say),
        "settings": sweep_figures.settings(found.standings, say),
        "heat": sweep_figures.heat(found.standings, say),
        "curve": sweep_figures.curve(numbers(found.standings), say),
    }
    return {name: picture for name, picture in drawn.items() if picture is not None}


def told(plan: SweepPlan, found: Found, say: Wording) -> dict[str, str]:
    """The page's sentences with their numbers."""
    own, best, spread = say["sweep"], found.standings[0], found.spread
    choosing = best.first_trial.comparison.n if best.first_trial.comparison else 0
    lines = {
        "chosen": say.fill_label(
            own["chosen_text"], settings=say.format_number(len(found.standings)), n=say.format_number(choosing), rate=say.format_share(best.rate or 0)
        ),
        "final": say.fill_label(own["final_text"], n=say.format_number(found.verdict.n), facts=say.format_number(found.verdict.extra.get("facts", 0))),
        "table": say.fill_label(own["table_text"], settings=say.format_number(sum(one.rate is not None for one in found.standings))),
    }
    if spread.seeds > 1:
        lines["spread"] = seeds(spread, say)
    if found.trend:
        lines["trend"] = _trend(found.trend, say)
    if not found.same_questions:
        lines["other"] = own["other_questions"]
    return lines


def command(plan: SweepPlan) -> str:
    """What runs the chosen setting as a study."""
    return f"book2lora study {runs_dir() / 'sweeps' / plan.name / 'best-plan.yaml'}"


def brief(plan: SweepPlan, found: Found) -> str:
    """The sweep in short, as Markdown."""
    say = wording(plan.study.language)
    own, columns, result = say["sweep"], say["columns"], found.verdict
    head = [own["columns"]["rank"], own["columns"]["setting"], own["columns"]["rate"], own["columns"]["deviation"], columns["p_holm"]]
    rows = [_row(one, say) for one in found.standings]
    about = [markdown(line) for line in told(plan, found, say).values()]
    parts = [
        f"# {label(result, found.history, say)}: {markdown(found.chosen_setting.name)}",
        f"**{markdown(verdict_sentence(result, plan.study.comparison, found.history, say))}**",
        *(markdown(line) for line in [told_history(found.history, say)] if line),
        *about,
        table(head, rows),
        f"```\n{command(plan)}\n```",
    ]
    body = "\n\n".join(parts)
    return f'<div dir="{say["direction"]}" lang="{say.language}">\n\n{body}\n\n</div>\n'


def _row(one: Standing, say: Wording) -> list[str]:
    cells = [
        say.format_number(one.rank),
        markdown(one.setting.name),
        say.format_share(one.rate) if one.rate is not None else say["sweep"]["failed"],
        say.format_points(one.deviation, sign=False) if len(one.trials) > 1 else "—",
        say.format_p_value(one.p_holm).removeprefix("= ").replace("<", "&lt;") if one.p_holm is not None else "—",
    ]
    return [f"**{cell}**" for cell in cells] if one.rank == 1 else cells


def _trend(trend: Trend, say: Wording) -> str:
    """What the last step of the curve says on going on."""
    values: dict[str, Any] = {
        "key": trend.key.rpartition(".")[2],
        "smaller": say.format_number(trend.smaller),
        "larger": say.format_number(trend.larger),
        "difference": say.format_points(trend.comparison.difference.value),
        "p": say.format_p_value(trend.comparison.p_value),
    }
    return say.fill_label(say["sweep"]["trend"][LEARNT[trend.comparison.verdict]], **values)
