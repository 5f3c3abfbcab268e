"""A sweep: what it tries (`SweepPlan`), the file that says so, and the rows that say what came of
it, shared by selection, flow and report.
"""

from collections.abc import Sequence
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from tasks.schemas.errors import PlanError, PlanFault
from tasks.schemas.item_rows import StoredRow
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import (
    describe_fault,
    find_plan_file,
    parse_plan,
    read_plan_tree,
    set_plan_key,
)
from tasks.schemas.plan_lineage import after_choosing, decide_on_sealed
from tasks.schemas.plan_sections import NAME_PATTERN, PlanSection
from tasks.schemas.result_rows import FIRST_LOOK, Comparison, History

SHARED_SECTIONS = (
    "name",
    "language",
    "evaluation",
    "comparison",
    "lineage",
)  # settings are told apart by one exam, fixed before anything is scored


class Setting(PlanSection):
    """One setting: its name, and what it changes in the study's plan."""

    name: str
    changes: dict[str, Any] = Field(
        default={}, description="dotted keys and values, e.g. finetuning.epochs: 3"
    )


class SweepPlan(PlanSection):
    """Many ways of tuning, one exam. Half of the questions choose the setting; the others decide,
    and are scored only for the chosen one.
    """

    name: str = Field(
        default="sweep", pattern=NAME_PATTERN, description="names the folder below runs/sweeps/"
    )
    study: StudyPlan = Field(default=StudyPlan(), description="the study whose settings are tried")
    grid: dict[str, list[Any]] = Field(
        default={},
        description=(
            "dotted keys of the study's plan, each with the values to try; every combination is a"
            " setting"
        ),
    )
    arms: tuple[Setting, ...] = Field(
        default=(), description="settings by name, tried before those of the grid"
    )
    seeds: tuple[int, ...] = Field(
        default=(0,),
        min_length=1,
        description="seeds of the tuning, for every setting",
    )
    final_seeds: tuple[int, ...] = Field(
        default=(),
        description="further seeds for the chosen setting; three in all judge the recipe",
    )
    choose_share: float = Field(
        default=0.5, gt=0, lt=1, description="share of the questions that choose; the others decide"
    )
    seed: int = Field(default=0, description="of the split of the questions")

    @model_validator(mode="after")
    def require_valid_sweep(self) -> Self:
        """There is something to try, and all of it sits the same exam."""
        if not self.grid and not self.arms:
            raise PlanFault(build_message("sweep-of-nothing", source=self.name))
        for key in (
            key for keys in (self.grid, *(arm.changes for arm in self.arms)) for key in keys
        ):
            if key.partition(".")[0] in SHARED_SECTIONS:
                raise PlanFault(build_message("key-shared-by-settings", key=key))
            if key == "finetuning.seed":
                raise PlanFault(build_message("seed-in-grid"))
        if empty := tuple(key for key, values in self.grid.items() if not values):
            raise PlanFault(build_message("no-values-to-try", keys=empty))
        names = [arm.name for arm in list_settings(self)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise PlanFault(build_message("settings-of-one-name", names=tuple(sorted(twice))))
        return self


def list_settings(plan: SweepPlan) -> list[Setting]:
    """What is tried: the settings with names, then every combination of the grid."""
    if not plan.grid:
        return list(plan.arms)
    rows = product(*plan.grid.values())
    return [*plan.arms, *(build_setting(dict(zip(plan.grid, row, strict=True))) for row in rows)]


def build_setting(changes: dict[str, Any]) -> Setting:
    """A setting named by its changes: "epochs=3 rank=8"."""
    lasts = [key.rpartition(".")[2] for key in changes]
    names = [
        last if lasts.count(last) == 1 else key for last, key in zip(lasts, changes, strict=True)
    ]
    return Setting(
        name=" ".join(
            f"{name}={format_value(value)}"
            for name, value in zip(names, changes.values(), strict=True)
        ),
        changes=changes,
    )


def format_value(value: Any) -> str:
    """A value as one would type it."""
    if isinstance(value, float):
        return f"{value:g}"
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def build_setting_plan(plan: SweepPlan, arm: Setting, seed: int) -> StudyPlan:
    """The study with one setting and one seed of the tuning. Raises PlanError."""
    tree = plan.study.model_dump(mode="json")
    return parse_plan(
        tree,
        {**arm.changes, "finetuning.seed": seed},
        f"setting {arm.name!r} of sweep {plan.name!r}",
    )


def build_best_plan(plan: SweepPlan, arm: Setting, history: History = FIRST_LOOK) -> StudyPlan:
    """The chosen setting as a study of its own, with everything scored that the study asks for."""
    best = build_setting_plan(plan, arm, plan.seeds[0])
    lineage = after_choosing(best.lineage, plan.name, history, ["setting"])
    named = best.model_copy(update={"name": f"{plan.name}-best", "lineage": lineage})
    return decide_on_sealed(named)


def check_settings(plan: SweepPlan) -> None:
    """Find a setting that cannot be before any work. Raises PlanError."""
    for arm in list_settings(plan):
        build_setting_plan(plan, arm, plan.seeds[0])


class Trial(StoredRow):
    """One setting with one seed, on one part of the questions."""

    arm: Setting
    seed: int
    comparison: Comparison | None = Field(
        description="base against tuned in the mode that counts; none where tuning failed"
    )
    margin: float = Field(
        default=0.0,
        description=(
            "mean score of the key minus the best other option, tuned, in nats; 0 for free writing"
        ),
    )
    updates: int = Field(default=0, description="optimizer updates that were made")
    pairs: int = Field(default=0, description="training pairs")
    held_out: float | None = Field(
        default=None, description="best held-out loss, in nats per target token"
    )
    failed: tuple[Message, ...] = Field(default=(), description="why tuning failed")


class RankedSetting(StoredRow):
    """One setting over its seeds, by rank."""

    rank: int = Field(
        description="from 1; by mean share of right answers, then margin, then fewer updates"
    )
    trials: tuple[Trial, ...] = Field(description="one a seed, in the plan's order")
    rate: float | None = Field(
        description=(
            "mean share of right answers of the questions that choose; none where tuning failed"
        )
    )
    deviation: float = Field(description="between seeds, with n - 1; 0 with one seed")
    p_value: float | None = Field(description=("first seed's, by fact; exploratory"))
    p_holm: float | None = Field(
        description="the same after Holm's correction over all settings; exploratory"
    )

    @property
    def setting(self) -> Setting:
        return self.trials[0].arm

    @property
    def first_trial(self) -> Trial:
        """The trial that decides."""
        return self.trials[0]


def index_settings_by_value(standings: Sequence[RankedSetting]) -> dict[float, RankedSetting]:
    """By value, in rising order, the settings of a sweep over one key that is a number; nothing for
    any other sweep.
    """
    keys = {key for one in standings for key in one.setting.changes}
    values = [value for one in standings for value in one.setting.changes.values()]
    plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if len(keys) != 1 or len(values) != len(standings) or not plain:
        return {}
    return dict(sorted((float(value), one) for value, one in zip(values, standings, strict=True)))


class Trend(StoredRow):
    """The last step of a curve: the largest value of a key against the one before it, on the same
    questions.
    """

    key: str
    smaller: float
    larger: float
    comparison: Comparison = Field(
        description="`base` is the smaller value's tuned model, `tuned` the larger one's"
    )


class SweepResult(StoredRow):
    """What a sweep found."""

    standings: tuple[RankedSetting, ...] = Field(description="every setting, the best first")
    finals: tuple[Trial, ...] = Field(
        description=("the chosen setting on the questions that decide, one a seed")
    )
    verdict: Comparison = Field(
        description="the final one: all seeds that could be tuned, on the questions that decide"
    )
    same_questions: bool = Field(description="whether all settings sat the very same questions")
    trend: Trend | None = None
    history: History = Field(
        default=FIRST_LOOK, description="what had been decided on these questions before"
    )

    @property
    def chosen_setting(self) -> Setting:
        return self.finals[0].arm


def load_sweep(source: str | Path, changes: dict[str, Any] | None = None) -> SweepPlan:
    """Read a sweep from a YAML file, or from its name in plans/, and apply `changes` (dotted keys).

    `study.finetuning.rank` reaches into the study, `grid.finetuning.rank` into the grid. Raises
    PlanError.
    """
    path = find_plan_file(source)
    return parse_sweep(read_plan_tree(path), changes, str(path))


def parse_sweep(
    tree: dict[str, Any], changes: dict[str, Any] | None = None, source: str = "sweep"
) -> SweepPlan:
    """Check a tree of choices with `changes` applied, and every setting of it."""
    if not tree.get("grid") and not tree.get("arms"):
        raise PlanError(build_message("sweep-of-nothing", source=source))
    if not isinstance(tree.get("grid", {}), dict):
        raise PlanError(build_message("grid-without-keys", source=source, value=repr(tree["grid"])))
    tree = {
        **tree,
        "study": deepcopy(_read_study_tree(tree.get("study") or {}, tree)),  # it is changed below
        "grid": dict(tree.get("grid") or {}),
    }
    wanted = {f"study.{key}": value for key, value in (tree.pop("set", None) or {}).items()} | (
        changes or {}
    )
    for key, value in wanted.items():
        if key.startswith("grid."):
            tree["grid"][key.removeprefix("grid.")] = value
        else:
            set_plan_key(tree, key, value)
    tree["study"] = parse_plan(tree["study"], source=f"{source}: study")
    try:
        plan = SweepPlan.model_validate(tree)
    except ValidationError as error:
        raise PlanError(
            build_message(
                "plan-wrong", source=source, faults=tuple(map(_describe_fault, error.errors()))
            )
        ) from None
    check_settings(plan)
    return plan


def _read_study_tree(study: Any, tree: dict[str, Any]) -> dict[str, Any]:
    """The study's own tree, read from its plan where it is a name."""
    if isinstance(study, str):
        return read_plan_tree(find_plan_file(study))
    if not isinstance(study, dict):
        raise PlanError(build_message("study-is-no-plan", value=repr(study)))
    return {"name": tree.get("name", "sweep"), **study}


def _describe_fault(error: Any) -> Message:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return build_message("no-such-key", key=where, known=(*SweepPlan.model_fields, "set"))
    return describe_fault(error)
