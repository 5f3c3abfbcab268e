"""What a run shows on its own page: funnel, cost, loss and verdict as short Markdown tables, right to left where the language is."""

from collections.abc import Iterable, Sequence

from tasks.records import Account, Scan, Stage
from tasks.reporting.facts import Short
from tasks.reporting.safety import markdown
from tasks.reporting.sayings import reason
from tasks.reporting.wording import Wording, wording
from tasks.results import Comparison, Step
from tasks.sweeps import Spread

MOST_LINES = 24  # of a loss curve in a table


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are safe already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def turned(body: str, say: Wording) -> str:
    """In the language's direction; the dashboard renders Markdown inside a block only with blank lines around it."""
    return f'<div dir="{say["direction"]}" lang="{say.language}">\n\n{body}\n\n</div>\n'


def funnel(stages: Sequence[Stage], scan: Scan | None, language: str) -> str:
    """How the book was read; what came in, what went on, what fell and why."""
    say = wording(language)
    return turned(f"## {say['head']['data']}\n\n{scan_line(scan, say)}{funnel_table(stages, say)}\n\n{say['sum_holds']}", say)


def scan_counts(scan: Scan, say: Wording) -> list[tuple[str, str]]:
    """Pages read, left out and doubtful; labels and numbers, no zeros."""
    found = {"pages": scan.pages, **scan.skipped, "ocr": scan.ocr, "faults": len(scan.faults), "running_lines": scan.running_lines}
    told = [(say.name("scan", name), say.number(number)) for name, number in found.items() if number]
    titles = f"{say.number(scan.bookmarks_found)} {say['of']} {say.number(scan.bookmarks)}"
    return told + ([(say["scan"]["bookmarks"], titles)] if scan.bookmarks else [])


def seeds(spread: Spread, say: Wording) -> str:
    """How far the effect differs between seeds of the tuning, in one sentence."""
    return say.fill(
        say["sweep"]["spread_agree" if spread.agree else "spread_differ"],
        seeds=say.number(spread.seeds),
        mean=say.points(spread.mean),
        deviation=say.points(spread.deviation, sign=False),
        low=say.points(spread.low),
        high=say.points(spread.high),
    )


def hard(primary: Comparison, say: Wording) -> str:
    """Base against tuned on the harder half of the questions; nothing where it is not known which it is."""
    extra = primary.extra
    if "hard_n" not in extra:
        return ""
    numbers = {name: say.number(extra[f"hard_{name}"]) for name in ("n", "gained", "lost")}
    rates = {name: say.share(extra[f"hard_{name}"]) for name in ("base", "tuned")}
    return say.fill(say["hard"], **numbers, **rates, p=say.p_value(extra["hard_p"]))


def short(found: Iterable[Short], say: Wording) -> list[str]:
    """One sentence for each kind of items that fell short of the plan, with the reason."""
    return [
        say.fill(
            say["short"],
            kind=say.name("kinds", one.kind),
            left=say.number(one.left),
            wanted=say.number(one.wanted),
            why=say["comma"].join(say.name("ended", why) for why in one.why),
        )
        for one in found
    ]


def scan_line(scan: Scan | None, say: Wording) -> str:
    """The same in one line of Markdown."""
    if scan is None:
        return ""
    return markdown(say["comma"].join(f"{label}: {number}" for label, number in scan_counts(scan, say))) + "\n\n"


def funnel_table(stages: Iterable[Stage], say: Wording) -> str:
    """One line a step of the funnel."""
    columns = say["columns"]
    rows = [
        [
            say.name("funnel", stage.name),
            say.name("kinds", stage.kind),
            say.number(stage.came),
            say.number(stage.kept),
            markdown(say["comma"].join(f"{reason(label, say)} {say.number(number)}" for label, number in stage.fell.items())),
        ]
        for stage in stages
    ]
    return table([columns["stage"], "", columns["came"], columns["kept"], columns["fell"]], rows)


def cost(accounts: Sequence[Account], language: str) -> str:
    """What the server was asked and what it took, chapter by chapter."""
    say = wording(language)
    columns = say["columns"]
    rows = [[markdown(one.chapter), *_spent([one], say)] for one in accounts]
    head = [columns["chapter"], columns["responses"], "tokens in", "tokens out", "US$", columns["doubtful"]]
    return turned(table(head, [*rows, ["**Σ**", *_spent(accounts, say)]]), say)


def _spent(accounts: Sequence[Account], say: Wording) -> list[str]:
    sums = [sum(one.requests for one in accounts), sum(one.tokens_in for one in accounts), sum(one.tokens_out for one in accounts)]
    dollars = (sum(one.cost_usd for one in accounts), sum(one.lost_usd for one in accounts))
    return [*(say.number(one) for one in sums), *(say.number(one, 4) for one in dollars)]


def loss(steps: Sequence[Step], language: str) -> str:
    """The loss over the training, thinned out to a page; held-out values are all there."""
    say = wording(language)
    train = [step for step in steps if step.split == "train"]
    every = max(1, -(-len(train) // MOST_LINES))
    shown = [*train[every - 1 :: every], *(step for step in steps if step.split == "held_out")]
    rows = [
        [say.number(step.step), say.number(round(step.epoch, 2)), say.number(step.loss, 3), say["figures"][step.split]]
        for step in sorted(shown, key=lambda step: step.step)
    ]
    figures = say["figures"]
    return turned(f"## {figures['loss']}\n\n{table([figures['updates'], 'epoch', figures['loss_unit'], ''], rows)}", say)


def verdict(comparisons: Sequence[Comparison], language: str) -> str:
    """The primary result in figures."""
    say = wording(language)
    result = next(row for row in comparisons if row.primary)
    columns = say["columns"]
    rows = [
        [columns["set"], say.name("sets", result.set)],
        [columns["mode"], say.name("modes", result.mode)],
        [columns["n"], say.number(result.n)],
        *(
            [say[name], f"{say.share(r.rate)} ({say.share(r.low)} {say['to']} {say.share(r.high)})"]
            for name, r in (("base", result.base), ("tuned", result.tuned))
        ),
        [columns["gained"], say.number(result.gained)],
        [columns["lost"], say.number(result.lost)],
        ["p", say.p_value(result.p_value).removeprefix("= ").replace("<", "&lt;")],
        [say["figures"]["detectable"], f"{say.points(result.detectable, sign=False)} {say['points_unit']}"],
        [say["chance"], say.share(0.25, 0)],
    ]
    return turned(f"# {say.name('verdicts', result.verdict)}\n\n{table([columns['name'], columns['value']], rows)}", say)
