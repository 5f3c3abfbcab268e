"""One setting of a sweep: tuned and examined, here or at a deployment; and the bench where all of
them are tried.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import NamedTuple

from rich.markup import escape

from flows.prepare import prepare_items
from flows.tune import select_book_text
from tasks.engine.prefect_flow import flow, start_run
from tasks.engine.readiness.plan_requirements import ensure_ready
from tasks.language.catalogue import tell_messages, tell_reader, tell_share
from tasks.schemas.errors import TuningError
from tasks.schemas.item_rows import SetName
from tasks.schemas.machine import Machine
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import Comparison, History
from tasks.schemas.sweep_plan import Setting, SweepPlan, Trial, build_setting_plan, list_settings
from tasks.stages import (
    compare_answers,
    compare_setting,
    evaluate_model,
    finetune_adapter,
    halve_questions,
    prepare_base,
)
from tasks.store.artifact_groups import (
    BookText,
    QuestionSets,
    SelectionSplit,
    StudyDataset,
    TrialOutcome,
)
from tasks.store.artifacts import Answers, Book, Pairs
from tasks.store.decision_log import look_of, record
from tasks.store.progress import print_status


@flow(name="arm", run_name="{name}")
def run_trial(
    name: str,
    text: BookText,
    pairs: Pairs,
    held_out: Pairs,
    *,
    paper: QuestionSets,
    plan: StudyPlan,
    machine: Machine = Machine(),
    redo: list[str] = [],
) -> TrialOutcome:
    """Tune with one setting, and let both models sit one paper in the mode that counts. A tuning
    that fails is a result, too.
    """
    start_run(redo, keep_timings=True)
    exam = plan.select_answering_plan(plan.comparison.primary_mode)
    checkpoint = prepare_base(text, plan.base, machine)
    try:
        tuning = finetune_adapter(
            checkpoint,
            pairs,
            held_out,
            plan.finetuning,
            language=plan.wording,
            machine=machine,
            text=select_book_text(text, plan),
        )
    except TuningError as error:
        return TrialOutcome(checkpoint=checkpoint.digest, failed=error.args)
    base = evaluate_model(
        checkpoint,
        None,
        paper,
        exam,
        language=plan.wording,
        machine=machine,
        quantize=plan.finetuning.quantize,
    )
    tuned = evaluate_model(
        checkpoint,
        tuning.adapter,
        paper,
        exam,
        language=plan.wording,
        machine=machine,
        quantize=plan.finetuning.quantize,
    )
    return TrialOutcome(checkpoint=checkpoint.digest, tuning=tuning, base=base, tuned=tuned)


class TrialSpec(NamedTuple):
    """One setting with one seed, on one paper."""

    setting: Setting
    seed: int
    questions: QuestionSets


class TrialRunner:
    """The data of every setting, and the settings tried on them."""

    def __init__(self, plan: SweepPlan, machine: Machine, redo: list[str], gpu: str | None) -> None:
        self.plan, self.machine, self.redo, self.gpu = plan, machine, redo, gpu
        self.worker_slots = count_worker_slots(gpu) if gpu else 1
        self._prepared: dict[str, StudyDataset] = {}  # by the part of the plan that data depend on
        self._selection_splits: dict[str, SelectionSplit] = {}
        self._outcomes: dict[tuple[str, str, int], TrialOutcome] = {}  # by setting, paper and seed
        for one in {
            _dump_machine_needs(study): study
            for study in (
                build_setting_plan(plan, known, plan.seeds[0]) for known in list_settings(plan)
            )
        }.values():
            ensure_ready(one, gpu is None, machine)

    def run_selection_trials(self, arms: Sequence[Setting]) -> list[Trial]:
        """The settings with every seed, on the questions that choose. All data are prepared before
        anything is tuned.
        """
        for one in arms:
            self._prepare_data(one)
        keys = list(self._prepared)
        halves = halve_questions(
            [self._prepared[key].splits.sitting for key in keys],
            self._primary_set,
            self.plan.choose_share,
            self.plan.seed,
        )
        self._selection_splits = (
            dict(zip(keys, halves, strict=True)) | self._selection_splits
        )  # what was sat stays
        return self._run_trials(
            [
                TrialSpec(one, seed, self.get_selection_questions(one))
                for one in arms
                for seed in self.plan.seeds
            ],
            self.redo,
        )

    def run_final_trials(self, one: Setting) -> list[Trial]:
        """The chosen setting on the questions that had no say, with every seed; nobody has answered
        them before.
        """
        print_status("  → " + escape(tell_reader("setting-chosen", name=one.name)))
        final = self._selection_splits[self._build_data_key(one)].final
        return self._run_trials(
            [
                TrialSpec(one, seed, final)
                for seed in dict.fromkeys([*self.plan.seeds, *self.plan.final_seeds])
            ],
            [],
        )

    def compare_finals(self, finals: Sequence[Trial]) -> Comparison:
        """The chosen setting's verdict, from all its seeds that could be tuned."""
        paper = self._selection_splits[self._build_data_key(finals[0].arm)].final
        found = [self._outcomes[one.arm.name, paper.digest, one.seed] for one in finals]
        tuned = [one.tuned for one in found if one.tuned]
        base = found[0].base
        assert base is not None  # the first seed could be tuned on the questions that chose
        plan = self.plan.study.comparison
        return compare_answers(paper, base, tuned[0], plan, further=tuned[1:]).load_rows()[0]

    def get_selection_questions(self, one: Setting) -> QuestionSets:
        """The questions that choose, for a setting."""
        return self._selection_splits[self._build_data_key(one)].choose

    def get_tuned_answers(self, one: Setting) -> Answers:
        """What a setting's tuned model said to the questions that choose, first seed."""
        paper = self.get_selection_questions(one).digest
        answers = self._outcomes[one.name, paper, self.plan.seeds[0]].tuned
        assert answers is not None  # only asked of settings that could be tuned
        return answers

    def decided_before(self, one: Setting) -> History:
        """Record the decision on the chosen setting, and tell what had been decided on the
        questions of both halves before.
        """
        halves, plan = (
            self._selection_splits[self._build_data_key(one)],
            self.plan.study.copy_with_name(self.plan.name),
        )
        attempt = self._outcomes[one.name, halves.final.digest, self.plan.seeds[0]]
        assert attempt.tuned is not None  # it was decided on
        look = look_of(
            plan,
            attempt.checkpoint,
            [*halves.choose.list_questions(), *halves.final.list_questions()],
            attempt.tuned.digest,
        )
        return record(look, halves.final.asked(self._primary_set), plan.lineage)

    def has_same_questions(self) -> bool:
        """Whether all settings sat the very same questions."""
        return len({half.choose for half in self._selection_splits.values()}) == 1

    @property
    def _primary_set(self) -> SetName:
        return self.plan.study.comparison.primary_set

    def _build_data_key(self, one: Setting) -> str:
        return _dump_data_sections(build_setting_plan(self.plan, one, self.plan.seeds[0]))

    def _prepare_data(self, one: Setting) -> None:
        study = build_setting_plan(self.plan, one, self.plan.seeds[0])
        if (key := _dump_data_sections(study)) not in self._prepared:
            self._prepared[key] = prepare_items(Book.from_path(study.book), study, self.machine)

    def _run_trials(self, tries: Sequence[TrialSpec], redo: list[str]) -> list[Trial]:
        """As many at once as there are workers; in the order asked for."""
        if self.worker_slots == 1:
            return [self._run_one_trial(one, redo) for one in tries]
        with ThreadPoolExecutor(max_workers=self.worker_slots) as pool:
            futures = [
                pool.submit(copy_context().run, self._run_one_trial, one, redo) for one in tries
            ]
            try:
                return [future.result() for future in futures]
            finally:
                for future in futures:  # after a failure: nothing more is begun
                    future.cancel()

    def _run_one_trial(self, one: TrialSpec, redo: list[str]) -> Trial:
        study, splits = (
            build_setting_plan(self.plan, one.setting, one.seed),
            self._prepared[self._build_data_key(one.setting)].splits,
        )
        text = self._prepared[self._build_data_key(one.setting)].text
        name = f"{one.setting.name} · seed {one.seed}"
        attempt = run_trial.at(self.gpu)(
            name,
            text,
            splits.pairs,
            splits.held_out,
            paper=one.questions,
            plan=study,
            machine=self.machine,
            redo=redo,
        )
        key = (one.setting.name, one.questions.digest, one.seed)
        self._outcomes.setdefault(key, attempt)
        trial = compare_setting(one.setting, one.seed, one.questions, attempt, study.comparison)
        found = trial.comparison
        told = tell_share(found.tuned.rate) if found else tell_messages(trial.failed)
        print_status(f"  [bold]{escape(name)}[/]: {escape(told)}")
        return trial


def _dump_data_sections(study: StudyPlan) -> str:
    """What the data depend on: the plan without tuning, base model and exam."""
    return study.model_dump_json(
        include={"language", "book", "reading", "generation", "validation"}
    )


def _dump_machine_needs(study: StudyPlan) -> str:
    """What a study must find on a machine depends on."""
    tuning = {"batch_size", "quantize", "report_to"}
    return _dump_data_sections(study) + study.model_dump_json(
        include={"base": True, "finetuning": tuning}
    )


def count_worker_slots(deployment: str) -> int:
    """How many runs a deployment can take at once: the workers of its pool that are there now,
    within its limit; one at least.
    """
    from prefect import get_client
    from prefect.client.schemas.objects import WorkerStatus

    from tasks.engine.orchestration.prefect_api import get_deployment

    found = get_deployment(deployment)
    limit = found.global_concurrency_limit.limit if found.global_concurrency_limit else math.inf
    with get_client(sync_client=True) as client:
        workers = (
            client.read_workers_for_work_pool(found.work_pool_name) if found.work_pool_name else []
        )
    return max(1, int(min(limit, sum(worker.status == WorkerStatus.ONLINE for worker in workers))))
