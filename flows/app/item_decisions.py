"""A person's decisions on a plan's items: the review file of the plan, as `book2lora review` reads
it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.app.plan_drafts import PlanDraft, change_draft
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.rows.review_rows import ReviewDecision
from tasks.store.paths import get_runs_dir, hold_lock, write_atomically
from tasks.validation.review.decision_files import TEXTS

DECISIONS: tuple[ReviewDecision, ...] = ("keep", "reject", "mend")
MOST_LETTERS = 4000  # of a text or a note


def load_decisions(name: str) -> dict[str, dict[str, str]]:
    """The rows of the plan's review file by their items."""
    file = get_review_file(name)
    rows = json.loads(file.read_bytes())["items"] if file.is_file() else []
    return {row["item"]: row for row in rows}


def save_decision(draft: PlanDraft, item: str, decision: str, form: Mapping[str, str]) -> PlanDraft:
    """Put a decision into the plan's review file, or take it back where it is none of the three;
    the plan names the file as long as it holds one. Raises PlanError for a text that is too long.
    """
    texts = {name: str(form[name]) for name in TEXTS if name in form and decision == "mend"}
    row: dict[str, Any] = {"item": item, "decision": decision, "note": form.get("note", "")}
    if any(len(text) > MOST_LETTERS for text in (item, row["note"], *texts.values())):
        raise PlanError(build_message("text-too-long", most=MOST_LETTERS))
    file = get_review_file(draft.name)
    with hold_lock(f"app-review-{draft.name}"):
        rows = load_decisions(draft.name)
        rows.pop(item, None)
        if decision in DECISIONS:
            rows[item] = row | texts
        told = {"study": draft.name, "items": list(rows.values())}
        write_atomically(file, json.dumps(told, ensure_ascii=False, indent=1).encode())
    return change_draft(draft.name, {"validation.review": str(file) if rows else None})


def get_review_file(name: str) -> Path:
    """Where the decisions of a plan lie."""
    return get_runs_dir() / "app" / "reviews" / f"{name}.json"
