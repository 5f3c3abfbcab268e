"""What came of a stage, for its line: names and counts, from its handles and small tables alone."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tasks.language.catalogue import tell_message, tell_reader
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.effects.effect_rows import Effects
from tasks.schemas.item_rows import Rejection
from tasks.schemas.messages import Figure, Message, Share, Term, build_message
from tasks.schemas.result_rows import Comparison, ModelDiff
from tasks.schemas.sweep_plan import Trial
from tasks.store.artifact_folders import Checkpoint
from tasks.store.artifact_groups import (
    AidedAnswers,
    BookText,
    ChapterDrafts,
    CheckedItems,
    Diagnosis,
    TrainedAdapter,
)
from tasks.store.artifacts import Answers, Comparisons, QuestionMeasures, Rejections, Screenings
from tasks.store.study_folder import StudyFolder

Arguments = Mapping[str, Any]


def describe_outcome(stage: str, arguments: Arguments, result: Any) -> str:
    """In the reader's language; nothing of a stage that is not listed below."""
    describe = OUTCOMES.get(stage)
    return mark_control_characters(tell_message(describe(arguments, result))) if describe else ""


def _describe_reading(arguments: Arguments, text: BookText) -> Message:
    chapters = len(text.chapters)
    return build_message("outcome-pages", pages=text.pages.count, chapters=chapters)


def _describe_drafts(arguments: Arguments, drafts: ChapterDrafts) -> Message:
    items = drafts.items
    return build_message(
        "outcome-chapter",
        chapter=arguments["chapter"].label or tell_reader("usage-untitled"),
        kept=items.pairs.count + items.questions.count,
        refused=_count_refused(items.rejected),
    )


def _describe_checked(arguments: Arguments, checked: CheckedItems) -> Message:
    pairs, questions = checked.count_items()
    refused = _count_refused(checked.rejected)
    return build_message("outcome-items", pairs=pairs, questions=questions, refused=refused)


def _describe_base(arguments: Arguments, base: Checkpoint) -> Message:
    return build_message("outcome-name", name=base.name)


def _describe_tuning(arguments: Arguments, tuned: TrainedAdapter) -> Message:
    losses = [step.loss for step in tuned.log.load_rows() if step.split == "train"]
    updates = tuned.preflight.updates + tuned.preflight.book_updates
    if not losses:
        return build_message("outcome-updates", updates=updates)
    first, last = Figure(losses[0], 2), Figure(losses[-1], 2)
    return build_message("outcome-losses", updates=updates, first=first, last=last)


def _describe_answers(arguments: Arguments, answers: Answers) -> Message:
    if arguments["adapter"] is None:
        return build_message("outcome-base-answers", n=answers.count)
    return build_message("outcome-tuned-answers", n=answers.count)


def _describe_aided(arguments: Arguments, aided: AidedAnswers) -> Message:
    return _describe_answers(arguments, aided.answers)


def _describe_effects(arguments: Arguments, effects: Effects) -> Message:
    found = Counter(harm.finding for harm in effects.harms)
    return build_message("outcome-harms", harms=found["harm"], asked=len(effects.harms))


def _describe_measures(arguments: Arguments, measures: QuestionMeasures) -> Message:
    return build_message("outcome-measures", n=measures.count)


def _describe_screening(arguments: Arguments, screened: Screenings) -> Message:
    return build_message("outcome-screened", n=screened.count)


def _describe_probe(arguments: Arguments, found: ModelDiff) -> Message:
    return build_message("outcome-probe", kl=Figure(found.kl_mean))


def _describe_comparison(arguments: Arguments, found: Comparisons) -> Message:
    return _describe_row(found.load_rows()[0])


def _describe_trial(arguments: Arguments, trial: Trial) -> Message:
    if trial.comparison is None:
        return build_message("outcome-name", name=trial.arm.name)
    told = _describe_row(trial.comparison)
    return build_message("outcome-trial", name=trial.arm.name, told=told)


def _describe_row(row: Comparison) -> Message:
    return build_message(
        "outcome-verdict",
        verdict=Term("verdicts", row.verdict),
        base=Share(row.base.rate),
        tuned=Share(row.tuned.rate),
        n=row.n,
    )


def _describe_diagnosis(arguments: Arguments, found: Diagnosis) -> Message:
    return build_message("outcome-findings", n=found.findings.count)


def _describe_folder(arguments: Arguments, folder: StudyFolder) -> Message:
    return build_message("outcome-name", name=folder.name)


def _count_refused(table: Rejections) -> int:
    """Items: a draft that could not be read stands for all that were asked in it."""
    rows: list[Rejection] = table.load_rows()
    return sum(row.items for row in rows)


OUTCOMES: Mapping[str, Callable[[Arguments, Any], Message]] = {
    "read_book": _describe_reading,
    "generate_drafts": _describe_drafts,
    "validate_drafts": _describe_checked,
    "prepare_base": _describe_base,
    "finetune_adapter": _describe_tuning,
    "evaluate_model": _describe_answers,
    "screen_questions": _describe_screening,
    "probe_tuning": _describe_probe,
    "ask_everyday_questions": _describe_answers,
    "ask_with_aid": _describe_aided,
    "measure_effects": _describe_effects,
    "measure_questions": _describe_measures,
    "compare_answers": _describe_comparison,
    "compare_setting": _describe_trial,
    "diagnose_tuning": _describe_diagnosis,
    "write_report": _describe_folder,
    "write_sweep": _describe_folder,
}
