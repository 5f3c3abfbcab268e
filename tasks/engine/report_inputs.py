"""Everything that goes into a study's folder, put together from all stages."""

from collections.abc import Callable
from pathlib import Path
from shlex import quote

from tasks.diagnosis.next_plan import build_next_plan, select_followed_findings
from tasks.evaluation import lm_eval_task
from tasks.evaluation.statistics.power_analysis import compute_power
from tasks.finetuning.hf_dataset import write_hf_dataset
from tasks.reading.title import title_of
from tasks.reporting import collect_data, write
from tasks.reporting.report_data import PowerCurvePoint, ReportData
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import Comparison, History
from tasks.schemas.timings import Timings
from tasks.store.artifact_groups import Diagnosis, StudyDataset, TuningResult
from tasks.store.artifacts import Book, Comparisons
from tasks.store.paths import get_runs_dir

POWER_CURVE_GAINS = range(0, 41)  # percentage points of the power curve


def build_folder_filler(
    plan: StudyPlan,
    book: Book,
    prepared: StudyDataset,
    outcome: TuningResult,
    *,
    comparisons: Comparisons,
    why: Diagnosis,
    timings: Timings,
    history: History,
    language: str,
) -> Callable[[Path], None]:
    """What fills the folder: page, verdict, items and answers; lm-eval tasks; sets that `datasets`
    loads.
    """
    study = gather_report_data(
        plan,
        book,
        prepared,
        outcome,
        comparisons=comparisons,
        why=why,
        timings=timings,
        history=history,
        language=language,
    )

    def fill_folder(folder: Path) -> None:
        write.write_study_folder(folder, study)
        sets = {title: list(questions) for title, questions in study.questions.items()}
        lm_eval_task.write_task_folder(folder / "lm-eval", sets, plan.evaluation, plan.language)
        write_hf_dataset(
            {"train": study.pairs, "held_out": study.held_out}, sets, folder / "dataset"
        )

    return fill_folder


def gather_report_data(
    plan: StudyPlan,
    book: Book,
    prepared: StudyDataset,
    outcome: TuningResult,
    *,
    comparisons: Comparisons,
    why: Diagnosis,
    timings: Timings,
    history: History,
    language: str,
) -> ReportData:
    """The rows of a finished study, with the plan that should follow it and the command for
    that.
    """
    findings = why.findings.load_rows()
    following = build_next_plan(plan, findings, history)
    command = (
        f"book2lora study {quote(str(get_runs_dir() / 'studies' / plan.name / 'next-plan.yaml'))}"
        if following
        else None
    )
    screened = outcome.screened.load_rows() if outcome.screened else ()
    curve = compute_power_curve(
        next(row for row in comparisons.load_rows() if row.primary), plan.comparison.alpha
    )
    return collect_data.collect_report_data(
        plan,
        book,
        prepared,
        outcome,
        comparisons=comparisons,
        findings=why.findings,
        timings=timings,
        causes=why.causes.load_rows(),
        next_plan=following,
        next_command=command,
        followed=[finding.rule for finding in select_followed_findings(plan, findings)],
        power=curve,
        screened=screened,
        title=title_of(Path(book.path)),
        history=history,
        language=language,
    )


def compute_power_curve(primary: Comparison, alpha: float) -> list[PowerCurvePoint]:
    """How often a true gain of so many points is found, at the discordance that was seen (at least
    the gain itself) by as many questions as the facts are worth.
    """
    discordance = primary.extra["discordance"]
    worth = max(1, int(primary.n / primary.extra["design_effect"]))
    return [
        PowerCurvePoint(
            gain / 100, compute_power(worth, gain / 100, max(discordance, gain / 100), alpha)
        )
        for gain in POWER_CURVE_GAINS
    ]
