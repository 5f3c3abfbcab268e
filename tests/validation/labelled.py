"""How the gate's rules alone judge labelled items: good ones refused and bad ones stopped, by language, kind and check.

    python tests/validation/labelled.py FOLDER

FOLDER holds *.jsonl with {passages, language, kind, quality: good or bad, why, item} and passages/NAME.jsonl.
"""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from tasks.schemas.item_rows import Draft, Passage  # noqa: E402
from tasks.schemas.plan import ValidationPlan  # noqa: E402
from tasks.validation.checks.duplicates import SeenItems  # noqa: E402
from tasks.validation.item_checker import ItemChecker  # noqa: E402


class Judged(NamedTuple):
    """One labelled item and why it fell; "" where it was kept."""

    row: dict[str, Any]
    check: str
    reason: str


def judge(folder: Path) -> list[Judged]:
    """Each item alone before a checker of its book, so that no repeat hides another reason."""
    checkers: dict[str, ItemChecker] = {}
    judged = []
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines()):
            row = json.loads(line)
            name = row["passages"]
            if name not in checkers:
                lines = (folder / "passages" / f"{name}.jsonl").read_text("utf-8").splitlines()
                checkers[name] = ItemChecker(
                    map(Passage.model_validate_json, lines), row["language"], ValidationPlan()
                )
            checker = checkers[name]
            checker.seen_items = SeenItems(row["language"], ValidationPlan())
            raw = json.dumps({"items": [row["item"]]}, ensure_ascii=False)
            fell = checker.check_draft(
                Draft(
                    id=f"{file.stem}-{number}",
                    kind=row["kind"],
                    passages=(),
                    asked=1,
                    writer="hand",
                    raw=raw,
                )
            ).rejected
            judged.append(
                Judged(
                    row, fell[0].reason.code if fell else "", str(fell[0].reason) if fell else ""
                )
            )
    return judged


def show(judged: list[Judged]) -> str:
    """Tables by book and kind, with the checks that stopped items."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for one in judged:
        counts[one.row["passages"], one.row["kind"], one.row["quality"]][one.check or "kept"] += 1
    lines = ["| book | kind | items | stopped | by which check |", "|---|---|---|---|---|"]
    for (book, kind, quality), checks in sorted(counts.items()):
        stopped, whole = checks.total() - checks["kept"], checks.total()
        by = "; ".join(f"{label} {n}" for label, n in checks.most_common() if label != "kept")
        lines.append(
            f"| {book} | {kind} | {quality} | {stopped} of {whole} ({stopped / whole:.0%}) | {by} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    found = judge(Path(sys.argv[1]))
    print(show(found))
    if "-v" in sys.argv:
        print(
            *(f"{o.row['quality']} {o.row.get('why', '')}: {o.reason}" for o in found if o.check),
            sep="\n",
        )
