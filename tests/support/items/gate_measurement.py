"""How many planted defects the gate stops, by kind, and how many good items; writes the table in docs/validation.md."""

import json
import random
from pathlib import Path
from typing import NamedTuple

from support.items.planted_defects import (
    DEFECTS,
    REPEATS,
    build_draft,
    can_plant,
    list_shown_passages,
    load_book,
    make_good_items,
)

from tasks.language.catalogue import load_catalogue
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.item_checker import ItemChecker

DOCS = Path(__file__).parents[3] / "docs" / "validation.md"
BEGIN, END = "<!-- planted defects: begin -->", "<!-- planted defects: end -->"
GOOD, ITEMS_PER_KIND = 500, 17  # 17 of each of 32 kinds make 544 bad items


class GateMeasurement(NamedTuple):
    """Stopped of planted by kind, with the checks that stopped them; stopped of good."""

    bad: dict[str, tuple[int, int, str]]
    good: tuple[int, int]
    wrongly: list[str]  # reasons for which good items fell
    missed: list[str]  # bad items that passed


def measure_gate(seed: int = 0) -> GateMeasurement:
    """Good items alone, then each bad one before a desk that has seen the good ones' texts only where it repeats one."""
    items = make_good_items(GOOD, seed)
    desk = ItemChecker(load_book(), "fa", ValidationPlan())
    taken = [
        desk.check_draft(
            build_draft(kind, json.dumps(item, ensure_ascii=False), n, list_shown_passages(item))
        )
        for n, (kind, item) in enumerate(items)
    ]
    wrongly = [str(r.reason) for one in taken for r in one.rejected]
    draw, bad, missed = random.Random(seed), dict[str, tuple[int, int, str]](), list[str]()
    others, fresh = (
        make_good_items(GOOD, seed + 1),
        ItemChecker(load_book(), "fa", ValidationPlan()),
    )
    for name, (applies, plant) in DEFECTS.items():
        chosen = draw.sample(
            [(k, i) for k, i in others if can_plant(applies, k, i)], ITEMS_PER_KIND
        )
        fresh.seen_items = SeenItems("fa", ValidationPlan())
        bad[name] = _count_stopped(fresh, [(k, i, plant(i, draw)) for k, i in chosen], missed, name)
    for name, plant in REPEATS.items():
        bad[name] = _count_stopped(
            desk,
            [(k, i, plant(i, draw)) for k, i in draw.sample(items, ITEMS_PER_KIND)],
            missed,
            name,
        )
    return GateMeasurement(bad, (len(wrongly), len(items)), wrongly, missed)


def _count_stopped(
    desk: ItemChecker, planted: list, missed: list[str], name: str
) -> tuple[int, int, str]:  # type: ignore[type-arg]
    stopped, labels = 0, dict[str, int]()
    for number, (kind, good, bad) in enumerate(planted):
        raw = bad if isinstance(bad, str) else json.dumps(bad, ensure_ascii=False)
        outcome = desk.check_draft(build_draft(kind, raw, number, list_shown_passages(good)))
        stopped += not outcome.kept
        missed += [f"{name}: {raw}"] * bool(outcome.kept)
        for row in outcome.rejected:
            label = f"{row.check}: {load_catalogue('en').get_label('reasons', row.reason.code)}"
            labels[label] = labels.get(label, 0) + 1
    return (
        stopped,
        len(planted),
        "; ".join(
            f"{label} {n}" for label, n in sorted(labels.items(), key=lambda x: (-x[1], x[0]))
        ),
    )


def format_table(found: GateMeasurement) -> str:
    rows = [
        f"| {name} | {stopped} of {planted} | {by} |"
        for name, (stopped, planted, by) in found.bad.items()
    ]
    stopped, planted = (sum(row[i] for row in found.bad.values()) for i in (0, 1))  # type: ignore[misc]
    total = f"| **all bad items** | **{stopped} of {planted} ({stopped / planted:.1%})** | |"
    good = f"| **good items** | **{found.good[0]} of {found.good[1]} ({found.good[0] / found.good[1]:.1%})** | |"
    return "\n".join(
        ["| planted defect | stopped | by which check |", "|---|---|---|", *rows, total, good]
    )


def write_docs_table() -> None:
    """Put the fresh table between the marks."""
    text = DOCS.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    DOCS.write_text(f"{before}{BEGIN}\n{format_table(measure_gate())}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    write_docs_table()
