"""What the writer's server makes of one real window of the book, and which settings would suit it;
asked only where asking is wanted.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tasks.engine.readiness.items_ahead import CheckLine
from tasks.engine.readiness.plan_requirements import Lack
from tasks.engine.readiness.server_check import WindowCheck
from tasks.generation.cost_estimate import estimate_cost
from tasks.generation.response_drafts import UNREAD_CHECKS
from tasks.generation.server_trial.window_trial import (
    MAX_TRIALS,
    WindowTrial,
    compute_window_price,
    propose_change,
    try_window,
)
from tasks.generation.write_chapter import open_response_cache
from tasks.schemas.errors import StudyError
from tasks.schemas.item_rows import Passage
from tasks.schemas.messages import Figure, Message, build_message
from tasks.schemas.plan import StudyPlan
from tasks.store.artifact_groups import BookText
from tasks.store.paths import find_input_file
from tasks.validation.chapter_items import open_item_checker


class JudgedTrial(NamedTuple):
    """A trial with what the item checks say of its answer."""

    trial: WindowTrial
    changes: Mapping[str, Any]  # of the plan's `generation`
    read: int = 0  # items that could be read
    kept: int = 0  # of them, that pass the checks on single items

    @property
    def worth(self) -> tuple[bool, bool, int, int]:
        """Whether a study that asks so gets items from all that it shows, whether it gets a text,
        and how many items.
        """
        trial = self.trial
        is_text = trial.draft is not None and not trial.is_empty
        return self.read > 0 and not trial.is_cut, is_text, self.read, self.kept


def check_window(plan: StudyPlan, text: BookText) -> WindowCheck:
    """Ask in the plan's form; where that fails, with the choices changed that may be why."""
    ledger = open_response_cache(plan.name, plan.generation)
    before = ledger.budget.get_spent_usd()
    try:
        trials = _try_windows(plan, text)
    except StudyError as error:
        return WindowCheck([CheckLine("window", why) for why in error.args])
    requests = estimate_cost(plan.generation, list_passages(text), plan.language, get_book(plan))
    found = _describe_trials(trials, requests.requests) if trials else WindowCheck([])
    return found._replace(paid=ledger.budget.get_spent_usd() - before)


def describe_untried(plan: StudyPlan, text: BookText) -> WindowCheck:
    """What it would cost at most to ask."""
    most = compute_window_price(plan.generation, list_passages(text), plan.language, get_book(plan))
    told = build_message("window-untried", most=Figure(most, 2), trials=MAX_TRIALS)
    return WindowCheck([CheckLine("window", told)])


def list_passages(text: BookText) -> dict[str, list[Passage]]:
    """The book's passages by chapter."""
    return {chapter.digest: chapter.load_rows() for chapter in text.chapters}


def get_book(plan: StudyPlan) -> Path:
    """The book's file, which was read before this is asked."""
    return find_input_file(plan.book) or Path(plan.book)


def _try_windows(plan: StudyPlan, text: BookText) -> list[JudgedTrial]:
    """The plan's own form first."""
    changes: dict[str, Any] = {}
    trials: list[JudgedTrial] = []
    for _ in range(MAX_TRIALS):
        generation = plan.generation.model_copy(update=changes)
        ledger = open_response_cache(plan.name, generation)
        trial = try_window(
            generation, list_passages(text), plan.language, book=get_book(plan), ledger=ledger
        )
        if trial is None:
            break
        trials.append(_judge_trial(trial, dict(changes), plan, text))
        change = propose_change(trial, generation, trials[-1].read)
        if change.items() <= changes.items():
            break
        changes |= change
    return trials


def _judge_trial(
    trial: WindowTrial, changes: Mapping[str, Any], plan: StudyPlan, text: BookText
) -> JudgedTrial:
    if trial.draft is None:
        return JudgedTrial(trial, changes)
    judged = open_item_checker(text, plan.wording, plan.validation).check_draft(trial.draft)
    # a response that cannot be read is one rejection for all that it was asked for
    single = sum(one.items == 1 and one.check not in UNREAD_CHECKS for one in judged.rejected)
    return JudgedTrial(trial, changes, len(judged.kept) + single, len(judged.kept))


def _describe_trials(trials: list[JudgedTrial], requests: int) -> WindowCheck:
    """The plan's own form first; where another did better, what to set and what came then."""
    first, best = trials[0], max(trials, key=lambda one: one.worth)
    lines = [CheckLine("window", _describe_trial(first, requests))]
    fails = first.trial.stopped or first.trial.is_cut or first.trial.is_empty
    if best is first:
        lacks: tuple[Lack, ...] = (build_message("window-fails"),) if fails else ()
        return WindowCheck(lines, lacks=lacks)
    settings = " ".join(f"--set generation.{n}={_write(v)}" for n, v in best.changes.items())
    told = _describe_trial(best, requests)
    lines.append(CheckLine("window", build_message("window-better", set=settings, told=told)))
    needs = build_message("window-needs-settings", set=settings)
    return WindowCheck(lines, lacks=() if first.worth[0] else (needs,))


def _write(value: object) -> str:
    return f"'{json.dumps(value)}'" if isinstance(value, dict) else str(value)


def _describe_trial(judged: JudgedTrial, requests: int) -> Message:
    trial = judged.trial
    if trial.draft is None:
        why = trial.stopped.args[0] if trial.stopped else trial.fault.message if trial.fault else ""
        return build_message("window-refused", why=why)
    if trial.is_cut:
        told, sent = trial.prompt
        return build_message("window-cut", told=told, sent=sent)
    if trial.is_empty:
        return build_message("window-thinks" if trial.has_thoughts else "window-empty")
    return build_message(
        "window-answered",
        asked=trial.asked,
        read=judged.read,
        kept=judged.kept,
        seconds=Figure(trial.seconds, 1),
        minutes=math.ceil(trial.seconds * requests / 60),
        requests=requests,
    )
