"""The page that people read: one self-contained HTML file that loads nothing and works without scripts."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from tasks.lineage import flat
from tasks.plan import ComparisonPlan, StudyPlan
from tasks.reporting import figures, glance, tables
from tasks.reporting.exports import counts, seeds
from tasks.reporting.facts import StudyFacts
from tasks.reporting.history import label, next_note, note, role
from tasks.reporting.safety import shown
from tasks.reporting.sayings import reason, retold
from tasks.reporting.wording import Wording, direction, measure, wording
from tasks.results import Comparison, History

HERE = Path(__file__).parent
MOST_ROWS = 2000  # of one kind on the page; the files hold all


def page(study: StudyFacts) -> str:
    """The whole page as HTML."""
    say = wording(study.plan.language)
    script = (HERE / "filter.js").read_text("utf-8")
    return template("page.html").render(
        say=say,
        measure=measure,
        retold=retold,
        reason=reason,
        study=study,
        result=study.primary,
        sentence=sentence(study, say),
        direction=direction(study.plan.language),
        style=style(),
        script=Markup(script),
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        pictures=pictures(study, say),
        tables=tables,
        glance=glance,
        comparisons=in_order(study),
        items=tables.items(study),
        outcomes=figures.outcomes(study.primary),
        shares=tables.shares(study),
        cut=tables.cut({passage.id: passage.text for passage in study.passages}),
        spent=tables.spent(study.timings),
        counts=counts(study),
        seeds=seeds(study.plan.model_dump()),
        changed=changes(study.plan),
        whole=typed(study.plan.model_dump(mode="json")),
        next_changes=changes_of_next(study),
        label=label(study.primary, study.history, say),
        role=role(study.history, say),
        note=note(study.history, say),
        next_note=next_note(study, say),
        most=MOST_ROWS,
    )


def template(name: str) -> Template:
    """A page's template: everything is escaped, nothing may be missing."""
    templates = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, finalize=shown, trim_blocks=True, lstrip_blocks=True
    )
    return templates.get_template(name)


def style() -> Markup:
    """The style of all pages."""
    return Markup((HERE / "page.css").read_text("utf-8"))


def sentence(study: StudyFacts, say: Wording) -> str:
    """The verdict in one sentence of the study's language."""
    return verdict_sentence(study.primary, study.plan.comparison, study.history, say)


def verdict_sentence(result: Comparison, plan: ComparisonPlan, history: History, say: Wording) -> str:
    """A comparison in one sentence, which claims no more than its history allows."""
    sentences, name = say["sentences"], _sentence_for(result, plan)
    cautious = sentences.get(f"exploratory_{name}") if history.exploratory else None
    return say.fill_label(
        cautious or sentences[name],
        n=say.format_number(result.n),
        illegible=say.format_number(result.illegible_tuned),
        base=say.format_number(result.base.correct),
        tuned=say.format_number(result.tuned.correct),
        gained=say.format_number(result.gained),
        lost=say.format_number(result.lost),
        margin=say.format_points(plan.margin, sign=False),
        detectable=say.format_points(result.detectable, sign=False),
    )


def _sentence_for(result: Comparison, plan: ComparisonPlan) -> str:
    """Which sentence: what cannot be told has one of its own where the questions alone would tell it, and only their facts do not; so has what could not be read."""
    if result.verdict == "inconclusive" and result.p_value <= plan.alpha:
        return "inconclusive_by_fact"
    if result.verdict == "inconclusive" and max(-result.difference.low, result.difference.high) <= plan.margin:
        return "inconclusive_few_facts"
    if result.verdict == "identical" and result.illegible_tuned > result.n / 2:
        return "identical_mute"
    return result.verdict


def in_order(study: StudyFacts) -> list[Comparison]:
    """The comparisons by paper, the primary one and its paper first."""
    sets = [study.primary.set, *(name for name in study.questions if name != study.primary.set)]
    place = {name: number for number, name in enumerate(sets)}
    return sorted(study.comparisons, key=lambda c: (not c.primary, place.get(c.set, len(sets))))


def pictures(study: StudyFacts, say: Wording) -> dict[str, Markup]:
    """Every picture that the rows allow, by name."""
    main = [c for c in in_order(study) if c.mode == study.primary.mode]
    drawn = {
        "rates": figures.rates(main, say),
        "paired": figures.paired(study.primary, say),
        "positions": figures.positions(tables.shares(study), say),
    }
    drawn |= {
        f"funnel-{kind}": figures.funnel(study.funnel, kind, say)
        for kind in ("pair", "question")
        if any(s.kind == kind for s in study.funnel)
    }
    if tables.curve(study.steps).raw:
        drawn["loss"] = figures.loss(study.steps, say)
    if len(study.power) > 1:
        drawn["power"] = figures.power(study.power, study.primary, say)
    return drawn


def changes(plan: StudyPlan, other: StudyPlan | None = None) -> dict[str, tuple[Any, Any]]:
    """By dotted key, what differs: (there, here)."""
    there, here = typed((other or StudyPlan()).model_dump(mode="json")), typed(plan.model_dump(mode="json"))
    return {key: (there.get(key), value) for key, value in here.items() if there.get(key) != value}


def typed(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A tree of choices as dotted keys, each choice as one would type it."""
    return {key: words(value) for key, value in flat(tree).items()}


def changes_of_next(study: StudyFacts) -> dict[str, tuple[Any, Any]]:
    """What the next plan changes; its lineage is told in a sentence."""
    if study.next_plan is None:
        return {}
    return changes(study.next_plan.model_copy(update={"name": study.plan.name, "lineage": study.plan.lineage}), study.plan)


def words(value: Any) -> Any:
    """A choice as one would type it."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return value
