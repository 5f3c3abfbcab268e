"""The mechanical faults need no base model that knows anything: planted in the smallest whole study, they are named first."""

import shutil

import pytest
from support.planted_faults.whole_faults import FAULTS, REFUSED
from support.planted_faults.whole_studies import run_with_fault
from support.small_study import SMALL_PLAN_TREE

from tasks.language.language_pack import load_pack
from tasks.schemas.errors import PlanError

SMALL = ["a learning rate of nothing", "all labels are masked", "the adapter is not attached"]


@pytest.mark.parametrize(
    "name", [SMALL[0], *(pytest.param(name, marks=pytest.mark.slow) for name in SMALL[1:])]
)
def test_a_mechanical_fault_is_named_first(finished, tmp_path, name):
    store = shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    told = run_with_fault(store, FAULTS[name], SMALL_PLAN_TREE)
    assert [finding.rule for finding in told.findings][:1] == [FAULTS[name].rule], [
        (f.rule, f.evidence) for f in told.findings
    ]


def test_nothing_trainable_is_refused_before_the_tuning_so_no_study_ends_with_it(
    finished, tmp_path
):
    store = shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    with pytest.raises(PlanError, match=r"finetuning\.target_modules: .*no_such_matrix"):
        run_with_fault(store, REFUSED["nothing-trainable"], SMALL_PLAN_TREE)


PLANTED_ELSEWHERE = {
    "unfit-profile",  # a law told as patients, in tests/flows/test_profile_studies.py
    "misaligned-pairs",  # of a person's own files only; in row_faults.py
    "wrong-keys",  # the same
    "harm-elsewhere",  # the tiny model knows nothing of untaught facts to lose; in row_faults.py
    "few-questions",  # in row_faults.py
    "words-solve-questions",  # of the least weight, so never first; in row_faults.py
}


@pytest.mark.parametrize("rule", load_pack("packs/findings.yaml", "en")["findings"])
def test_each_rule_is_planted_in_a_whole_study_or_refused_by_the_flow(rule):
    assert rule in {fault.rule for fault in FAULTS.values()} | REFUSED.keys() | PLANTED_ELSEWHERE, (
        "plant it in whole_faults.py"
    )
