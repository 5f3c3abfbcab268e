"""Everything that goes into a study's folder, put together from all stages."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shlex import quote

from tasks.diagnosis.next_plan import build_next_plan, select_followed_findings
from tasks.evaluation import lm_eval_task
from tasks.evaluation.statistics.agreement import summarize_review
from tasks.evaluation.statistics.power_analysis import compute_power
from tasks.finetuning.hf_dataset import write_hf_dataset
from tasks.reading.title import title_of
from tasks.reporting import write
from tasks.reporting.collect_data import collect_report_data
from tasks.reporting.report_data import PowerCurvePoint, ReportData
from tasks.schemas.result_rows import Comparison
from tasks.store.artifact_groups import StudyResults
from tasks.store.paths import get_runs_dir

POWER_CURVE_GAINS = range(0, 41)  # percentage points of the power curve


def build_folder_filler(study: StudyResults) -> Callable[[Path], None]:
    """What fills the folder: page, verdict, items and answers; lm-eval tasks; sets that `datasets`
    loads.
    """
    data, plan = gather_report_data(study), study.plan

    def fill_folder(folder: Path) -> None:
        write.write_study_folder(folder, data)
        sets = {title: list(questions) for title, questions in data.questions.items()}
        lm_eval_task.write_task_folder(folder / "lm-eval", sets, plan.evaluation, plan.wording)
        write_hf_dataset({"train": data.pairs, "held_out": data.held_out}, sets, folder / "dataset")

    return fill_folder


def gather_report_data(study: StudyResults) -> ReportData:
    """The rows of a finished study, with the plan that should follow it and the command for
    that.
    """
    rows, plan = collect_report_data(study), study.plan
    following = build_next_plan(plan, rows.findings, study.history)
    next_file = get_runs_dir() / "studies" / plan.name / "next-plan.yaml"
    return replace(
        rows,
        next_plan=following,
        next_command=f"book2lora study {quote(str(next_file))}" if following else None,
        followed=[finding.rule for finding in select_followed_findings(plan, rows.findings)],
        power=compute_power_curve(rows.primary, plan.comparison.alpha),
        review=summarize_review(study.prepared.splits.reviewed.load_rows()),
        book_title=title_of(Path(study.book.path)) or rows.book_title,
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
