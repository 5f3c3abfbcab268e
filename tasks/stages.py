"""Every stage side by side: what goes in, what comes out, how it is named on the dashboard. The work itself is in tasks/<stage>/.

The heavy packages are imported inside the stages, so that a study whose stages are all cached never waits for them.
"""

from pathlib import Path

from tasks import diagnosis, evaluation, finetuning, generation, reading, reporting, validation
from tasks.artifacts import Answers, Book, Causes, Comparisons, Drafts, Findings, OwnItems, Pairs, Passages, Screenings, Steps
from tasks.folders import Adapter, Checkpoint, StudyFolder, SweepFolder
from tasks.groups import Attempt, BookText, Chapter, Diagnosis, Halves, Outcome, Prepared, Sitting, Splits, Tuning
from tasks.plan import BasePlan, ComparisonPlan, EvaluationPlan, FinetuningPlan, Machine, ReadingPlan, StudyPlan
from tasks.records import Mode, SetName
from tasks.results import Probe
from tasks.staging import Stage, stage, watched
from tasks.store import runs_dir
from tasks.sweeps import Arm, Found, SweepPlan, Trial
from tasks.timings import Timings


@stage(version=reading.VERSION, run_name="read · {book.name}")
def read_book(book: Book, plan: ReadingPlan, language: str, machine: Machine) -> BookText:
    """A PDF becomes pages and passages, one table of passages a chapter."""
    from tasks.reading.pdf import read

    with watched("pages") as progress:
        found = read(Path(book.path), plan, language, machine.workers, progress)
    return BookText.save(found.passages, found.pages, found.scan)


@stage(
    version=generation.VERSION,
    run_name=lambda given: f"{'generate more' if given['earlier'] else 'generate'} · {given['chapter'].label}",
)
def generate_drafts(
    chapter: Passages, pairs: int, questions: int, book: Book, plan: StudyPlan, machine: Machine, earlier: Chapter | None = None
) -> Chapter:
    """One chapter's drafts, exactly as the writer gave them; where it gave some already, those and more."""
    from tasks.generation.chapter import write_chapter
    from tasks.generation.writer import Quota
    from tasks.validation.asked import acceptance

    with watched(f"drafts · {chapter.label}") as progress:
        accept, quota = acceptance(plan.language, plan.validation), Quota(pairs, questions)
        drafts, account = write_chapter(chapter.load(), quota, plan, accept, Path(book.path), machine, progress, earlier)
    return Chapter(drafts=Drafts.save(drafts), account=account)


@stage(version=validation.VERSION, run_name="validate · {plan.generation.pairs} pairs, {plan.generation.questions} questions")
def validate_drafts(drafts: list[Drafts], text: BookText, own: list[OwnItems], plan: StudyPlan) -> Splits:
    """Drafts become checked pairs and question sets; what falls is kept with its reason."""
    from tasks.validation.asked import load_own, wanted
    from tasks.validation.gate import validate

    with watched("checks") as progress:
        rows = [draft for table in drafts for draft in table.load()]
        brought = load_own([(items.kind, Path(items.path)) for items in own], plan.language)
        return Splits.save(*validate(rows, text.passages(), plan.validation, plan.language, wanted(plan.generation), progress, brought))


@stage(version=finetuning.BASE_VERSION, run_name="base · {plan.model}", on_card=True)
def prepare_base(text: BookText, plan: BasePlan, machine: Machine) -> Checkpoint:
    """The model that is to be tuned: found, or built from the book's own text."""
    from tasks import llama, tiny

    if plan.model != "tiny":
        return llama.resolve(plan)
    with watched("pre-training") as progress:
        texts = [passage.text for passage in text.passages()]
        return Checkpoint.build(lambda folder: tiny.build_tiny(texts, plan, folder, progress, machine), name="tiny")


@stage(version=finetuning.VERSION, run_name="tune · r{plan.rank} · {plan.epochs} epochs", on_card=True)
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

    key = finetune_adapter.key(checkpoint, pairs, held_out, plan, language, machine, text)
    scratch, adapter = runs_dir() / "scratch" / key, runs_dir() / "scratch" / f"{key}-adapter"
    book = [passage.text for passage in text.passages()] if text else []
    with watched("tuning") as progress:
        done = fit(checkpoint, pairs.load(), held_out.load(), plan, language, machine, adapter, scratch, progress, book)
    return Tuning(adapter=Adapter.adopt(adapter), log=Steps.save(done.steps), preflight=done.preflight)


