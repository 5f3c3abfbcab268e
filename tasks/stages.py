"""Every stage side by side: what goes in and what comes out.

The work itself is in tasks/<stage>/. Heavy packages are imported inside: cached stages need none.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.engine.prefect_stage import report_progress, stage
from tasks.engine.stage import Stage, running_key
from tasks.generation.openai.server_identity import ServerIdentity
from tasks.models.gguf.gguf_files import digest_base_file
from tasks.prompts import prompt_texts
from tasks.schemas.effects.effect_rows import Effects
from tasks.schemas.item_rows import AnswerMode, SetName
from tasks.schemas.machine import Machine
from tasks.schemas.plan import CheckingPlan, DraftingPlan, StudyPlan
from tasks.schemas.plan_sections import (
    BasePlan,
    ComparisonPlan,
    EvaluationPlan,
    FinetuningPlan,
    ReadingPlan,
)
from tasks.schemas.result_rows import ModelDiff, Timings
from tasks.schemas.sweep_plan import Setting, SweepPlan, SweepResult, Trial
from tasks.store.artifact_folders import Adapter, Checkpoint
from tasks.store.artifact_groups import (
    AidedAnswers,
    BookText,
    ChapterDrafts,
    ChapterItems,
    CheckedItems,
    Diagnosis,
    QuestionSets,
    SelectionSplit,
    StudyAnswers,
    StudyResults,
    TrainedAdapter,
    TrialOutcome,
    TuningResult,
)
from tasks.store.artifacts import (
    Answers,
    Book,
    Causes,
    Comparisons,
    Findings,
    ItemFile,
    Pairs,
    Passages,
    QuestionMeasures,
    ReviewFile,
    Screenings,
    TrainingSteps,
)
from tasks.store.paths import get_runs_dir
from tasks.store.study_folder import StudyFolder, SweepFolder

if TYPE_CHECKING:
    from tasks.models.loading import LoadedModel


def training_texts(given: Mapping[str, Any]) -> Any:
    """The templates that a tuning's texts are made with."""
    plan, texts = given["plan"], prompt_texts(given["language"])
    return texts if plan.exam_share else plan.template or texts["pair"]


def exam_texts(given: Mapping[str, Any]) -> Any:
    """The prompts that a language's questions are put with."""
    return prompt_texts(given["language"])


def name_model(given: Mapping[str, Any]) -> str:
    """Which model answers, for the name of a task's run."""
    return f"{'tuned' if given['adapter'] else 'base'} · {given['checkpoint'].name}"


def load_with_adapter(
    checkpoint: Checkpoint, adapter: Adapter | None, machine: Machine, quantize: str
) -> "LoadedModel":
    """The tuned model; the base where there is no adapter."""
    from tasks.models.loading import load_model

    return load_model(checkpoint, machine, adapter.path if adapter else None, quantize)


@stage(run_name="read · {book.name}")
def read_book(book: Book, plan: ReadingPlan, language: str, machine: Machine) -> BookText:
    """A PDF becomes pages and passages, one table of passages a chapter."""
    from tasks.reading.pdf import read

    with report_progress("progress-pages") as progress:
        found = read(Path(book.path), plan, language, machine.workers, progress)
    return BookText.save_tables(found.passages, found.pages, found.scan)


@stage(
    version=2,
    followed=("tasks.validation.item_checker",),
    sources=(
        "tasks.generation.rules.rule_writer",
        "tasks.generation.rules.book_facts",
        "tasks.generation.rules.patient",
        "tasks.generation.rules.question_makers",
        "tasks.generation.rules.sign_sampling",
        "tasks.generation.rules.vignettes",
        "tasks.generation.rules.rule_language",
    ),
    run_name=lambda given: (
        f"{'generate more' if given['earlier'] else 'generate'} · {given['chapter'].label}"
    ),
)
def generate_drafts(
    chapter: Passages,
    pairs: int,
    questions: int,
    book: Book,
    text: BookText,
    *,
    plan: DraftingPlan,
    machine: Machine,
    earlier: ChapterDrafts | None = None,
    server: ServerIdentity | None = None,
) -> ChapterDrafts:
    """One chapter's drafts, exactly as the writer gave them, and the items in them that are sound
    by the book's `text` and by the second reader; where it gave some already, those and more.

    `server`: who writes, where a server does; another server's drafts are other drafts.
    """
    from tasks.generation.quotas import Quota
    from tasks.generation.write_chapter import write_chapter
    from tasks.validation.chapter_items import open_item_checker, save_chapter_items

    with report_progress("progress-drafts", chapter=chapter.label) as progress:
        checker = open_item_checker(text, plan.wording, plan.validation, earlier)
        written = write_chapter(
            chapter.load_rows(),
            Quota(pairs, questions),
            plan,
            checker.check_draft,
            checker.check_readings,
            book=Path(book.path),
            machine=machine,
            progress=progress,
            earlier=earlier,
        )
    items = save_chapter_items(checker, names_facts=written.account is None)
    return ChapterDrafts.save_tables(
        written.drafts, written.readings, items, written.account, earlier
    )


