"""A store that cannot be written, or was damaged: told with its remedy; afterwards the same command ends with the same verdict."""

import json
import shutil

import pytest
from support.disk_faults import fill_disk, limit_file_size, make_read_only
from support.small_study import build_small_plan

from tasks.schemas.errors import StoreError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # real processes, real faults


def undone(store, *stages):
    for stage in stages:
        shutil.rmtree(store / "results" / stage)


def same_verdict(finished, rerun):
    place = "studies/small/verdict.json"
    return (rerun.store / place).read_bytes() == (finished.store / place).read_bytes()


def test_a_store_that_is_read_only_is_told_and_nothing_is_lost(finished, rerun):
    with (
        make_read_only(rerun.store),
        pytest.raises(StoreError, match=r"cannot be written: (Read-only|Permission)"),
    ):
        rerun()
    assert {how for _, how in rerun()} == {"cached"}
    assert same_verdict(finished, rerun)


def test_a_full_disk_is_told_and_only_that_stage_is_done_again(finished, rerun):
    undone(rerun.store, "compare_answers", "write_report")
    with (
        fill_disk(rerun.store / "comparisons", 4096),
        pytest.raises(StoreError, match="Free some space"),
    ):
        for _ in range(5):  # the disk holds one small file or none
            (rerun.store / "comparisons" / "fills").write_bytes(bytes(4096))
            rerun()
    ran = rerun()
    assert {name for name, how in ran if how == "done"} == {"compare_answers", "write_report"}
    assert same_verdict(finished, rerun)


def test_a_disk_that_fills_while_the_adapter_is_saved_leaves_no_half_adapter(
    finished, rerun, capfd
):
    undone(rerun.store, "finetune_adapter")
    shutil.rmtree(rerun.store / "adapters")
    with (
        capfd.disabled(),
        limit_file_size(20_000),
        pytest.raises(StoreError, match="cannot be written"),
    ):
        rerun()
    assert not list((rerun.store / "adapters").glob("*"))
    ran = rerun()
    assert {name for name, how in ran if how == "done"} == {"finetune_adapter"}
    assert same_verdict(finished, rerun)


@pytest.mark.parametrize("place", ["passages", "questions", "answers", "adapters", "checkpoints"])
def test_a_damaged_artifact_is_made_again_and_nothing_after_it(finished, rerun, place):
    first = next(iter(sorted((rerun.store / place).iterdir())))
    file = first if first.is_file() else next(p for p in sorted(first.rglob("*")) if p.is_file())
    file.write_bytes(file.read_bytes()[:-20] + b"damaged")
    done = [name for name, how in rerun() if how == "done"]
    assert len(set(done)) == 1
    assert same_verdict(finished, rerun)
    assert {how for _, how in rerun()} == {"cached"}


def test_a_killed_writers_leftovers_do_no_harm(finished, rerun):
    """Half-written files, and folders nobody came to fill, are never taken for artifacts."""
    for place in ("answers", "adapters", "studies"):
        (rerun.store / place / ".part-left").mkdir(parents=True)
        (rerun.store / place / ".part-left" / "half").write_bytes(b"half")
    assert {how for _, how in rerun()} == {"cached"}
    assert same_verdict(finished, rerun)


def test_two_studies_at_once_in_one_process_do_nothing_twice(finished, rerun):
    from concurrent.futures import ThreadPoolExecutor

    undone(rerun.store, "compare_answers")
    with ThreadPoolExecutor(2) as pool:
        ran = [step for steps in pool.map(lambda _: rerun(), range(2)) for step in steps]
    records = [
        json.loads(p.read_text("utf-8"))
        for p in (rerun.store / "results" / "compare_answers").iterdir()
    ]
    assert len(records) == 1
    assert {name for name, how in ran if how == "done"} <= {"compare_answers"}
    assert same_verdict(finished, rerun)


def test_a_plan_with_another_name_shares_the_work_and_has_its_own_folder(finished, rerun):
    ran = rerun(build_small_plan(name="another"))
    assert {name for name, how in ran if how == "done"} <= {"diagnose_tuning", "write_report"}
    assert (rerun.store / "studies" / "small").is_dir() and (
        rerun.store / "studies" / "another"
    ).is_dir()
