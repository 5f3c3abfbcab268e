"""The mechanical faults need no base model that knows anything: planted in the smallest whole study, they are named first."""

import shutil

import pytest
from diagnosis.whole_faults import FAULTS
from diagnosis.whole_studies import run
from small_study import TREE

SMALL = ["a learning rate of nothing", "all labels are masked", "the adapter is not attached"]


@pytest.mark.parametrize("name", SMALL)
def test_a_mechanical_fault_is_named_first(finished, tmp_path, name):
    store = shutil.copytree(finished.store, tmp_path / "runs", symlinks=True)
    told = run(store, FAULTS[name], TREE)
    assert [finding.rule for finding in told.findings][:1] == [FAULTS[name].rule], [(f.rule, f.claim) for f in told.findings]
