"""Every stage side by side: what goes in, what comes out, how it is named on the dashboard. The work itself is in tasks/<stage>/.

The heavy packages are imported inside the stages, so that a study whose stages are all cached never waits for them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.artifacts import Answers, Book, Causes, Comparisons, Drafts, Findings, OwnItems, Pairs, Passages, Screenings, Steps
from tasks.engine.prefect_stage import report_progress, stage
from tasks.engine.stage import Stage, running_key
from tasks.exam import prompt_texts
from tasks.folders import Adapter, Checkpoint, StudyFolder, SweepFolder
from tasks.generation.server import ServerIdentity
from tasks.groups import Attempt, BookText, Chapter, Diagnosis, Halves, Outcome, Prepared, Sitting, Splits, Tuning
from tasks.plan import BasePlan, ComparisonPlan, EvaluationPlan, FinetuningPlan, Machine, ReadingPlan, StudyPlan
from tasks.records import Mode, SetName
from tasks.results import History, Probe
from tasks.schemas.timings import Timings
from tasks.store import runs_dir
from tasks.sweeps import Arm, Found, SweepPlan, Trial


def training_texts(given: Mapping[str, Any]) -> Any:
    """The templates that a tuning's texts are made with."""
    plan, texts = given["plan"], prompt_texts(given["language"])
    return texts if plan.exam_share else plan.template or texts["pair"]


def exam_texts(given: Mapping[str, Any]) -> Any:
    """The prompts that a language's questions are put with."""
    return prompt_texts(given["language"])


@stage(run_name="read · {book.name}")
def read_book(book: Book, plan: ReadingPlan, language: str, machine: Machine) -> BookText:
    """A PDF becomes pages and passages, one table of passages a chapter."""
    from tasks.reading.pdf import read

    with report_progress("pages") as progress:
        found = read(Path(book.path), plan, language, machine.workers, progress)
    return BookText.save_tables(found.passages, found.pages, found.scan)


@stage(
    version=1,
    sources=(
        "tasks.generation.rule_writer",
        "tasks.generation.rule_facts",
        "tasks.generation.rule_people",
        "tasks.generation.rule_questions",
        "tasks.generation.rule_signs",
        "tasks.generation.rule_vignettes",
        "tasks.generation.wording",
    ),
    run_name=lambda given: f"{'generate more' if given['earlier'] else 'generate'} · {given['chapter'].label}",
)
def generate_drafts(
    chapter: Passages,
    pairs: int,
    questions: int,
    book: Book,
    plan: StudyPlan,
    machine: Machine,
    earlier: Chapter | None = None,
    server: ServerIdentity | None = None,
) -> Chapter:
    """One chapter's drafts, exactly as the writer gave them; where it gave some already, those and more.

    `server`: who writes, where a server does; another server's drafts are other drafts.
    """
    from tasks.generation.chapter import write_chapter
    from tasks.generation.writer import Quota
    from tasks.validation.asked import acceptance

    with report_progress(f"drafts · {chapter.label}") as progress:
        accept, quota = acceptance(plan.language, plan.validation), Quota(pairs, questions)
        drafts, account = write_chapter(chapter.load_rows(), quota, plan, accept, Path(book.path), machine, progress, earlier)
    return Chapter(drafts=Drafts.save_rows(drafts), account=account)


@stage(run_name="validate · {plan.generation.pairs} pairs, {plan.generation.questions} questions")
def validate_drafts(drafts: list[Drafts], text: BookText, own: list[OwnItems], plan: StudyPlan) -> Splits:
    """Drafts become checked pairs and question sets; what falls is kept with its reason."""
    from tasks.validation.asked import load_own, wanted
    from tasks.validation.gate import validate

    with report_progress("checks") as progress:
        rows = [draft for table in drafts for draft in table.load_rows()]
        brought = load_own([(items.kind, Path(items.path)) for items in own], plan.language, plan.generation.columns)
        return Splits.save_tables(*validate(rows, text.load_passages(), plan.validation, plan.language, wanted(plan.generation), progress, brought))


@stage(version=1, sources=("tasks.tiny",), run_name="base · {plan.model}", needs_gpu=True)
def prepare_base(text: BookText, plan: BasePlan, machine: Machine) -> Checkpoint:
    """The model that is to be tuned: found, or built from the book's own text."""
    from tasks import llama, tiny

    if plan.model != "tiny":
        return llama.resolve(plan)
    with report_progress("pre-training") as progress:
        texts = [passage.text for passage in text.load_passages()]
        return Checkpoint.build_folder(lambda folder: tiny.build_tiny(texts, plan, folder, progress, machine), name="tiny")


@stage(version=1, sources=(), content=training_texts, run_name="tune · r{plan.rank} · {plan.epochs} epochs", needs_gpu=True)
def finetune_adapter(
    checkpoint: Checkpoint,
    pairs: Pairs,
    held_out: Pairs,
    plan: FinetuningPlan,
    language: str,
    machine: Machine,
    text: BookText | None = None,
) -> Tuning:
    """LoRA on the pairs, after the book's own text where that is given: an adapter in PEFT's format and the training log."""
    from tasks.finetuning.fit import fit

    scratch = runs_dir() / "scratch" / running_key()
    adapter = scratch.with_name(f"{scratch.name}-adapter")
    book = [passage.text for passage in text.load_passages()] if text else []
    with report_progress("tuning") as progress:
        done = fit(checkpoint, pairs.load_rows(), held_out.load_rows(), plan, language, machine, adapter, scratch, progress, book)
    return Tuning(adapter=Adapter.adopt_folder(adapter), log=Steps.save_rows(done.steps), preflight=done.preflight)


