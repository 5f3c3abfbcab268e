"""The page that people read: one self-contained HTML file that loads nothing and works without
scripts.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from tasks.language.i18n import Translator
from tasks.reporting import effect_words, message_words, page_tables
from tasks.reporting.charts import effect_charts, study_charts
from tasks.reporting.exports import collect_seeds, count_rows
from tasks.reporting.history import label, next_note, note, role
from tasks.reporting.labels import (
    format_measure,
    get_text_direction,
    load_labels,
    name_group,
    type_figures,
)
from tasks.reporting.markdown import markdown_tables
from tasks.reporting.report_data import ReportData
from tasks.reporting.review.review_words import describe_review
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_lineage import flat
from tasks.schemas.result_rows import Comparison

TEMPLATE_DIR = Path(__file__).with_name("templates")
MAX_ROWS = 2000  # of one kind on the page; the files hold all


def render_page(study: ReportData) -> str:
    """The whole page as HTML."""
    say = load_labels(study.wording)
    return load_template("page.html").render(
        say=say,
        measure=format_measure,
        figures=type_figures,
        words=message_words,
        describe_review=describe_review,
        study=study,
        result=study.primary,
        sentence=format_study_verdict(study, say),
        direction=get_text_direction(study.plan.language),
        style=load_style(),
        **load_script("filter.js"),
        pictures=draw_pictures(study, say),
        tables=page_tables,
        glance=markdown_tables,
        effects=effect_words,
        name_group=name_group,
        absent=list_absent_sections(study),
        comparisons=sort_comparisons(study),
        items=page_tables.list_answered_questions(study),
        outcomes=study_charts.count_outcomes(study.primary),
        shares=page_tables.compute_option_shares(study),
        cut=page_tables.build_quote_cutter(
            {passage.id: passage.text for passage in study.passages}
        ),
        spent=page_tables.sum_stage_usage(study.timings),
        counts=count_rows(study),
        seeds=collect_seeds(study.plan.model_dump()),
        changed=list_plan_changes(study.plan),
        whole=typed(study.plan.model_dump(mode="json")),
        next_changes=changes_of_next(study),
        label=label(study.primary, study.history, say),
        role=role(study.history, say),
        note=note(study.history, say),
        next_note=next_note(study, say),
        most=MAX_ROWS,
    )


def load_template(name: str) -> Template:
    """A page's template: everything is escaped, nothing may be missing."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATE_DIR),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=mark_control_characters,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template(name)


def load_script(name: str) -> dict[str, str]:
    """A page's one script, and its digest, by which the page allows it."""
    script = (TEMPLATE_DIR / name).read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {"script": Markup(script), "script_digest": digest}


def load_style() -> Markup:
    """The style of all pages."""
    return Markup((TEMPLATE_DIR / "page.css").read_text("utf-8"))


def format_study_verdict(study: ReportData, say: Translator) -> str:
    """The verdict in one sentence of the study's language."""
    return message_words.tell_verdict(study.primary, study.history, say)


def sort_comparisons(study: ReportData) -> list[Comparison]:
    """The comparisons by paper, the primary one and its paper first."""
    sets = [study.primary.set, *(name for name in study.questions if name != study.primary.set)]
    place = {name: number for number, name in enumerate(sets)}
    return sorted(study.comparisons, key=lambda c: (not c.primary, place.get(c.set, len(sets))))


def draw_pictures(study: ReportData, say: Translator) -> dict[str, Markup]:
    """Every picture that the rows allow, by name."""
    main = [c for c in sort_comparisons(study) if c.mode == study.primary.mode]
    drawn = {
        "rates": study_charts.draw_rates(main, say),
        "paired": study_charts.draw_paired_outcomes(study.primary, say),
        "positions": study_charts.draw_option_shares(page_tables.compute_option_shares(study), say),
    }
    drawn |= {
        f"funnel-{kind}": study_charts.draw_funnel(study.funnel, kind, say)
        for kind in ("pair", "question")
        if any(s.kind == kind for s in study.funnel)
    }
    if page_tables.build_loss_curve(study.steps).raw:
        drawn["loss"] = study_charts.draw_loss(study.steps, say)
    drawn |= {
        f"where-{one.by}": effect_charts.draw_grouping(one, say) for one in study.effects.groupings
    }
    if study.effects.aids:
        drawn["aids"] = effect_charts.draw_aids(study.effects.aids, say)
    if study.effects.calibrations:
        drawn["reliability"] = effect_charts.draw_reliability(study.effects.calibrations, say)
    if len(study.power) > 1:
        drawn["power"] = study_charts.draw_power_curve(study.power, study.primary, say)
    return drawn


def list_absent_sections(study: ReportData) -> set[str]:
    """Sections that a page of this study lacks, by the names of their heads."""
    told = study.effects
    held = {
        "harm": told.harms,
        "aids": told.aids,
        "where": told.groupings,
        "calibration": told.calibrations,
    }
    return {name for name, rows in held.items() if not rows}


def list_plan_changes(
    plan: StudyPlan, other: StudyPlan | None = None
) -> dict[str, tuple[Any, Any]]:
    """By dotted key, what differs: (there, here)."""
    there, here = (
        typed((other or StudyPlan()).model_dump(mode="json")),
        typed(plan.model_dump(mode="json")),
    )
    return {key: (there.get(key), value) for key, value in here.items() if there.get(key) != value}


def typed(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A tree of choices as dotted keys, each choice as one would type it."""
    return {key: format_choice(value) for key, value in flat(tree).items()}


def changes_of_next(study: ReportData) -> dict[str, tuple[Any, Any]]:
    """What the next plan changes; its lineage is told in a sentence."""
    if study.next_plan is None:
        return {}
    return list_plan_changes(
        study.next_plan.model_copy(update={"name": study.plan.name, "lineage": study.plan.lineage}),
        study.plan,
    )


def format_choice(value: Any) -> Any:
    """A choice as one would type it."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(dict(value)) if isinstance(value, Mapping) else value
