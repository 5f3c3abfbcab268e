"""prefect.yaml says what the plans say."""

from pathlib import Path

import pytest
import yaml

from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import load_plan
from tasks.schemas.sweep_plan import SweepPlan, load_sweep

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = {
    f"{d['entrypoint'].partition(':')[2]}/{d['name']}": d
    for d in yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
}
SWEEPS = {path for path in (ROOT / "plans").glob("*.yaml") if path.stem.startswith("sweep-")}


@pytest.mark.parametrize(
    "name", [n for n, d in DEPLOYMENTS.items() if "plan" in d.get("parameters", {})]
)
def test_a_deployment_carries_the_plan_of_its_name(name):
    plan, flow = DEPLOYMENTS[name]["parameters"]["plan"], name.partition("/")[0]
    if flow == "sweep":
        assert SweepPlan.model_validate(plan) == load_sweep(plan["name"])
    else:
        assert StudyPlan.model_validate(plan) == load_plan(plan["name"])


def test_what_a_team_runs_is_there():
    assert {
        "study/laptop",
        "study/exercise",
        "study/recommended",
        "tune/gpu",
        "trial/gpu",
        "sweep/laptop",
        "sweep/gpu",
    } == set(DEPLOYMENTS)
    pools = {name: deployment["work_pool"]["name"] for name, deployment in DEPLOYMENTS.items()}
    assert [name for name, pool in pools.items() if pool == "gpu"] == [
        "tune/gpu",
        "trial/gpu",
    ]


def test_what_costs_money_is_paused():
    for deployment in DEPLOYMENTS.values():
        if "costs-money" in deployment["tags"]:
            assert all(schedule["active"] is False for schedule in deployment.get("schedules", []))


def test_every_schedule_names_its_time_zone():
    for deployment in DEPLOYMENTS.values():
        assert all(schedule["timezone"] for schedule in deployment.get("schedules", []))


def test_the_laptop_plan_is_the_defaults():
    assert load_plan("laptop") == StudyPlan()


@pytest.mark.parametrize("path", sorted((ROOT / "plans").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_plan_loads_and_tells_how_to_run_it(path):
    assert (load_sweep if path in SWEEPS else load_plan)(path).name == path.stem
    assert (
        f"# book2lora {'sweep' if path in SWEEPS else 'study'}"
        in path.read_text("utf-8").splitlines()[0]
    )