@stage(run_name="validate · {plan.pairs} pairs, {plan.questions} questions")
def validate_drafts(
    items: list[ChapterItems],
    text: BookText,
    own: list[ItemFile],
    plan: CheckingPlan,
    reviews: list[ReviewFile],
) -> CheckedItems:
    """The chapters' items become pairs and question sets, as a person who reviewed them has
    decided; what falls is kept with its reason.
    """
    from tasks.validation.chapter_items import load_chapter_items
    from tasks.validation.parsing.import_items import load_imported_items
    from tasks.validation.plan_counts import get_planned_counts
    from tasks.validation.review.decision_files import read_decisions
    from tasks.validation.validate import validate_items

    brought = load_imported_items(
        [(file.kind, Path(file.path)) for file in own], plan.language, plan.columns
    )
    checked = validate_items(
        map(load_chapter_items, items),
        text.load_passages(),
        plan.validation,
        plan.wording,
        wanted=get_planned_counts(plan),
        own=brought,
        reviews=[read_decisions(Path(file.path)) for file in reviews],
    )
    return CheckedItems.save_tables(**checked._asdict())


@stage(
    version=2,
    sources=("tasks.models.tiny_llama",),
    content=lambda given: digest_base_file(given["plan"].model),
    run_name="base · {plan.model}",
    needs_gpu=True,
)
def prepare_base(text: BookText, plan: BasePlan, machine: Machine) -> Checkpoint:
    """The model that is to be tuned: found, or built from the book's own text."""
    from tasks.models import model_hub, tiny_llama

    if plan.model != "tiny":
        return model_hub.resolve_base_model(plan)
    texts = [passage.text for passage in text.load_passages()]
    with report_progress("progress-base") as progress:
        return Checkpoint.build_folder(
            lambda folder: tiny_llama.build_tiny_llama(texts, plan, folder, progress, machine),
            name="tiny",
        )


@stage(
    version=1,
    sources=(),
    content=training_texts,
    run_name="tune · r{plan.rank} · {plan.epochs} epochs",
    needs_gpu=True,
)
def finetune_adapter(
    checkpoint: Checkpoint,
    pairs: Pairs,
    held_out: Pairs,
    plan: FinetuningPlan,
    *,
    language: str,
    machine: Machine,
    text: BookText | None = None,
) -> TrainedAdapter:
    """LoRA on the pairs, after the book's own text where that is given: an adapter in PEFT's format
    and the training log.
    """
    from tasks.finetuning.fit import fit_adapter

    scratch = get_runs_dir() / "scratch" / running_key()
    adapter = scratch.with_name(f"{scratch.name}-adapter")
    book = [passage.text for passage in text.load_passages()] if text else []
    with report_progress("progress-tuning") as progress:
        done = fit_adapter(
            checkpoint,
            pairs.load_rows(),
            held_out.load_rows(),
            plan,
            language=language,
            machine=machine,
            folder=adapter,
            scratch=scratch,
            progress=progress,
            book=book,
        )
    return TrainedAdapter(
        adapter=Adapter.adopt_folder(adapter),
        log=TrainingSteps.save_rows(done.steps),
        preflight=done.preflight,
    )


@stage(
    version=3,
    sources=("tasks.evaluation.answer_extraction",),
    content=exam_texts,
    run_name=lambda given: f"evaluate · {name_model(given)}",
    needs_gpu=True,
)
def evaluate_model(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    sitting: QuestionSets,
    plan: EvaluationPlan,
    *,
    language: str,
    machine: Machine,
    quantize: str = "none",
) -> Answers:
    """One model sits all papers, in every mode and rotation of the plan."""
    from tasks.evaluation.evaluate import answer_questions

    with report_progress(
        "progress-scoring-base" if adapter is None else "progress-scoring-tuned"
    ) as progress:
        loaded = load_with_adapter(checkpoint, adapter, machine, quantize)
        return Answers.save_rows(
            answer_questions(
                loaded, sitting.list_questions(), plan, language, machine=machine, progress=progress
            )
        )


