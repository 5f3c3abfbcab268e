"""`book2lora store` removes nothing without --yes, and says what it does."""

from datetime import timedelta

import pytest
from support.command_call import call_command
from support.study_folders import write_study

from flows.cli.studies.store_care import parse_age
from tasks.schemas.errors import PlanError
from tasks.store.paths import hold_store


def tell(*arguments: str):
    return call_command("store", *arguments, BOOK2LORA_LANG="en")


@pytest.fixture
def store(runs):
    write_study("laptop", {1: True})
    (runs / "funnel").mkdir()
    (runs / "funnel" / "unneeded.jsonl").write_bytes(b"x" * 1_000_000)
    (runs / "ledger" / "gone").mkdir(parents=True)
    (runs / "ledger" / "gone" / "answer.json").write_text("paid")
    return runs


def test_the_dry_run_names_each_file_its_size_and_why_and_removes_nothing(store):
    done = tell("--remove")
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if "unneeded.jsonl" in line]
    assert line.split()[:2] == ["1.0", "MB"] and "no study needs it" in line
    assert "nothing was removed; to remove it:" in done.stdout
    assert done.stdout.rstrip().endswith("store --remove --yes")
    assert (store / "funnel" / "unneeded.jsonl").exists() and "ledger" not in done.stdout


def test_with_yes_it_is_removed_and_paid_answers_stay_without_their_own_word(store):
    done = tell("--remove", "--yes")
    assert "removed: " in done.stdout and "1.0 MB" in done.stdout
    assert not (store / "funnel" / "unneeded.jsonl").exists()
    assert (store / "ledger" / "gone" / "answer.json").exists()
    assert (store / "studies" / "laptop" / "verdict.json").exists()
    assert "paid answers" in tell("--remove", "--paid").stdout
    assert tell("--remove", "--yes", "--paid").returncode == 0
    assert not (store / "ledger" / "gone").exists()


def test_without_options_sizes_are_told_by_kind_and_study(store):
    lines = tell().stdout.splitlines()
    assert lines[0].startswith(f"store: {store} (1.0 MB)")
    assert next(line for line in lines if line.startswith("  funnel")).split() == (
        ["funnel", "1.0", "MB", "1.0", "MB", "can", "be", "removed"]
    )
    assert any(line.startswith("  laptop ") and "alone in needing 0.0 kB" in line for line in lines)
    assert tell("--path").stdout == f"{store}\n"


def test_an_empty_store_has_nothing(runs):
    done = tell()
    assert done.returncode == 0 and "0 files and folders" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--yes"], "--yes says yes to --remove"),
        (["--older", "soon"], "--older 'soon': give a number"),
        (["nobody"], "no study 'nobody'"),
    ],
)
def test_what_makes_no_sense_is_refused_and_removes_nothing(store, arguments, told):
    done = tell(*arguments)
    assert done.returncode in (1, 2) and told in done.stderr
    assert (store / "funnel" / "unneeded.jsonl").exists()


def test_age_keeps_what_is_new(store):
    assert "unneeded.jsonl" not in tell("--remove", "--older", "1h").stdout
    assert tell("--remove", "--yes", "--older", "1d").returncode == 0
    assert (store / "funnel" / "unneeded.jsonl").exists()
    assert [parse_age(text) for text in ("12h", "30d", "8w")] == [
        timedelta(hours=12),
        timedelta(days=30),
        timedelta(weeks=8),
    ]
    with pytest.raises(PlanError):
        parse_age("-3d")


def test_nothing_goes_while_a_run_uses_the_store(store):
    with hold_store():
        done = tell("--remove", "--yes")
    assert done.returncode == 1 and "a run uses" in done.stderr
    assert (store / "funnel" / "unneeded.jsonl").exists()
