"""Which settings a sweep tries next: all that are known at once, or what Optuna makes of those tried so far."""

from typing import Any, Protocol

from tasks.errors import PlanError
from tasks.sweeps import Arm, Range, SweepPlan, arm_of, settings

REPEATS = 20  # suggestions in a row that were tried already; then the space is as good as used up


class Search(Protocol):
    """Asked for settings and told how they did, until it has no more."""

    def ask(self, most: int) -> list[Arm]:
        """Settings to try next, at most so many at once; none: the search is over."""

    def tell(self, arm: Arm, rate: float | None) -> None:
        """The share of right answers of a setting; none where tuning failed."""


def search_of(plan: SweepPlan) -> Search:
    """The plan's way to search. Raises PlanError where Optuna is wanted and not installed."""
    return Known(settings(plan)) if plan.search == "grid" else Optuna(plan)


class Known:
    """A grid: everything is known beforehand, so that all of it can be prepared first."""

    def __init__(self, arms: list[Arm]) -> None:
        self.left = arms

    def ask(self, most: int) -> list[Arm]:
        asked, self.left = self.left, []
        return asked

    def tell(self, arm: Arm, rate: float | None) -> None:
        """A grid learns nothing."""


class Optuna:
    """TPE over the plan's lists and ranges. Seeded and told the same, it asks the same: a sweep that was cut off finds its way back."""

    def __init__(self, plan: SweepPlan) -> None:
        try:
            import optuna
        except ModuleNotFoundError:
            raise PlanError("search: optuna is not installed; pip install 'book2lora[search]', or set search=grid with lists.") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.plan, self.failed = plan, optuna.trial.TrialState.FAIL
        self.study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=plan.seed))
        self.first, self.open, self.rates = settings(plan), dict[str, Any](), dict[str, float | None]()

    def ask(self, most: int) -> list[Arm]:
        if self.first:
            asked, self.first = self.first, []
            return asked
        wanted = min(most, self.plan.trials - len(self.rates))
        asked = []
        while len(asked) < wanted and (arm := self._new()):
            asked.append(arm)
        return asked

    def tell(self, arm: Arm, rate: float | None) -> None:
        self.rates[arm.name] = rate
        if arm.name in self.open:
            self._tell(self.open.pop(arm.name), rate)

    def _new(self) -> Arm | None:
        """A setting that was not tried yet; of one that was, Optuna is told again what is known."""
        for _ in range(REPEATS):
            trial = self.study.ask()
            arm = arm_of({key: _drawn(trial, key, values) for key, values in self.plan.grid.items()})
            if arm.name not in self.rates and arm.name not in self.open:
                self.open[arm.name] = trial
                return arm
            self._tell(trial, self.rates.get(arm.name))
        return None

    def _tell(self, trial: Any, rate: float | None) -> None:
        if rate is None:
            self.study.tell(trial, state=self.failed)
        else:
            self.study.tell(trial, rate)


def _drawn(trial: Any, key: str, values: list[Any] | Range) -> Any:
    """One value of a key."""
    if isinstance(values, list):
        return values[trial.suggest_categorical(key, list(range(len(values))))]  # by place: values may be lists themselves
    if values.whole:
        return trial.suggest_int(key, int(values.low), int(values.high), log=values.log)
    return float(f"{trial.suggest_float(key, values.low, values.high, log=values.log):.3g}")  # three digits can be read and typed again