@stage(
    version=1,
    sources=(
        "tasks.evaluation.effects.everyday_questions",
        "tasks.evaluation.effects.everyday_answers",
    ),
    run_name=lambda given: f"everyday · {name_model(given)}",
    needs_gpu=True,
)
def ask_everyday_questions(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    *,
    language: str,
    machine: Machine,
    quantize: str = "none",
) -> Answers:
    """What one model knows beside the book: the language's everyday questions."""
    from tasks.evaluation.effects.everyday_answers import answer_everyday_questions

    with report_progress("progress-everyday") as progress:
        loaded = load_with_adapter(checkpoint, adapter, machine, quantize)
        return Answers.save_rows(answer_everyday_questions(loaded, language, machine, progress))


@stage(
    version=1,
    sources=("tasks.evaluation.effects.aided_questions", "tasks.language.text_search"),
    content=exam_texts,
    run_name=lambda given: (
        f"{'passages' if isinstance(given['aid'], BookText) else 'examples'} · {name_model(given)}"
    ),
    needs_gpu=True,
)
def ask_with_aid(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    sitting: QuestionSets,
    aid: BookText | QuestionSets,
    plan: EvaluationPlan,
    *,
    primary_set: SetName,
    best: int,
    language: str,
    machine: Machine,
    quantize: str = "none",
) -> AidedAnswers:
    """The primary questions with the book's best passages before them, or with solved ones."""
    from tasks.evaluation.effects.aided_questions import ask_aided

    with report_progress("progress-aided") as progress:
        loaded = load_with_adapter(checkpoint, adapter, machine, quantize)
        return ask_aided(
            loaded,
            sitting.asked(primary_set),
            aid,
            plan,
            best=best,
            language=language,
            machine=machine,
            progress=progress,
        )


@stage(
    version=3,
    sources=("tasks.evaluation.screening",),
    content=exam_texts,
    run_name="screen · {checkpoint.name}",
    needs_gpu=True,
)
def screen_questions(
    checkpoint: Checkpoint,
    sitting: QuestionSets,
    text: BookText,
    plan: EvaluationPlan,
    *,
    mode: AnswerMode,
    language: str,
    machine: Machine,
) -> Screenings:
    """Each question without its stem, without and with its passage: is it guessable, too easy, too
    hard, or useful?
    """
    from tasks.evaluation.screening import screen_with_model
    from tasks.models.loading import load_model

    with report_progress("progress-screening") as progress:
        rows = screen_with_model(
            load_model(checkpoint, machine),
            sitting.list_questions(),
            text.load_passages(),
            plan,
            language=language,
            machine=machine,
            progress=progress,
            mode=mode,
        )
    return Screenings.save_rows(rows)


@stage(
    version=1,
    sources=("tasks.finetuning.model_diff",),
    content=training_texts,
    run_name="probe · {checkpoint.name}",
    needs_gpu=True,
)
def probe_tuning(
    checkpoint: Checkpoint,
    adapter: Adapter,
    pairs: Pairs,
    held_out: Pairs,
    *,
    text: BookText,
    plan: FinetuningPlan,
    language: str,
    machine: Machine,
) -> ModelDiff:
    """What the tuning changed inside the model, beside its answers."""
    from tasks.finetuning.model_diff import measure_model_changes

    with report_progress("progress-probing") as progress:
        book = [passage.text for passage in text.load_passages()]
        return measure_model_changes(
            checkpoint,
            adapter.path,
            pairs.load_rows(),
            held_out.load_rows(),
            book_texts=book,
            plan=plan,
            language=language,
            machine=machine,
            progress=progress,
        )


@stage(run_name="compare · {plan.primary_set} · {plan.primary_mode}")
def compare_answers(
    sitting: QuestionSets,
    base: Answers,
    tuned: Answers,
    plan: ComparisonPlan,
    *,
    further: list[Answers],
) -> Comparisons:
    """Base against tuned, question by question: the paired verdict; with further seeds of the
    tuning.
    """
    from tasks.evaluation.statistics.paired_comparison import compare_models

    return Comparisons.save_rows(
        compare_models(
            sitting.load_sets(),
            base.load_rows(),
            tuned.load_rows(),
            plan,
            [answers.load_rows() for answers in further],
        )
    )


