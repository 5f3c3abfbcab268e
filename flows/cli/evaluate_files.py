"""The paired evaluation alone: files in, answers and a sentence out; no Prefect."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.evaluation.standalone import ModelAnswers, evaluate_questions
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.schemas.item_rows import Question
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import Answer
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
    with show_progress_bar("scoring") as progress:
        both = evaluate_questions(
            base,
            str(adapter) if adapter else None,
            questions,
            plan.evaluation,
            language=plan.language,
            machine=machine,
            progress=progress,
            tuned=tuned,
        )
    refused = (
        f" {len(own.rejected)} rows of {file.name} are no sound questions and were left out."
        if own.rejected
        else ""
    )
    said = (
        describe_comparison(questions, both, plan)
        if adapter or tuned
        else describe_base_accuracy(both, plan, base)
    )
    return iter_answer_rows(both), " ".join([said, *both.notes]) + refused + describe_truncated(
        both
    )


def describe_base_accuracy(both: ModelAnswers, plan: StudyPlan, base: str) -> str:
    """What the base model has right in each mode; all rotations count, wherever it was not put
    counts as wrong.
    """
    asked = len({answer.question_id for answer in both.base})
    rows = {
        mode: [answer.is_correct for answer in both.base if answer.mode == mode]
        for mode in plan.evaluation.modes
    }
    shares = ", ".join(
        f"{mode} {sum(right) / len(right):.1%}" for mode, right in rows.items() if right
    )
    return f"{asked} questions put to {base}: {shares} right (chance 25%)."


def describe_truncated(both: ModelAnswers) -> str:
    """How many questions did not fit the model's window; they were not put."""
    long = {answer.question_id for answer in both.base if answer.truncated}
    return (
        f" {len(long)} questions are longer than the model's window; they were not put and count as"
        " wrong."
        if long
        else ""
    )


def iter_answer_rows(both: ModelAnswers) -> Iterator[dict[str, Any]]:
    """One line an answer, with the model it came from."""
    for model, answers in (("base", both.base), ("tuned", both.tuned)):
        for answer in answers:
            yield _build_answer_row(model, answer)


def describe_comparison(questions: list[Question], both: ModelAnswers, plan: StudyPlan) -> str:
    """The paired comparison of the primary mode in words."""
    comparison = plan.comparison.model_copy(update={"primary_set": "all"})
    first = compare_models(
        {"train": [], "same_fact": questions, "new_fact": []}, both.base, both.tuned, comparison
    )[0]
    return (
        f"{first.verdict.upper()} ({first.mode}, n = {first.n}): base {first.base.rate:.2%}, tuned"
        f" {first.tuned.rate:.2%}, +{first.gained} −{first.lost}, p = {first.p_value:.2g}."
        f" {first.sentence}"
    )


def _build_answer_row(model: str, answer: Answer) -> dict[str, Any]:
    row = answer.model_dump(mode="json")
    return {"model": model, "id": row.pop("question_id"), **row}
