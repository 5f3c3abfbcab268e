"""What a run shows on its own page: funnel, cost, loss and verdict as short Markdown tables, right
to left where the language is.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean, stdev

from tasks.language.i18n import Translator
from tasks.reporting.history import label, note
from tasks.reporting.labels import load_labels
from tasks.reporting.message_words import name_reason
from tasks.reporting.report_data import ItemShortfall
from tasks.reporting.sanitize import escape_markdown
from tasks.schemas.item_rows import FilterStep, ReaderUsage, ReadingSummary, WriterUsage
from tasks.schemas.messages import build_message
from tasks.schemas.result_rows import Comparison, History, TrainingStep

MAX_LOSS_LINES = 24  # of a loss curve in a table


def format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are safe already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def wrap_direction(body: str, say: Translator) -> str:
    """In the language's direction; the dashboard renders Markdown inside a block only with blank
    lines around it.
    """
    return f'<div dir="{say["direction"]}" lang="{say.language}">\n\n{body}\n\n</div>\n'


def format_funnel_section(
    stages: Sequence[FilterStep], scan: ReadingSummary | None, language: str
) -> str:
    """How the book was read; what came in, what went on, what fell and why."""
    say = load_labels(language)
    read, table = format_scan_line(scan, say), format_funnel_table(stages, say)
    return wrap_direction(f"## {say['head']['data']}\n\n{read}{table}\n\n{say['sum_holds']}", say)


def list_scan_counts(scan: ReadingSummary, say: Translator) -> list[tuple[str, str]]:
    """Pages read, left out and doubtful; labels and numbers, no zeros."""
    found = {
        "pages": scan.pages,
        **scan.skipped,
        "ocr": scan.ocr,
        "faults": len(scan.faults),
        "running_lines": scan.running_lines,
    }
    told = [
        (say.get_label("scan", name), say.format_number(number))
        for name, number in found.items()
        if number
    ]
    titles = (
        f"{say.format_number(scan.bookmarks_found)} {say['of']} {say.format_number(scan.bookmarks)}"
    )
    return told + ([(say["scan"]["bookmarks"], titles)] if scan.bookmarks else [])


def describe_seed_spread(result: Comparison, say: Translator) -> str:
    """How far the effect differs between seeds of the tuning, in one sentence; nothing of one
    seed.
    """
    if not result.seeds:
        return ""
    return say.fill_label(
        say["sweep"]["spread"],
        seeds=say.format_number(len(result.seeds)),
        mean=say.format_points(fmean(result.seeds)),
        deviation=say.format_points(stdev(result.seeds), sign=False),
        low=say.format_points(min(result.seeds)),
        high=say.format_points(max(result.seeds)),
        p=say.format_p_value(result.extra["p_seeds"]),
    )


def describe_hard_subset(primary: Comparison, say: Translator) -> str:
    """Base against tuned on the harder half of the questions; nothing where it is not known which
    it is.
    """
    extra = primary.extra
    if "hard_n" not in extra:
        return ""
    numbers = {name: say.format_number(extra[f"hard_{name}"]) for name in ("n", "gained", "lost")}
    rates = {name: say.format_share(extra[f"hard_{name}"]) for name in ("base", "tuned")}
    return say.fill_label(say["hard"], **numbers, **rates, p=say.format_p_value(extra["hard_p"]))


def describe_shortfalls(found: Iterable[ItemShortfall], say: Translator) -> list[str]:
    """One sentence for each kind of items that fell short of the plan, with the reason."""
    return [
        say.fill_label(
            say["short"],
            kind=say.get_label("kinds", one.kind),
            left=say.format_number(one.left),
            wanted=say.format_number(one.wanted),
            why=say["comma"].join(say.get_label("ended", why) for why in one.why),
        )
        for one in found
    ]


def format_scan_line(scan: ReadingSummary | None, say: Translator) -> str:
    """The same in one line of Markdown."""
    if scan is None:
        return ""
    return (
        escape_markdown(
            say["comma"].join(f"{label}: {number}" for label, number in list_scan_counts(scan, say))
        )
        + "\n\n"
    )


def describe_reader(reader: ReaderUsage | None, say: Translator) -> str:
    """Who read the items for their meaning, what came of it, and how steady the reader is."""
    if reader is None:
        return say.format_message(build_message("read-by-nobody"))
    told = [build_message("read-by", model=reader.model, n=reader.read, refused=reader.refused)]
    if reader.unread:
        told.append(build_message("read-not", n=reader.unread))
    if reader.twice:
        told.append(build_message("read-twice", n=reader.twice, agreed=reader.agreed))
    return " ".join(map(say.format_message, told))


def format_funnel_table(stages: Iterable[FilterStep], say: Translator) -> str:
    """One line a step of the funnel."""
    columns = say["columns"]
    rows = [
        [
            say.get_label("funnel", stage.name),
            say.get_label("kinds", stage.kind),
            say.format_number(stage.came),
            say.format_number(stage.kept),
            escape_markdown(
                say["comma"].join(
                    f"{name_reason(label, say)} {say.format_number(number)}"
                    for label, number in stage.fell.items()
                )
            ),
        ]
        for stage in stages
    ]
    return format_table(
        [columns["stage"], "", columns["came"], columns["kept"], columns["fell"]], rows
    )


def format_cost_table(accounts: Sequence[WriterUsage], language: str) -> str:
    """What the server was asked and what it took, chapter by chapter."""
    say = load_labels(language)
    columns = say["columns"]
    rows = [[escape_markdown(one.chapter), *_format_usage_sums([one], say)] for one in accounts]
    head = [
        columns["chapter"],
        columns["responses"],
        "tokens in",
        "tokens out",
        "US$",
        columns["doubtful"],
    ]
    return wrap_direction(
        format_table(head, [*rows, ["**Σ**", *_format_usage_sums(accounts, say)]]), say
    )


def _format_usage_sums(accounts: Sequence[WriterUsage], say: Translator) -> list[str]:
    sums = [
        round(sum(one.sum_figure(name) for one in accounts))
        for name in ("requests", "tokens_in", "tokens_out")
    ]
    cost = sum(one.sum_figure("cost_usd") for one in accounts)
    dollars = (cost, sum(one.lost_usd for one in accounts))
    return [
        *(say.format_number(one) for one in sums),
        *(say.format_number(one, 4) for one in dollars),
    ]


def format_loss_section(steps: Sequence[TrainingStep], language: str) -> str:
    """The loss over the training, thinned out to a page; held-out values are all there."""
    say = load_labels(language)
    train = [step for step in steps if step.split == "train"]
    every = max(1, -(-len(train) // MAX_LOSS_LINES))
    shown = [*train[every - 1 :: every], *(step for step in steps if step.split == "held_out")]
    rows = [
        [
            say.format_number(step.step),
            say.format_number(round(step.epoch, 2)),
            say.format_number(step.loss, 3),
            say["figures"][step.split],
        ]
        for step in sorted(shown, key=lambda step: step.step)
    ]
    figures = say["figures"]
    table = format_table([figures["updates"], "epoch", figures["loss_unit"], ""], rows)
    return wrap_direction(f"## {figures['loss']}\n\n{table}", say)


def format_verdict_section(
    comparisons: Sequence[Comparison], history: History, language: str
) -> str:
    """The primary result in figures."""
    say = load_labels(language)
    result = next(row for row in comparisons if row.primary)
    columns = say["columns"]
    rows = [
        [columns["set"], say.get_label("sets", result.set)],
        [columns["mode"], say.get_label("modes", result.mode)],
        [columns["n"], say.format_number(result.n)],
        *(
            [
                say[name],
                (
                    f"{say.format_share(r.rate)} ({say.format_share(r.low)} {say['to']}"
                    f" {say.format_share(r.high)})"
                ),
            ]
            for name, r in (("base", result.base), ("tuned", result.tuned))
        ),
        [columns["gained"], say.format_number(result.gained)],
        [columns["lost"], say.format_number(result.lost)],
        ["p", say.format_p_value(result.p_value).removeprefix("= ").replace("<", "&lt;")],
        [
            say["figures"]["detectable"],
            f"{say.format_points(result.detectable, sign=False)} {say['points_unit']}",
        ],
        [say["chance"], say.format_share(0.25, 0)],
    ]
    head = f"# {label(result, history, say)}\n\n{escape_markdown(note(history, say))}"
    return wrap_direction(
        f"{head}\n\n{format_table([columns['name'], columns['value']], rows)}", say
    )
