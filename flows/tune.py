"""Pairs → adapter and answers: the part that wants a GPU."""

from tasks.engine.orchestration.prefect_artifacts import publish_training
from tasks.engine.prefect_flow import flow, start_run
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.stages import (
    ask_everyday_questions,
    ask_with_aid,
    evaluate_model,
    finetune_adapter,
    prepare_base,
    probe_tuning,
    screen_questions,
)
from tasks.store.artifact_folders import Adapter, Checkpoint
from tasks.store.artifact_groups import (
    AidedAnswers,
    BookText,
    CheckedItems,
    QuestionSets,
    SideAnswers,
    StudyDataset,
    TuningResult,
)
from tasks.store.artifacts import Answers, Screenings


@flow(name="tune", run_name="{plan.base.model} · r{plan.finetuning.rank}")
def tune_model(
    prepared: StudyDataset, plan: StudyPlan, machine: Machine = Machine(), redo: list[str] = []
) -> TuningResult:
    """Tune the base model on the pairs, and let base and tuned model sit the same papers."""
    start_run(redo, keep_timings=True)
    splits, language = prepared.splits, plan.wording
    checkpoint = prepare_base(prepared.text, plan.base, machine)
    tuning = finetune_adapter(
        checkpoint,
        splits.pairs,
        splits.held_out,
        plan.finetuning,
        language=language,
        machine=machine,
        text=select_book_text(prepared.text, plan),
    )
    publish_training(tuning, plan)
    base = evaluate_on_papers(checkpoint, None, splits, plan, machine)
    tuned = evaluate_on_papers(checkpoint, tuning.adapter, splits, plan, machine)
    probe = probe_tuning(
        checkpoint,
        tuning.adapter,
        splits.pairs,
        splits.held_out,
        text=prepared.text,
        plan=plan.finetuning,
        language=language,
        machine=machine,
    )
    screened = (
        screen_prepared_questions(checkpoint, prepared, plan, machine)
        if plan.evaluation.screening
        else None
    )
    further = [
        tune_further_seed(seed, checkpoint, prepared, plan, machine)
        for seed in list_further_seeds(plan)
    ]
    return TuningResult(
        checkpoint=checkpoint,
        tuning=tuning,
        base=base,
        tuned=tuned,
        probe=probe,
        screened=screened,
        further=[evaluate_on_papers(checkpoint, one, splits, plan, machine) for one in further],
        base_aside=answer_aside(checkpoint, None, prepared, plan, machine),
        tuned_aside=[
            answer_aside(checkpoint, one, prepared, plan, machine)
            for one in (tuning.adapter, *further)
        ],
    )


def list_further_seeds(plan: StudyPlan) -> range:
    """The seeds after the plan's own."""
    first = plan.finetuning.seed
    return range(first + 1, first + plan.comparison.seeds)


def tune_further_seed(
    seed: int, checkpoint: Checkpoint, prepared: StudyDataset, plan: StudyPlan, machine: Machine
) -> Adapter:
    """What the same plan makes with another seed of the tuning."""
    splits, own = prepared.splits, plan.finetuning.model_copy(update={"seed": seed})
    return finetune_adapter(
        checkpoint,
        splits.pairs,
        splits.held_out,
        own,
        language=plan.wording,
        machine=machine,
        text=select_book_text(prepared.text, plan),
    ).adapter


def answer_aside(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    prepared: StudyDataset,
    plan: StudyPlan,
    machine: Machine,
) -> SideAnswers:
    """What a model, tuned or not, answers beside the papers, as far as the plan asks for it."""
    exam, sitting = plan.evaluation, prepared.splits.sitting
    quantize = plan.finetuning.quantize

    def ask(aid: BookText | QuestionSets) -> AidedAnswers:
        return ask_with_aid(
            checkpoint,
            adapter,
            sitting,
            aid,
            plan.select_answering_plan(plan.comparison.primary_mode),
            primary_set=plan.comparison.primary_set,
            best=exam.passages,
            language=plan.wording,
            machine=machine,
            quantize=quantize,
        )

    return SideAnswers(
        everyday=ask_everyday_questions(
            checkpoint, adapter, language=plan.language, machine=machine, quantize=quantize
        )
        if exam.general
        else None,
        with_passages=ask(prepared.text) if exam.retrieval != "none" else None,
        with_examples=ask(sitting) if exam.retrieval != "none" and adapter is None else None,
    )


def evaluate_on_papers(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    splits: CheckedItems,
    plan: StudyPlan,
    machine: Machine,
) -> Answers:
    """What a model, tuned or not, answers on all papers of the plan."""
    return evaluate_model(
        checkpoint,
        adapter,
        splits.sitting,
        plan.select_answering_plan(),
        language=plan.wording,
        machine=machine,
        quantize=plan.finetuning.quantize,
    )


def select_book_text(text: BookText, plan: StudyPlan) -> BookText | None:
    """The book, where the adapter reads it before the pairs; else the tuning does not
    depend on it.
    """
    return text if plan.finetuning.book_epochs else None


def screen_prepared_questions(
    checkpoint: Checkpoint, prepared: StudyDataset, plan: StudyPlan, machine: Machine
) -> Screenings:
    """Screen the questions in the mode that counts."""
    sitting, mode = prepared.splits.sitting, plan.comparison.primary_mode
    return screen_questions(
        checkpoint,
        sitting,
        prepared.text,
        plan.select_screening_plan(),
        mode=mode,
        language=plan.wording,
        machine=machine,
    )
