"""The report in short, as Markdown for the dashboard: the verdict, its numbers, its causes, the
next step.
"""

from tasks.language.direction_block import wrap_direction
from tasks.language.i18n import Translator
from tasks.reporting.history import label, next_note, note, role
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.effect_tables import (
    format_aids,
    format_calibrations,
    format_groupings,
    format_harm_list,
)
from tasks.reporting.markdown.markdown_tables import (
    describe_hard_subset,
    describe_reader,
    describe_seed_spread,
    describe_shortfalls,
    format_funnel_table,
    format_scan_line,
    format_table,
)
from tasks.reporting.message_words import tell_advice, tell_cause, tell_claim, tell_cost
from tasks.reporting.page import format_study_verdict, sort_comparisons
from tasks.reporting.page_tables import tabulate_measures
from tasks.reporting.report_data import ReportData
from tasks.reporting.review.review_words import describe_review
from tasks.reporting.sanitize import escape_markdown
from tasks.schemas.result_rows import Comparison, History
from tasks.schemas.rows.measure_rows import QuestionMeasure


def build_markdown_report(study: ReportData) -> str:
    """The whole short report; right to left where the language is."""
    say = load_labels(study.wording)
    parts = [
        _format_result(study, say),
        _format_findings(study, say),
        _format_causes(study, say),
        format_aids(study.effects.aids, say),
        format_groupings(study.effects.groupings, say),
        format_calibrations(study.effects.calibrations, say),
        _format_training(study, say),
        _format_funnel(study, say),
        _format_cost(study, say),
        _format_review(study, say),
        _format_measures(study, say),
        _format_next_step(study, say),
    ]
    body = "\n\n".join(part for part in parts if part)
    return wrap_direction(body, say)


def _format_result(study: ReportData, say: Translator) -> str:
    columns = say["columns"]
    head = [
        columns["set"],
        columns["mode"],
        columns["n"],
        say["base"],
        say["tuned"],
        columns["difference"],
        "p",
        columns["verdict"],
        columns["role"],
    ]
    badge = label(study.primary, study.history, say)
    about = (
        f"{escape_markdown(study.plan.name)} · {say['book']}: {escape_markdown(study.book_title)} ·"
        f" {say['chance']} {say.format_share(0.25, 0)}"
    )
    told = [
        note(study.history, say),
        describe_seed_spread(study.primary, say),
        describe_hard_subset(study.primary, say),
    ]
    further = "".join(f"{escape_markdown(line)}\n\n" for line in told if line)
    verdict = escape_markdown(format_study_verdict(study, say))
    rows = (_format_comparison_row(c, study.history, say) for c in sort_comparisons(study))
    cost = format_harm_list(study.effects.harms, say)
    if second := study.effects.second:
        cost += f"{escape_markdown(say.format_message(second.told))}\n\n"
    return f"# {badge}\n\n**{verdict}**\n\n{cost}{about}\n\n{further}{format_table(head, rows)}"


def _format_comparison_row(c: Comparison, history: History, say: Translator) -> list[str]:
    rates = [
        f"{say.format_share(r.rate)} ({say.format_share(r.low)} {say['to']}"
        f" {say.format_share(r.high)})"
        for r in (c.base, c.tuned)
    ]
    p = say.format_p_value(c.p_value).removeprefix("= ").replace("<", "&lt;")
    names = [say.get_label("sets", c.set), say.get_label("modes", c.mode), say.format_number(c.n)]
    cells = [
        *names,
        *rates,
        say.format_points(c.difference.value),
        p,
        say.get_label("verdicts" if c.primary else "seen_verdicts", c.verdict),
        role(history, say) if c.primary else say["exploratory"],
    ]
    return [f"**{cell}**" for cell in cells] if c.primary else cells


