"""Real studies with the tiny model: the book is read, items are drawn and checked, a Llama is tuned and sits its papers; one thing is wrong."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from tasks.schemas.item_rows import Pair, Question
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.result_rows import Finding
from tasks.store.artifact_groups import QuestionSets, StudyDataset
from tasks.store.artifacts import Pairs

WHOLE_PLAN_TREE: dict[str, Any] = {
    "name": "whole",
    "generation": {"pairs": 260, "questions": 160},
    "validation": {"train_questions": 60},
    "finetuning": {"epochs": 6},
    "evaluation": {"modes": ["cloze"], "screening": False},
}


class StudyItems(NamedTuple):
    """What goes into the tuning and the exam."""

    pairs: list[Pair]
    held_out: list[Pair]
    questions: dict[str, list[Question]]


class PlantedFault(NamedTuple):
    """One thing that is wrong with a study, and the rule that must name it first."""

    rule: str
    changes: dict[str, Any] = {}
    items: Callable[[StudyItems], StudyItems] | None = None
    base: Literal["", "plain", "tuned"] = (
        ""  # a folder as the base model: the tiny one, without or with the healthy study's adapter
    )
    model: Callable[[pytest.MonkeyPatch], None] | None = None


class StudyReport(NamedTuple):
    """What a study said."""

    verdict: str
    findings: list[Finding]


def run_with_fault(
    store: Path, fault: PlantedFault, tree: dict[str, Any] = WHOLE_PLAN_TREE
) -> StudyReport:
    """A whole study by its own flow; the book, the drafts, the base model and its answers are found in the store."""
    from flows import study

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(store))
        seen: dict[str, Any] = {}
        if fault.items:
            prepare, plant = study.prepare_items, fault.items
            patch.setattr(
                study, "prepare_items", lambda *given: plant_items(prepare(*given), plant)
            )
        if fault.model:
            fault.model(patch)
        for name in ("compare_answers", "diagnose_tuning"):
            patch.setattr(study, name, keep_result(seen, name, getattr(study, name)))
        study.run_study(build_fault_plan(fault, store, tree))
        return StudyReport(
            seen["compare_answers"].load_rows()[0].verdict,
            seen["diagnose_tuning"].findings.load_rows(),
        )


def build_fault_plan(fault: PlantedFault, store: Path, tree: dict[str, Any]) -> StudyPlan:
    """The plan with the fault's changes."""
    base = {"base.model": str(store / "bases" / fault.base)} if fault.base else {}
    return parse_plan(deepcopy(tree), {**fault.changes, **base})


def save_base_models(store: Path) -> None:
    """The tiny model as two folders of a person's own: as it is, and with the adapter of the healthy study merged into it."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (tiny,) = (store / "checkpoints").iterdir()
    model = AutoModelForCausalLM.from_pretrained(tiny)
    for name in ("plain", "tuned"):
        model = (
            PeftModel.from_pretrained(model, store / "latest" / "adapter").merge_and_unload()
            if name == "tuned"
            else model
        )
        model.save_pretrained(store / "bases" / name)
        AutoTokenizer.from_pretrained(tiny).save_pretrained(store / "bases" / name)


def plant_items(prepared: StudyDataset, plant: Callable[[StudyItems], StudyItems]) -> StudyDataset:
    """The same book and drafts with other rows behind the gate."""
    splits = prepared.splits
    items = plant(
        StudyItems(
            splits.pairs.load_rows(), splits.held_out.load_rows(), splits.sitting.load_sets()
        )
    )
    changed = {
        "pairs": Pairs.save_rows(items.pairs),
        "held_out": Pairs.save_rows(items.held_out),
        "sitting": QuestionSets.save_sets(items.questions),
    }
    return prepared.model_copy(update={"splits": splits.model_copy(update=changed)})


def keep_result(seen: dict[str, Any], name: str, stage: Callable[..., Any]) -> Callable[..., Any]:
    """The stage, whose result is kept beside."""

    def call_and_keep(*given: Any, **named: Any) -> Any:
        seen[name] = stage(*given, **named)
        return seen[name]

    return call_and_keep
