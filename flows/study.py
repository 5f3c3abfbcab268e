"""Book → report: the whole story on one screen."""

from flows.prepare import prepare_items
from flows.tune import tune_model
from tasks.engine.orchestration.prefect_artifacts import publish_study, publish_verdict
from tasks.engine.prefect_flow import flow, start_run
from tasks.engine.readiness.items_ahead import require_asked_sets
from tasks.engine.readiness.plan_requirements import ensure_ready
from tasks.engine.replay import replaying
from tasks.engine.run_timings import get_timings
from tasks.engine.runs.run_records import record_study
from tasks.language.reader_language import get_reader_language
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import History
from tasks.stages import (
    compare_answers,
    diagnose_tuning,
    measure_effects,
    measure_questions,
    write_report,
)
from tasks.store.artifact_groups import StudyDataset, StudyResults, TuningResult
from tasks.store.artifacts import Book
from tasks.store.decision_log import look_of, record


def decided_before(plan: StudyPlan, prepared: StudyDataset, outcome: TuningResult) -> History:
    """Record this decision, and tell what had been decided on its questions before."""
    sitting = prepared.splits.sitting
    look = look_of(plan, outcome.checkpoint.digest, sitting.list_questions(), outcome.tuned.digest)
    return record(look, sitting.asked(plan.comparison.primary_set), plan.lineage)


@flow(name="study", run_name="{plan.name} · {plan.book} · {plan.base.model}")
def run_study(
    plan: StudyPlan,
    machine: Machine = Machine(),
    redo: list[str] = [],
    gpu: str | None = None,
    name: str | None = None,
) -> str:
    """From a PDF to a verdict.

    Args:
        plan: what to do; the defaults are the laptop study
        machine: how fast to do it; never changes the result
        redo: stages to do again although their results are kept
        gpu: deployment that tunes and scores, e.g. tune/gpu; none: here
        name: name of the study and its folder; none: the plan's name; where that folder holds
            another plan, the next free number is added
    """
    start_run(redo, tags=[name or plan.name, plan.book])
    if not replaying.get():  # kept results need neither a key nor a GPU
        ensure_ready(plan, gpu is None, machine)
    book, tune_there = Book.from_path(plan.book), tune_model.at(gpu)
    # the plan itself keeps its name: a writer's money is kept under it
    with record_study(plan, book, name) as own:
        prepared = prepare_items(book, plan, machine)
        asked, text = prepared.splits.sitting, prepared.text
        require_asked_sets(prepared.splits, plan)
        outcome = tune_there(prepared, plan, machine, redo)
        comparisons = compare_answers(
            asked, outcome.base, outcome.tuned, plan.comparison, further=outcome.further
        )
        effects = measure_effects(
            asked, text, outcome.answers, comparisons, plan.comparison, language=plan.language
        )
        history = decided_before(own, prepared, outcome)
        publish_verdict(comparisons, history, get_reader_language())
        measures = measure_questions(asked, text, outcome.screened, plan.comparison.primary_set)
        why = diagnose_tuning(
            prepared.splits, outcome, comparisons, plan, text, measures=measures, effects=effects
        )
        study = StudyResults(
            plan=own,
            book=book,
            prepared=prepared,
            outcome=outcome,
            comparisons=comparisons,
            measures=measures,
            why=why,
            history=history,
            effects=effects,
            timings=get_timings(),
            language=get_reader_language(),
        )
        return publish_study(write_report(study))
