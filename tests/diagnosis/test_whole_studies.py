"""Whole studies with the tiny model, from the book to the findings: the planted fault is named first, a healthy study names none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.planted_faults.whole_faults import FAULTS, HEALTHY
from support.planted_faults.whole_studies import run_with_fault, save_base_models

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, prefect: None) -> Iterator[Path]:
    """Book, drafts and base model of the healthy study, which all others find there."""
    store = tmp_path_factory.mktemp("whole") / "runs"
    told = run_with_fault(store, HEALTHY)
    assert (told.verdict, told.findings) == ("improved", [])
    save_base_models(store)
    return store


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_of_a_whole_study_is_named_first(store: Path, fault: str) -> None:
    told = run_with_fault(store, FAULTS[fault])
    assert [finding.rule for finding in told.findings][:1] == [FAULTS[fault].rule], [
        (f.rule, f.evidence) for f in told.findings
    ]


def test_at_least_eighteen_rules_are_planted() -> None:
    assert len({fault.rule for fault in FAULTS.values()}) >= 18
