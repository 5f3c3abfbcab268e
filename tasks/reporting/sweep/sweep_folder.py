"""Write the whole sweep folder: the page for people, the table and the plan with the chosen setting
for programs.
"""

from pathlib import Path
from typing import Any

import yaml

from tasks.reporting.exports import describe_seeds, save_json
from tasks.reporting.exports import standing as standing_of
from tasks.reporting.labels import load_labels
from tasks.reporting.sweep.sweep_page import build_sweep_markdown, render_sweep_page
from tasks.schemas.result_rows import Comparison, Timings
from tasks.schemas.sweep_plan import RankedSetting, SweepPlan, SweepResult, Trial, build_best_plan


def write_sweep_folder(
    folder: Path, plan: SweepPlan, found: SweepResult, timings: Timings, language: str = ""
) -> None:
    """Fill an empty folder."""
    best = build_best_plan(plan, found.chosen_setting, found.history)
    record = build_sweep_record(plan, found, timings, language or plan.study.language)
    save_json(folder / "sweep.json", record)
    tree = {"name": best.name} | best.model_dump(mode="json", exclude_defaults=True)
    (folder / "best-plan.yaml").write_text(
        yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), "utf-8"
    )
    (folder / "index.html").write_text(render_sweep_page(plan, found, timings, language), "utf-8")
    (folder / "report.md").write_text(build_sweep_markdown(plan, found, language), "utf-8")


def build_sweep_record(
    plan: SweepPlan, found: SweepResult, timings: Timings, language: str
) -> dict[str, Any]:
    """What was tried, what was chosen on which questions, and the verdict on the others."""
    return {
        "name": plan.name,
        "language": language,
        "verdict": build_result_record(found.verdict)
        | standing_of(found.verdict, found.history, load_labels(language)),
        "history": found.history.model_dump(mode="json"),
        "chosen": found.chosen_setting.model_dump(mode="json"),
        "seeds": [build_trial_record(one) for one in found.finals],
        "spread": describe_seeds(found.verdict),
        "settings": [build_setting_record(one) for one in found.standings],
        "same_questions": found.same_questions,
        "trend": found.trend and found.trend.model_dump(mode="json"),
        "plan": plan.model_dump(mode="json"),
        "timings": [timing.model_dump(mode="json") for timing in timings.stages],
    }


def build_setting_record(one: RankedSetting) -> dict[str, Any]:
    """One setting on the questions that choose; its p-values are exploratory."""
    return {
        "rank": one.rank,
        "name": one.setting.name,
        "changes": one.setting.changes,
        "rate": one.rate,
        "deviation": one.deviation,
        "p_exploratory": one.p_value,
        "p_holm_exploratory": one.p_holm,
        "seeds": [build_trial_record(each) for each in one.trials],
    }


def build_trial_record(one: Trial) -> dict[str, Any]:
    """One seed of a setting."""
    told = one.model_dump(
        mode="json", include={"seed", "margin", "updates", "pairs", "held_out", "failed"}
    )
    return told | {"result": build_result_record(one.comparison) if one.comparison else None}


def build_result_record(comparison: Comparison) -> dict[str, Any]:
    """The figures of one comparison."""
    told = {
        "set",
        "mode",
        "n",
        "base",
        "tuned",
        "gained",
        "lost",
        "claim",
        "cautions",
        "p_value",
        "difference",
        "detectable",
        "verdict",
        "told",
        "limits",
    }
    return comparison.model_dump(mode="json", include=told)
