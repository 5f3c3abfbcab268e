"""Count what came, what fell and what went on, check by check, so that the counts add up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from tasks.schemas.item_rows import FilterStep, Rejection
from tasks.schemas.messages import Message, Term, build_message
from tasks.validation.items import ItemKind

CHECKS_BY_STEP = {
    "answered": ("refusal", "content_filter", "error", "length"),
    "parsed": ("parsing",),
    "grounded": ("grounding",),
    "flawless": ("flaws",),
    "unrepeated": ("duplicates",),
    "read": ("reading",),
    "reviewed": ("review",),
    "split": ("split",),
    "unleaked": ("leakage",),
    "used": ("surplus",),
}
READ_STEP = "read"  # there where somebody read for meaning
RepairCounts = Mapping[tuple[ItemKind, str], Counter[str]]  # (kind, stage) → defect → items


def count_filter_steps(
    came: Mapping[ItemKind, int],
    rejected: Iterable[Rejection],
    repaired: RepairCounts,
    is_read: bool = False,
) -> list[FilterStep]:
    """The stages of both kinds in their order; each begins with what the one before it kept."""
    fell: dict[tuple[ItemKind, str], Counter[str]] = defaultdict(Counter)
    for row in rejected:
        fell[row.kind, row.check][row.reason.code] += row.items
    made = []
    for kind, left in came.items():
        for stage, checks in CHECKS_BY_STEP.items():
            if stage == READ_STEP and not is_read:
                continue
            lost = sum((fell[kind, check] for check in checks), Counter[str]())
            if stage == "reviewed" and not lost:
                continue  # nobody took anything: no step
            kept = left - lost.total()
            mended = dict(sorted(repaired.get((kind, stage), Counter()).items()))
            made.append(
                FilterStep(
                    name=stage,
                    kind=kind,
                    came=left,
                    kept=kept,
                    fell=dict(lost.most_common()),
                    repaired=mended,
                )
            )
            left = kept
    return made


def find_steepest_step(stages: Iterable[FilterStep], kind: ItemKind) -> str:
    """The name of the step at which most items fell."""
    steps = [step for step in stages if step.kind == kind]
    return max(steps, key=lambda step: step.came - step.kept).name


def describe_rejections(stages: Iterable[FilterStep], kind: ItemKind) -> tuple[Message, ...]:
    """How many items fell at which step, and why."""
    return tuple(
        build_message(
            "fell-at",
            n=step.came - step.kept,
            step=Term("funnel", step.name),
            why=tuple(
                build_message("fell-for", n=n, why=Term("reasons", why))
                for why, n in step.fell.items()
            ),
        )
        for step in stages
        if step.kind == kind and step.fell
    )
