"""The documentation names files that are there, and tells every choice of a plan."""

import re
from pathlib import Path

import pytest

from tasks.schemas.plan import StudyPlan

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *(ROOT / "docs").glob("*.md"),
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "deployments" / "README.md",
    ]
)  # a changelog tells of files that are gone
MADE_BY_PEOPLE = {"deployments/.env", "deployments/secrets"}
NAMED = re.compile(r"`((?:tasks|flows|deployments|tests|plans|books|docs)/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_file_that_a_page_names_is_there(page):
    named = NAMED.findall(page.read_text("utf-8"))
    assert not [path for path in named if path not in MADE_BY_PEOPLE and not (ROOT / path).exists()]


def test_every_choice_stands_in_the_plan_reference(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import hooks

    tables = hooks.build_choice_tables()
    assert all(
        f"`generation.{name}`" in tables
        for name in StudyPlan().generation.model_fields
        if name != "prices"
    )
    assert "`micro_batch`" in tables and "`generation.prices.output`" in tables


def test_the_rows_of_every_table_stand_in_the_file_reference(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import hooks

    told = hooks.build_row_tables()
    assert (
        "### rejections" in told and "`reason`" in told and told.count("| field | meaning |") >= 15
    )


def list_promises() -> list[str]:
    """The points of SECURITY.md, without what is not promised."""
    text = (ROOT / "SECURITY.md").read_text("utf-8").partition("## What is not promised")[0]
    return re.findall(r"^- .*(?:\n  .*)*", text, re.M)


def test_every_promise_of_the_security_page_names_tests_that_are_there():
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    promises = list_promises()
    named = {promise: re.findall(r"`(test_\w+)`", promise) for promise in promises}
    assert len(promises) > 20
    assert [promise for promise, tests in named.items() if not tests] == []
    assert {test for tests in named.values() for test in tests} - defined == set()
