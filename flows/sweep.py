"""Many ways of tuning, the same questions: a half chooses, the other half decides."""

from collections.abc import Sequence
from itertools import pairwise

from flows.sweep_trial import TrialRunner
from tasks.engine.orchestration.prefect_artifacts import publish_folder
from tasks.engine.prefect_flow import flow, start_run
from tasks.engine.run_timings import get_timings
from tasks.engine.runs.run_records import record_sweep
from tasks.evaluation.statistics.setting_selection import (
    get_best_setting,
    rank_settings,
)
from tasks.language.reader_language import get_reader_language
from tasks.schemas.machine import Machine
from tasks.schemas.sweep_plan import (
    RankedSetting,
    SweepPlan,
    SweepResult,
    Trend,
    Trial,
    index_settings_by_value,
    list_settings,
)
from tasks.stages import compare_answers, write_sweep


@flow(name="sweep", run_name="{plan.name} · {plan.study.book} · {plan.study.base.model}")
def run_sweep(
    plan: SweepPlan, machine: Machine = Machine(), redo: list[str] = [], gpu: str | None = None
) -> str:
    """Try settings of the tuning, choose one, and judge it on questions that had no say in the
    choice.

    Args:
        plan: what to try
        machine: how fast to do it; never changes the result
        redo: stages to do again although their results are kept
        gpu: deployment that tunes and scores each setting, e.g. arm/gpu: as many at once as it has
            workers; none: here, one by one
    """
    start_run(redo, tags=[plan.name, plan.study.book])
    bench = TrialRunner(plan, machine, redo, gpu)
    with record_sweep(plan) as bench.plan:
        standings = rank_settings(bench.run_selection_trials(list_settings(plan)))
        finals = bench.run_final_trials(get_best_setting(standings))
        found = found_of(standings, finals, bench)
        folder = write_sweep(bench.plan, found, get_timings(), language=get_reader_language())
        return publish_folder(folder, "sweep", "sweep")


def found_of(
    standings: Sequence[RankedSetting], finals: Sequence[Trial], bench: TrialRunner
) -> SweepResult:
    """All that a sweep found; the decision on the chosen setting is recorded."""
    return SweepResult(
        standings=tuple(standings),
        finals=tuple(finals),
        verdict=bench.compare_finals(finals),
        same_questions=bench.has_same_questions(),
        trend=compute_trend(standings, bench),
        history=bench.decided_before(finals[0].arm),
    )


def compute_trend(standings: Sequence[RankedSetting], bench: TrialRunner) -> Trend | None:
    """The last step of a curve over one number: does more of it still help? All settings must have
    sat the same questions.
    """
    steps = list(
        pairwise(
            (value, one)
            for value, one in index_settings_by_value(standings).items()
            if one.rate is not None
        )
    )
    if not steps or not bench.has_same_questions():
        return None
    (smaller, before), (larger, after) = steps[-1]
    (key,) = after.setting.changes
    paper, answers = (
        bench.get_selection_questions(after.setting),
        [bench.get_tuned_answers(one.setting) for one in (before, after)],
    )
    plan = bench.plan.study.comparison
    comparisons = compare_answers(paper, answers[0], answers[1], plan, further=[])
    return Trend(key=key, smaller=smaller, larger=larger, comparison=comparisons.load_rows()[0])