@stage(
    version=evaluation.VERSION,
    run_name=lambda given: f"evaluate · {'tuned' if given['adapter'] else 'base'} · {given['checkpoint'].name}",
    on_card=True,
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

    with watched("scoring base" if adapter is None else "scoring tuned") as progress:
        loaded = load(checkpoint, machine, adapter.path if adapter else None, quantize)
        return Answers.save(answer(loaded, sitting.rows(), plan, language, machine, progress))


@stage(version=evaluation.VERSION, run_name="screen · {checkpoint.name}", on_card=True)
def screen_questions(
    checkpoint: Checkpoint, sitting: Sitting, text: BookText, plan: EvaluationPlan, mode: Mode, language: str, machine: Machine
) -> Screenings:
    """Each question without its stem, without and with its passage: is it guessable, too easy, too hard, or useful?"""
    from tasks.evaluation.screening import screen
    from tasks.llama import load

    with watched("screening") as progress:
        rows = screen(load(checkpoint, machine), sitting.rows(), text.passages(), plan, language, machine, progress, mode)
    return Screenings.save(rows)


@stage(version=finetuning.VERSION, run_name="probe · {checkpoint.name}", on_card=True)
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

    with watched("probing") as progress:
        book = [passage.text for passage in text.passages()]
        return probe(checkpoint, adapter.path, pairs.load(), held_out.load(), book, plan, language, machine, progress)


@stage(version=evaluation.VERSION, run_name="compare · {plan.primary_set} · {plan.primary_mode}")
def compare_answers(sitting: Sitting, base: Answers, tuned: Answers, plan: ComparisonPlan) -> Comparisons:
    """Base against tuned, question by question: the paired verdict."""
    from tasks.evaluation.paired import compare

    return Comparisons.save(compare(sitting.load(), base.load(), tuned.load(), plan))


@stage(version=evaluation.VERSION, run_name="halve · {primary_set}")
def halve_questions(sittings: list[Sitting], primary_set: SetName, share: float, seed: int) -> list[Halves]:
    """A sweep's questions: by fact, one part to choose a setting and one, untouched until then, to decide on it."""
    from tasks.evaluation.selection import halve

    halves = halve([sitting.load() for sitting in sittings], primary_set, share, seed)
    return [Halves(choose=Sitting.save(half.choose), final=Sitting.save(half.final)) for half in halves]


@stage(version=evaluation.VERSION, run_name="try · {arm.name} · seed {seed}")
def compare_setting(arm: Arm, seed: int, paper: Sitting, attempt: Attempt, plan: ComparisonPlan) -> Trial:
    """One setting of a sweep with one seed, base against tuned."""
    from tasks.evaluation.selection import trial

    if attempt.tuning is None or attempt.base is None or attempt.tuned is None:
        return Trial(arm=arm, seed=seed, comparison=None, failed=attempt.failed)
    tuning = attempt.tuning
    return trial(arm, seed, paper.load(), attempt.base.load(), attempt.tuned.load(), tuning.log.load(), tuning.preflight, plan)


@stage(version=diagnosis.VERSION, run_name="diagnose · {plan.name}")
def diagnose_tuning(splits: Splits, outcome: Outcome, comparisons: Comparisons, seeds: list[Comparisons], plan: StudyPlan) -> Diagnosis:
    """Why tuning helped or did not, ranked, with the evidence."""
    from tasks.diagnosis.causes import four_causes
    from tasks.diagnosis.evidence import evidence_of
    from tasks.diagnosis.rules import diagnose

    screened = outcome.screened.load() if outcome.screened else ()
    evidence = evidence_of(splits, outcome, [comparisons, *seeds], plan, screened)
    return Diagnosis(findings=Findings.save(diagnose(evidence)), causes=Causes.save(four_causes(evidence)), seeds=seeds)


@stage(version=reporting.VERSION, run_name="report · {plan.name}")
def write_report(
    plan: StudyPlan, book: Book, prepared: Prepared, outcome: Outcome, comparisons: Comparisons, why: Diagnosis, timings: Timings
) -> StudyFolder:
    """The study folder: page, verdict, items, answers, adapter."""
    from tasks.dossier import filler

    return StudyFolder.replace(plan.name, filler(plan, book, prepared, outcome, comparisons, why, timings))


@stage(version=reporting.VERSION, run_name="sweep report · {plan.name}")
def write_sweep(plan: SweepPlan, found: Found, timings: Timings) -> SweepFolder:
    """The sweep folder: page, table, the plan with the chosen setting."""
    from tasks.reporting.sweep import write

    return SweepFolder.replace(plan.name, lambda folder: write(folder, plan, found, timings))


def names() -> list[str]:
    """The stages in their order, as `--redo` knows them."""
    return [name for name, value in globals().items() if isinstance(value, Stage)]
