"""The report in short, as Markdown for the dashboard: the verdict, its numbers, its causes, the next step."""

from tasks.reporting.facts import StudyFacts
from tasks.reporting.glance import funnel_table, hard, scan_line, seeds, short, table, turned
from tasks.reporting.history import label, next_note, note, role
from tasks.reporting.page import in_order, sentence
from tasks.reporting.safety import markdown
from tasks.reporting.wording import Wording, wording
from tasks.results import Comparison, History


def brief(study: StudyFacts) -> str:
    """The whole short report; right to left where the language is."""
    say = wording(study.plan.language)
    parts = [_result(study, say), _causes(study, say), _exercise(study, say), _training(study, say), _funnel(study, say), _next(study, say)]
    body = "\n\n".join(part for part in parts if part)
    return turned(body, say)


def _result(study: StudyFacts, say: Wording) -> str:
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
    about = f"{markdown(study.plan.name)} · {say['book']}: {markdown(study.book_title)} · {say['chance']} {say.format_share(0.25, 0)}"
    told = [note(study.history, say), seeds(study.spread, say) if study.spread else "", hard(study.primary, say)]
    further = "".join(f"{markdown(line)}\n\n" for line in told if line)
    return f"# {badge}\n\n**{markdown(sentence(study, say))}**\n\n{about}\n\n{further}{table(head, (_row(c, study.history, say) for c in in_order(study)))}"


def _row(c: Comparison, history: History, say: Wording) -> list[str]:
    rates = [f"{say.format_share(r.rate)} ({say.format_share(r.low)} {say['to']} {say.format_share(r.high)})" for r in (c.base, c.tuned)]
    p = say.format_p_value(c.p_value).removeprefix("= ").replace("<", "&lt;")
    names = [say.get_label("sets", c.set), say.get_label("modes", c.mode), say.format_number(c.n)]
    cells = [
        *names,
        *rates,
        say.format_points(c.difference.value),
        p,
        say.get_label("verdicts", c.verdict),
        role(history, say) if c.primary else say["exploratory"],
    ]
    return [f"**{cell}**" for cell in cells] if c.primary else cells


def _causes(study: StudyFacts, say: Wording) -> str:
    if not study.findings:
        return f"## {say['head']['why']}\n\n{say['no_findings']}"
    rows = [
        f"{number}. **{say.get_label('rules', finding.rule)}**: {markdown(finding.claim)} {markdown(finding.advice)}"
        + f" ({say['followed']})" * (finding.rule in study.followed)
        for number, finding in enumerate(study.findings, 1)
    ]
    return f"## {say['head']['why']}\n\n" + "\n".join(rows)


def _exercise(study: StudyFacts, say: Wording) -> str:
    rows = [[say.get_label("causes", c.name), say.get_label("answered", c.verdict), markdown(c.claim)] for c in study.causes]
    columns = [say["columns"]["cause"], say["columns"]["verdict"], say["columns"]["evidence"]]
    return f"## {say['head']['exercise']}\n\n{table(columns, rows)}" if rows else ""


def _training(study: StudyFacts, say: Wording) -> str:
    losses = [step.loss for step in study.steps if step.split == "train"]
    if not losses:
        return ""
    ends = say.fill_label(say["figures"]["loss_text_plain"], first=say.format_number(losses[0], 2), last=say.format_number(losses[-1], 2))
    return f"## {say['head']['training']}\n\n{say['figures']['loss']}: {ends}"


def _funnel(study: StudyFacts, say: Wording) -> str:
    if not study.funnel:
        return ""
    fewer = "".join(f"\n\n**{markdown(line)}**" for line in short(study.shortfalls, say))
    return f"## {say['head']['data']}\n\n{scan_line(study.scan, say)}{funnel_table(study.funnel, say)}{fewer}"


def _next(study: StudyFacts, say: Wording) -> str:
    if not study.next_command:
        return ""
    warned = "".join(f"{markdown(line)}\n\n" for line in [next_note(study, say)] if line)
    return f"## {say['head']['next']}\n\n{warned}```\n{' '.join(study.next_command.replace('`', '').split())}\n```"