@stage(run_name="effects · {plan.primary_mode}")
def measure_effects(
    sitting: QuestionSets,
    text: BookText,
    answers: StudyAnswers,
    comparisons: Comparisons,
    plan: ComparisonPlan,
    *,
    language: str,
) -> Effects:
    """Beside the verdict: what the tuning cost, where it worked, how sure the models are."""
    from tasks.evaluation.effects.study_effects import gather_effects

    passages, rows = text.load_passages(), comparisons.load_rows()
    return gather_effects(sitting, passages, answers, rows, plan, language=language)


@stage(run_name="measure · {primary_set}")
def measure_questions(
    sitting: QuestionSets, text: BookText, screened: Screenings | None, primary_set: SetName
) -> QuestionMeasures:
    """How many of the questions are solved without knowing what they ask: by counting words, by
    length, by position, with the options alone, with the page.
    """
    from tasks.evaluation.question_measures import measure_all

    books = {passage.id: passage.text for passage in text.load_passages()}
    rows = screened.load_rows() if screened else []
    return QuestionMeasures.save_rows(measure_all(sitting.asked(primary_set), books, rows))


@stage(run_name="halve · {primary_set}")
def halve_questions(
    sittings: list[QuestionSets], primary_set: SetName, share: float, seed: int
) -> list[SelectionSplit]:
    """A sweep's questions, by fact: one part to choose a setting, another to decide on it."""
    from tasks.evaluation.statistics.setting_selection import split_questions

    sets = [sitting.load_sets() for sitting in sittings]
    halves = split_questions(sets, primary_set, share, seed)
    return [
        SelectionSplit(
            choose=QuestionSets.save_sets(half.selection), final=QuestionSets.save_sets(half.test)
        )
        for half in halves
    ]


@stage(run_name="try · {arm.name} · seed {seed}")
def compare_setting(
    arm: Setting, seed: int, paper: QuestionSets, attempt: TrialOutcome, plan: ComparisonPlan
) -> Trial:
    """One setting of a sweep with one seed, base against tuned."""
    from tasks.evaluation.statistics.setting_selection import build_trial

    if attempt.tuning is None or attempt.base is None or attempt.tuned is None:
        return Trial(arm=arm, seed=seed, comparison=None, failed=attempt.failed)
    tuning = attempt.tuning
    return build_trial(
        arm,
        seed,
        paper.load_sets(),
        attempt.base.load_rows(),
        tuned=attempt.tuned.load_rows(),
        steps=tuning.log.load_rows(),
        preflight=tuning.preflight,
        plan=plan,
    )


@stage(run_name="diagnose · {plan.name}")
def diagnose_tuning(
    splits: CheckedItems,
    outcome: TuningResult,
    comparisons: Comparisons,
    plan: StudyPlan,
    text: BookText,
    measures: QuestionMeasures,
    *,
    effects: Effects,
) -> Diagnosis:
    """Why tuning helped or did not, ranked, with the evidence."""
    from tasks.diagnosis.causes import answer_four_causes
    from tasks.diagnosis.evidence import load_evidence
    from tasks.diagnosis.rules.ranking import diagnose_evidence

    screened = outcome.screened.load_rows() if outcome.screened else ()
    solved = measures.load_rows()
    evidence = load_evidence(
        splits, outcome, comparisons, plan, screened, text, measures=solved, harms=effects.harms
    )
    return Diagnosis(
        findings=Findings.save_rows(diagnose_evidence(evidence)),
        causes=Causes.save_rows(answer_four_causes(evidence)),
    )


@stage(run_name="report · {study.plan.name}")
def write_report(study: StudyResults) -> StudyFolder:
    """The study folder: page, verdict, items, answers, adapter; told in the reader's language."""
    from tasks.engine.report_inputs import build_folder_filler
    from tasks.engine.store_notes import tell_kept_files

    return StudyFolder.replace_folder(study.plan.name, build_folder_filler(study), tell_kept_files)


@stage(run_name="sweep report · {plan.name}")
def write_sweep(
    plan: SweepPlan, found: SweepResult, timings: Timings, *, language: str
) -> SweepFolder:
    """The sweep folder: page, table, the plan with the chosen setting."""
    from tasks.engine.store_notes import tell_kept_files
    from tasks.reporting.sweep.sweep_folder import write_sweep_folder

    return SweepFolder.replace_folder(
        plan.name,
        lambda folder: write_sweep_folder(folder, plan, found, timings, language),
        tell_kept_files,
    )


def list_stages() -> list[str]:
    """The stages in their order, as `--redo` knows them."""
    return [name for name, value in globals().items() if isinstance(value, Stage)]
