"""Many ways of tuning, the same questions: a half chooses, the other half decides."""

from collections.abc import Sequence
from itertools import pairwise

from prefect import flow

from flows.arm import Bench
from flows.placement import begin
from flows.showing import explaining, show
from tasks.engine.timings import get_timings
from tasks.evaluation.selection import chosen, rank, spread
from tasks.plan import Machine
from tasks.stages import compare_answers, write_sweep
from tasks.sweeps import Found, Standing, SweepPlan, Trend, Trial, numbers, settings


@flow(name="sweep", flow_run_name="{plan.name} · {plan.study.book} · {plan.study.base.model}")
@explaining
def sweep(plan: SweepPlan, machine: Machine = Machine(), redo: list[str] = [], gpu: str | None = None) -> str:  # noqa: B006, B008
    """Try settings of the tuning, choose one, and judge it on questions that had no say in the choice.

    Args:
        plan: what to try
        machine: how fast to do it; never changes the result
        redo: stages to do again although their results are kept
        gpu: deployment that tunes and scores each setting, e.g. arm/gpu: as many at once as it has workers; none: here, one by one
    """
    begin(redo, tags=[plan.name, plan.study.book])
    bench = Bench(plan, machine, redo, gpu)
    standings = rank(bench.run_selection_trials(settings(plan)))
    finals = bench.run_final_trials(chosen(standings))
    found = found_of(standings, finals, bench)
    folder = write_sweep(plan, found, get_timings())
    show((folder.path / "report.md").read_text("utf-8"), "sweep", f"sweep {folder.name}")
    return str(folder.path)


def found_of(standings: Sequence[Standing], finals: Sequence[Trial], bench: Bench) -> Found:
    """All that a sweep found; the decision on the chosen setting is recorded."""
    return Found(
        standings=tuple(standings),
        finals=tuple(finals),
        spread=spread(finals),
        same_questions=bench.has_same_questions(),
        trend=trend(standings, bench),
        history=bench.decided_before(finals[0].arm),
    )


def trend(standings: Sequence[Standing], bench: Bench) -> Trend | None:
    """The last step of a curve over one number: does more of it still help? All settings must have sat the same questions."""
    steps = list(pairwise((value, one) for value, one in numbers(standings).items() if one.rate is not None))
    if not steps or not bench.has_same_questions():
        return None
    (smaller, before), (larger, after) = steps[-1]
    (key,) = after.setting.changes
    paper, answers = bench.get_selection_questions(after.setting), [bench.get_tuned_answers(one.setting) for one in (before, after)]
    comparisons = compare_answers(paper, answers[0], answers[1], bench.plan.study.comparison)
    return Trend(key=key, smaller=smaller, larger=larger, comparison=comparisons.load_rows()[0])