@stage(
    version=3,
    sources=("tasks.evaluation.answering",),
    content=exam_texts,
    run_name=lambda given: f"evaluate · {'tuned' if given['adapter'] else 'base'} · {given['checkpoint'].name}",
    needs_gpu=True,
)
def evaluate_model(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    sitting: Sitting,
    plan: EvaluationPlan,
    language: str,
    machine: Machine,
    quantize: str = "none",
) -> Answers:
    """One model sits all papers, in every mode and rotation of the plan."""
    from tasks.evaluation.scoring import answer
    from tasks.llama import load

    with report_progress("scoring base" if adapter is None else "scoring tuned") as progress:
        loaded = load(checkpoint, machine, adapter.path if adapter else None, quantize)
        return Answers.save_rows(answer(loaded, sitting.list_questions(), plan, language, machine, progress))


@stage(version=3, sources=("tasks.evaluation.screening",), content=exam_texts, run_name="screen · {checkpoint.name}", needs_gpu=True)
def screen_questions(
    checkpoint: Checkpoint, sitting: Sitting, text: BookText, plan: EvaluationPlan, mode: Mode, language: str, machine: Machine
) -> Screenings:
    """Each question without its stem, without and with its passage: is it guessable, too easy, too hard, or useful?"""
    from tasks.evaluation.screening import screen
    from tasks.llama import load

    with report_progress("screening") as progress:
        rows = screen(load(checkpoint, machine), sitting.list_questions(), text.load_passages(), plan, language, machine, progress, mode)
    return Screenings.save_rows(rows)


@stage(version=1, sources=("tasks.finetuning.probe",), content=training_texts, run_name="probe · {checkpoint.name}", needs_gpu=True)
def probe_tuning(
    checkpoint: Checkpoint,
    adapter: Adapter,
    pairs: Pairs,
    held_out: Pairs,
    text: BookText,
    plan: FinetuningPlan,
    language: str,
    machine: Machine,
) -> Probe:
    """What the tuning changed inside the model, beside its answers."""
    from tasks.finetuning.probe import probe

    with report_progress("probing") as progress:
        book = [passage.text for passage in text.load_passages()]
        return probe(checkpoint, adapter.path, pairs.load_rows(), held_out.load_rows(), book, plan, language, machine, progress)


@stage(run_name="compare · {plan.primary_set} · {plan.primary_mode}")
def compare_answers(sitting: Sitting, base: Answers, tuned: Answers, plan: ComparisonPlan) -> Comparisons:
    """Base against tuned, question by question: the paired verdict."""
    from tasks.evaluation.paired import compare

    return Comparisons.save_rows(compare(sitting.load_sets(), base.load_rows(), tuned.load_rows(), plan))


@stage(run_name="halve · {primary_set}")
def halve_questions(sittings: list[Sitting], primary_set: SetName, share: float, seed: int) -> list[Halves]:
    """A sweep's questions: by fact, one part to choose a setting and one, untouched until then, to decide on it."""
    from tasks.evaluation.selection import halve

    halves = halve([sitting.load_sets() for sitting in sittings], primary_set, share, seed)
    return [Halves(choose=Sitting.save_sets(half.selection), final=Sitting.save_sets(half.test)) for half in halves]


@stage(run_name="try · {arm.name} · seed {seed}")
def compare_setting(arm: Arm, seed: int, paper: Sitting, attempt: Attempt, plan: ComparisonPlan) -> Trial:
    """One setting of a sweep with one seed, base against tuned."""
    from tasks.evaluation.selection import trial

    if attempt.tuning is None or attempt.base is None or attempt.tuned is None:
        return Trial(arm=arm, seed=seed, comparison=None, failed=attempt.failed)
    tuning = attempt.tuning
    return trial(arm, seed, paper.load_sets(), attempt.base.load_rows(), attempt.tuned.load_rows(), tuning.log.load_rows(), tuning.preflight, plan)


@stage(run_name="diagnose · {plan.name}")
def diagnose_tuning(splits: Splits, outcome: Outcome, comparisons: Comparisons, seeds: list[Comparisons], plan: StudyPlan) -> Diagnosis:
    """Why tuning helped or did not, ranked, with the evidence."""
    from tasks.diagnosis.causes import four_causes
    from tasks.diagnosis.evidence import evidence_of
    from tasks.diagnosis.rules import diagnose

    screened = outcome.screened.load_rows() if outcome.screened else ()
    evidence = evidence_of(splits, outcome, [comparisons, *seeds], plan, screened)
    return Diagnosis(findings=Findings.save_rows(diagnose(evidence)), causes=Causes.save_rows(four_causes(evidence)), seeds=seeds)


@stage(run_name="report · {plan.name}")
def write_report(
    plan: StudyPlan,
    book: Book,
    prepared: Prepared,
    outcome: Outcome,
    comparisons: Comparisons,
    why: Diagnosis,
    timings: Timings,
    history: History,
) -> StudyFolder:
    """The study folder: page, verdict, items, answers, adapter."""
    from tasks.dossier import filler

    return StudyFolder.replace_folder(plan.name, filler(plan, book, prepared, outcome, comparisons, why, timings, history))


@stage(run_name="sweep report · {plan.name}")
def write_sweep(plan: SweepPlan, found: Found, timings: Timings) -> SweepFolder:
    """The sweep folder: page, table, the plan with the chosen setting."""
    from tasks.reporting.sweep import write

    return SweepFolder.replace_folder(plan.name, lambda folder: write(folder, plan, found, timings))


def names() -> list[str]:
    """The stages in their order, as `--redo` knows them."""
    return [name for name, value in globals().items() if isinstance(value, Stage)]
