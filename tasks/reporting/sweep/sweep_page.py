"""A sweep's page, and the same in short for the dashboard."""

from typing import Any

from markupsafe import Markup

from tasks.language.i18n import Translator
from tasks.reporting.charts import study_charts
from tasks.reporting.history import label, role
from tasks.reporting.history import told as told_history
from tasks.reporting.labels import get_text_direction, load_labels
from tasks.reporting.markdown.markdown_tables import describe_seed_spread, format_table
from tasks.reporting.message_words import tell_verdict
from tasks.reporting.page import (
    list_plan_changes,
    load_style,
    load_template,
)
from tasks.reporting.sanitize import escape_markdown
from tasks.reporting.sweep import sweep_charts
from tasks.schemas.result_rows import Timing, Timings, VerdictName
from tasks.schemas.sections.profiles import tag_language
from tasks.schemas.sweep_plan import (
    RankedSetting,
    SweepPlan,
    SweepResult,
    Trend,
    format_value,
    index_settings_by_value,
)
from tasks.store.paths import get_runs_dir

TREND_BY_VERDICT: dict[VerdictName, str] = {
    "improved": "rising",
    "worse": "falling",
    "no-difference": "flat",
    "identical": "flat",
    "inconclusive": "unknown",
}


def render_sweep_page(
    plan: SweepPlan, found: SweepResult, timings: Timings, language: str = ""
) -> str:
    """The whole page as HTML."""
    say = load_labels(tag_language(language or plan.study.language, plan.study.generation.profile))
    return load_template("sweep.html").render(
        say=say,
        own=say["sweep"],
        plan=plan,
        found=found,
        result=found.verdict,
        label=label(found.verdict, found.history, say),
        role=role(found.history, say),
        note=told_history(found.history, say),
        sentence=tell_verdict(found.verdict, found.history, say),
        direction=get_text_direction(plan.study.language),
        style=load_style(),
        pictures=draw_sweep_pictures(found, say),
        outcomes=study_charts.count_outcomes(found.verdict),
        told=build_sentences(plan, found, say),
        command=build_study_command(plan),
        changed=list_plan_changes(plan.study),
        tried={key: format_tried_values(values, say) for key, values in plan.grid.items()},
        stages=sum_stage_timings(timings),
    )


def format_tried_values(values: list[Any], say: Translator) -> str:
    """The values of a key as a person reads them."""
    return str(say["comma"]).join(format_value(value) for value in values)


def sum_stage_timings(timings: Timings) -> list[tuple[str, int, int, float]]:
    """Of each stage: its name, how often it was needed, how often it was cached, and its seconds in
    all.
    """
    rows: dict[str, list[Timing]] = {}
    for timing in timings.stages:
        rows.setdefault(timing.stage, []).append(timing)
    return [
        (name, len(each), sum(t.cached for t in each), sum(t.seconds for t in each))
        for name, each in rows.items()
    ]


def draw_sweep_pictures(found: SweepResult, say: Translator) -> dict[str, Markup]:
    """Every picture that this sweep allows, by name."""
    drawn = {
        "rates": study_charts.draw_rates([found.verdict], say),
        "paired": study_charts.draw_paired_outcomes(found.verdict, say),
        "settings": sweep_charts.draw_settings(found.standings, say),
        "heat": sweep_charts.draw_heatmap(found.standings, say),
        "curve": sweep_charts.draw_rate_curve(index_settings_by_value(found.standings), say),
    }
    return {name: picture for name, picture in drawn.items() if picture is not None}


def build_sentences(plan: SweepPlan, found: SweepResult, say: Translator) -> dict[str, str]:
    """The page's sentences with their numbers."""
    own, best = say["sweep"], found.standings[0]
    choosing = best.first_trial.comparison.n if best.first_trial.comparison else 0
    lines = {
        "chosen": say.fill_label(
            own["chosen_text"],
            settings=say.format_number(len(found.standings)),
            n=say.format_number(choosing),
            rate=say.format_share(best.rate or 0),
        ),
        "final": say.fill_label(
            own["final_text"],
            n=say.format_number(found.verdict.n),
            facts=say.format_number(found.verdict.extra.get("facts", 0)),
        ),
        "table": say.fill_label(
            own["table_text"],
            settings=say.format_number(sum(one.rate is not None for one in found.standings)),
        ),
    }
    if found.verdict.seeds:
        lines["spread"] = describe_seed_spread(found.verdict, say)
    if found.trend:
        lines["trend"] = _describe_trend(found.trend, say)
    if not found.same_questions:
        lines["other"] = own["other_questions"]
    return lines


def build_study_command(plan: SweepPlan) -> str:
    """What runs the chosen setting as a study."""
    return f"book2lora study {get_runs_dir() / 'sweeps' / plan.name / 'best-plan.yaml'}"


def build_sweep_markdown(plan: SweepPlan, found: SweepResult, language: str = "") -> str:
    """The sweep in short, as Markdown."""
    say = load_labels(tag_language(language or plan.study.language, plan.study.generation.profile))
    own, columns, result = say["sweep"], say["columns"], found.verdict
    head = [
        own["columns"]["rank"],
        own["columns"]["setting"],
        own["columns"]["rate"],
        own["columns"]["deviation"],
        columns["p_holm"],
    ]
    rows = [_format_setting_row(one, say) for one in found.standings]
    verdict = tell_verdict(result, found.history, say)
    about = [escape_markdown(line) for line in build_sentences(plan, found, say).values()]
    parts = [
        f"# {label(result, found.history, say)}: {escape_markdown(found.chosen_setting.name)}",
        f"**{escape_markdown(verdict)}**",
        *(escape_markdown(line) for line in [told_history(found.history, say)] if line),
        *about,
        format_table(head, rows),
        f"```\n{build_study_command(plan)}\n```",
    ]
    body = "\n\n".join(parts)
    return f'<div dir="{say["direction"]}" lang="{say.language}">\n\n{body}\n\n</div>\n'


def _format_setting_row(one: RankedSetting, say: Translator) -> list[str]:
    cells = [
        say.format_number(one.rank),
        escape_markdown(one.setting.name),
        say.format_share(one.rate) if one.rate is not None else say["sweep"]["failed"],
        say.format_points(one.deviation, sign=False) if len(one.trials) > 1 else "—",
        (
            say.format_p_value(one.p_holm).removeprefix("= ").replace("<", "&lt;")
            if one.p_holm is not None
            else "—"
        ),
    ]
    return [f"**{cell}**" for cell in cells] if one.rank == 1 else cells


def _describe_trend(trend: Trend, say: Translator) -> str:
    """What the last step of the curve says on going on."""
    values: dict[str, Any] = {
        "key": trend.key.rpartition(".")[2],
        "smaller": say.format_number(trend.smaller),
        "larger": say.format_number(trend.larger),
        "difference": say.format_points(trend.comparison.difference.value),
        "p": say.format_p_value(trend.comparison.p_value),
    }
    return say.fill_label(
        say["sweep"]["trend"][TREND_BY_VERDICT[trend.comparison.verdict]], **values
    )
