"""The report in short, as Markdown for the dashboard: the verdict, its numbers, its causes, the next step."""

from collections.abc import Iterable, Sequence

from tasks.records import Comparison
from tasks.reporting.facts import StudyFacts
from tasks.reporting.page import in_order, sentence
from tasks.reporting.safety import markdown
from tasks.reporting.wording import Wording, wording


def brief(study: StudyFacts) -> str:
    """The whole short report; right to left where the language is."""
    say = wording(study.plan.language)
    parts = [_result(study, say), _causes(study, say), _exercise(study, say), _training(study, say), _funnel(study, say), _next(study, say)]
    body = "\n\n".join(part for part in parts if part)
    # the dashboard renders Markdown inside a block only with blank lines around it
    return f'<div dir="{say["direction"]}" lang="{say.language}">\n\n{body}\n\n</div>\n'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are safe already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


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
    badge = say.name("verdicts", study.primary.verdict)
    about = f"{markdown(study.plan.name)} · {say['book']}: {markdown(study.book_title)} · {say['chance']} {say.share(0.25, 0)}"
    return f"# {badge}\n\n**{markdown(sentence(study, say))}**\n\n{about}\n\n{table(head, (_row(c, say) for c in in_order(study)))}"


def _row(c: Comparison, say: Wording) -> list[str]:
    rates = [f"{say.share(r.rate)} ({say.share(r.low)} {say['to']} {say.share(r.high)})" for r in (c.base, c.tuned)]
    p = say.p_value(c.p_value).removeprefix("= ").replace("<", "&lt;")
    names = [say.name("sets", c.set), say.name("modes", c.mode), say.number(c.n)]
    cells = [
        *names,
        *rates,
        say.points(c.difference.value),
        p,
        say.name("verdicts", c.verdict),
        say["primary" if c.primary else "exploratory"],
    ]
    return [f"**{cell}**" for cell in cells] if c.primary else cells


def _causes(study: StudyFacts, say: Wording) -> str:
    if not study.findings:
        return f"## {say['head']['why']}\n\n{say['no_findings']}"
    rows = [
        f"{number}. **{say.name('rules', finding.rule)}**: {markdown(finding.claim)} {markdown(finding.advice)}"
        for number, finding in enumerate(study.findings, 1)
    ]
    return f"## {say['head']['why']}\n\n" + "\n".join(rows)


def _exercise(study: StudyFacts, say: Wording) -> str:
    rows = [[say.name("causes", c.name), say.name("answered", c.verdict), markdown(c.claim)] for c in study.causes]
    columns = [say["columns"]["cause"], say["columns"]["verdict"], say["columns"]["evidence"]]
    return f"## {say['head']['exercise']}\n\n{table(columns, rows)}" if rows else ""


def _training(study: StudyFacts, say: Wording) -> str:
    losses = [step.loss for step in study.steps if step.split == "train"]
    if not losses:
        return ""
    ends = say.fill(say["figures"]["loss_text_plain"], first=say.number(losses[0], 2), last=say.number(losses[-1], 2))
    return f"## {say['head']['training']}\n\n{say['figures']['loss']}: {ends}"


def _funnel(study: StudyFacts, say: Wording) -> str:
    columns = say["columns"]
    head = [columns["stage"], "", columns["came"], columns["kept"], columns["fell"]]
    rows = [
        [
            say.name("funnel", stage.name),
            say.name("kinds", stage.kind),
            say.number(stage.came),
            say.number(stage.kept),
            markdown(say["comma"].join(f"{reason} {say.number(number)}" for reason, number in stage.fell.items())),
        ]
        for stage in study.funnel
    ]
    return f"## {say['head']['data']}\n\n{table(head, rows)}" if rows else ""


def _next(study: StudyFacts, say: Wording) -> str:
    if not study.next_command:
        return ""
    return f"## {say['head']['next']}\n\n```\n{' '.join(study.next_command.replace('`', '').split())}\n```"