def _format_findings(study: ReportData, say: Translator) -> str:
    if not study.findings:
        return f"## {say['head']['why']}\n\n{say['no_findings']}"
    rows = [
        f"{number}. **{say.get_label('rules', finding.rule)}**:"
        f" {escape_markdown(tell_claim(finding, say))}"
        f" {escape_markdown(tell_advice(finding, say))}"
        + f" ({say['followed']})"
        * (finding.rule in study.followed)
        for number, finding in enumerate(study.findings, 1)
    ]
    return f"## {say['head']['why']}\n\n" + "\n".join(rows)


def _format_causes(study: ReportData, say: Translator) -> str:
    rows = [
        [
            say.get_label("causes", c.name),
            say.get_label("answered", c.verdict),
            escape_markdown(tell_cause(c, say)),
        ]
        for c in study.causes
    ]
    columns = [say["columns"]["cause"], say["columns"]["verdict"], say["columns"]["evidence"]]
    return f"## {say['head']['exercise']}\n\n{format_table(columns, rows)}" if rows else ""


def _format_training(study: ReportData, say: Translator) -> str:
    losses = [step.loss for step in study.steps if step.split == "train"]
    if not losses:
        return ""
    ends = say.fill_label(
        say["figures"]["loss_text_plain"],
        first=say.format_number(losses[0], 2),
        last=say.format_number(losses[-1], 2),
    )
    return f"## {say['head']['training']}\n\n{say['figures']['loss']}: {ends}"


def _format_funnel(study: ReportData, say: Translator) -> str:
    if not study.funnel:
        return ""
    fewer = "".join(
        f"\n\n**{escape_markdown(line)}**" for line in describe_shortfalls(study.shortfalls, say)
    )
    scan, table = format_scan_line(study.scan, say), format_funnel_table(study.funnel, say)
    reader = escape_markdown(describe_reader(study.reader, say))
    return f"## {say['head']['data']}\n\n{scan}{table}\n\n{reader}{fewer}"


def _format_cost(study: ReportData, say: Translator) -> str:
    if study.plan.generation.writer != "gpt":
        return ""
    return f"## {say['cost']}\n\n{tell_cost(study.writing, say)}"


def _format_review(study: ReportData, say: Translator) -> str:
    if not study.review:
        return ""
    told = [escape_markdown(say.format_message(one)) for one in describe_review(study.review)]
    lines = "\n\n".join([*told, escape_markdown(say["reviewed_note"])])
    return f"## {say['reviewed']}\n\n{lines}"


def _format_measures(study: ReportData, say: Translator) -> str:
    """What solves the questions, and how many of each kind there are."""
    columns = say["columns"]
    kinds = format_table(
        ["", columns["wanted"], columns["kept"]],
        [
            [
                say["kinds"]["pair"]
                if one.kind == "pair"
                else say.get_label("question_kinds", one.kind),
                say.format_number(one.wanted),
                say.format_number(one.kept),
            ]
            for one in study.kind_counts
        ],
    )
    lines = tabulate_measures(study)
    if not lines:
        return kinds
    head = ["", *(f"{say['solved_of'][kind]}" for kind in ("all", "not_diagnosis"))]
    rows = [
        [
            say.get_label("solvers", line.solver),
            *(_format_measure(row, say) for row in (line.all, line.not_diagnosis)),
        ]
        for line in lines
    ]
    note = escape_markdown(say["solving_note"])
    return f"## {say['solving']}\n\n{format_table(head, rows)}\n\n{note}\n\n{kinds}"


def _format_measure(row: QuestionMeasure | None, say: Translator) -> str:
    if row is None:
        return ""
    interval = f"{say.format_share(row.low)} {say['to']} {say.format_share(row.high)}"
    chance = f"{say['chance']} {say.format_share(row.chance)}"
    return f"{say.format_share(row.rate)} ({interval}; {chance}; {say.format_number(row.n)})"


def _format_next_step(study: ReportData, say: Translator) -> str:
    if not study.next_command:
        return ""
    warned = "".join(f"{escape_markdown(line)}\n\n" for line in [next_note(study, say)] if line)
    command = " ".join(study.next_command.replace("`", "").split())
    return f"## {say['head']['next']}\n\n{warned}```\n{command}\n```"
