"""The paired evaluation alone: files in, answers and a sentence out; no Prefect."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.evaluation.standalone import ModelAnswers, evaluate_questions
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.language.i18n import Translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting.message_words import tell_verdict
from tasks.schemas.item_rows import Question
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import FIRST_LOOK, Answer
from tasks.store.progress import show_progress_bar
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.parsing.import_items import name_rows, open_items
from tasks.validation.splitting.fact_groups import assign_facts


def evaluate_files(
    base: str,
    adapter: Path | None,
    file: Path,
    plan: StudyPlan,
    machine: Machine,
    tuned: str | None = None,
) -> tuple[Iterator[dict[str, Any]], str]:
    """The answers as lines for a file, and what they say in one sentence.

    Rows of the file that are no sound question are counted in the sentence; without an adapter or a
    tuned model there is
    nothing to compare.
    """
    own = name_rows(open_items(file, "question", plan.language, plan.generation.columns).found)
    questions = assign_facts(
        [],
        [row for row in own.kept if isinstance(row, Question)],
        stems=SeenItems(plan.language, plan.validation),
    ).questions
    with show_progress_bar(tell_reader("progress-scoring")) as progress:
        both = evaluate_questions(
            base,
            str(adapter) if adapter else None,
            questions,
            plan.evaluation,
            language=plan.wording,
            machine=machine,
            progress=progress,
            tuned=tuned,
        )
    say = load_catalogue(get_reader_language())
    told = (
        describe_comparison(questions, both, plan, say)
        if adapter or tuned
        else [describe_base_accuracy(both, plan, base, say)]
    )
    told += both.notes
    if own.rejected:
        left = build_message("rows-left-out", n=len(own.rejected), file=file.name)
        told.append(say.format_message(left))
    if long := {answer.question_id for answer in both.base if answer.truncated}:
        told.append(say.format_message(build_message("questions-over-window", n=len(long))))
    return iter_answer_rows(both), " ".join(told)


def describe_base_accuracy(both: ModelAnswers, plan: StudyPlan, base: str, say: Translator) -> str:
    """What the base model has right in each mode; all rotations count, wherever it was not put
    counts as wrong.
    """
    rows = {
        mode: [answer.is_correct for answer in both.base if answer.mode == mode]
        for mode in plan.evaluation.modes
    }
    shares = [
        f"{say.get_label('modes', mode)} {say.format_share(sum(right) / len(right))}"
        for mode, right in rows.items()
        if right
    ]
    asked = len({answer.question_id for answer in both.base})
    told = build_message("base-accuracy", n=asked, base=base, shares=tuple(shares))
    return say.format_message(told)


def iter_answer_rows(both: ModelAnswers) -> Iterator[dict[str, Any]]:
    """One line an answer, with the model it came from."""
    for model, answers in (("base", both.base), ("tuned", both.tuned)):
        for answer in answers:
            yield _build_answer_row(model, answer)


def describe_comparison(
    questions: list[Question], both: ModelAnswers, plan: StudyPlan, say: Translator
) -> list[str]:
    """The paired comparison of the primary mode: verdict, figures, and what they do not show."""
    comparison = plan.comparison.model_copy(update={"primary_set": "all"})
    first = compare_models(
        {"train": [], "same_fact": questions, "new_fact": []}, both.base, both.tuned, comparison
    )[0]
    figures = say.fill_values(say["messages"]["verdict-figures"], first.told.values)
    unchanged = first.verdict == "identical"  # else the verdict's own words tell the limits
    limits = [say.format_message(first.limits)] if first.limits and unchanged else []
    name = f"{say.get_label('verdicts', first.verdict)} ({say.get_label('modes', first.mode)}):"
    return [name, tell_verdict(first, FIRST_LOOK, say), figures, *limits]


def _build_answer_row(model: str, answer: Answer) -> dict[str, Any]:
    row = answer.model_dump(mode="json")
    return {"model": model, "id": row.pop("question_id"), **row}
