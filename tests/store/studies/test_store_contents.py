"""What no study needs is found and removed, and nothing else; never under a run, and paid answers only when told."""

import json
import os
import time

import pytest

from tasks.engine.runs.run_needs import RunNotes, list_digests
from tasks.schemas.errors import PlanError, StoreError
from tasks.schemas.item_rows import FilterStep, Rejection
from tasks.schemas.messages import build_message
from tasks.schemas.plan_file import parse_plan
from tasks.store.artifact_folders import Adapter
from tasks.store.artifact_groups import CheckedItems
from tasks.store.artifacts import FilterSteps, Rejections
from tasks.store.lock_files import is_locked, lock_file, share_lock
from tasks.store.paths import get_store_lock, hold_lock, hold_store
from tasks.store.studies.store_contents import (
    StoreContents,
    list_artifact_places,
    measure_path,
    remove_entries,
)
from tasks.store.studies.study_records import RunRecord, claim_folder, save_record


def save_table(text: str) -> FilterSteps:
    return FilterSteps.save_rows([FilterStep(name=text, kind="pair", came=1, kept=1)])


def save_result(runs, key: str, *handles) -> str:
    """The record of a stage that returned these."""
    place = runs / "results" / key
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"result": {"parts": [one.model_dump() for one in handles]}}))
    return key


def write_study(runs, name: str, needs, **update):
    plan = parse_plan({"name": name}).model_dump(mode="json")
    record, handle = claim_folder(
        "studies", RunRecord(name=name, asked=name, plan=plan, ledger=name)
    )
    os.close(handle)
    (runs / "studies" / name / "verdict.json").write_text("{}")
    save_record("studies", record.model_copy(update={"state": "done", "needs": needs} | update))
    return runs / "studies" / name


@pytest.fixture
def store(runs):
    """Two studies that share a table, each with one of its own, and a result that nobody needs."""
    shared, one, two, lost = map(save_table, ("shared", "one", "two", "lost"))
    adapter = Adapter.build_folder(lambda folder: (folder / "weights").write_bytes(b"w" * 100))
    both = save_result(runs, "read/v1-both", shared)
    first = save_result(runs, "tune/v1-first", one, adapter)
    second = save_result(runs, "tune/v1-second", two)
    save_result(runs, "tune/v1-lost", lost, shared)
    write_study(runs, "a", (both, first))
    write_study(runs, "b", (both, second))
    return {"shared": shared, "one": one, "two": two, "lost": lost, "adapter": adapter}


def list_paths(contents: StoreContents, **options) -> set[str]:
    return {
        entry.path.relative_to(contents.root).as_posix()
        for entry in contents.list_removable(**options)
        if entry.kind != "locks"
    }


def test_what_no_study_needs_is_named_and_what_one_needs_is_not(runs, store):
    assert list_paths(StoreContents()) == {
        "results/tune/v1-lost",
        f"funnel/{store['lost'].digest}.jsonl",
    }


def test_a_study_that_is_given_up_frees_what_it_alone_needs(runs, store):
    contents = StoreContents([runs / "studies" / "a"])
    assert list_paths(contents) == {
        "studies/a",
        "results/tune/v1-lost",
        "results/tune/v1-first",
        f"funnel/{store['lost'].digest}.jsonl",
        f"funnel/{store['one'].digest}.jsonl",
        f"adapters/{store['adapter'].digest}",
    }
    remove_entries(contents.list_removable)
    assert not (runs / "studies" / "a").exists() and not store["adapter"].path.exists()
    store["shared"].verify_content(), store["two"].verify_content()
    assert list_paths(StoreContents()) == set(), "nothing is left over"


def test_sizes_by_kind_and_study_add_up(runs, store):
    contents = StoreContents()
    whole = sum(p.stat().st_size for p in runs.rglob("*") if p.is_file())
    assert sum(contents.measure_kinds().values()) == whole
    sizes = {one.run.folder.name: one for one in contents.measure_studies()}
    alone = (runs / "results" / "tune" / "v1-first").stat().st_size
    alone += store["one"].path.stat().st_size + 100
    assert (
        sizes["a"].alone == alone and sizes["a"].folder == measure_path(runs / "studies" / "a")[0]
    )


def test_a_study_whose_needs_are_not_known_keeps_every_result(runs, store):
    write_study(runs, "old", None)
    (runs / "results" / ".part-x").write_text("half")
    contents = StoreContents()
    assert [run.folder.name for run in contents.unknown] == ["old"]
    assert list_paths(contents) == {"results/.part-x"}
    assert {one.alone for one in contents.measure_studies()} == {None}
    given_up = StoreContents([runs / "studies" / "old"])
    assert f"funnel/{store['lost'].digest}.jsonl" in list_paths(given_up)


def test_a_result_that_another_machine_made_stays_with_its_artifacts(runs, store):
    """The study knows the artifacts that were handed over, not the key under which they were made."""
    write_study(runs, "far", (store["lost"].digest, store["shared"].digest))
    assert list_paths(StoreContents()) == set()


def test_half_done_trainings_stay_while_a_stopped_study_could_go_on(runs, store):
    for key in ("tune/v1-mine", "tune/v1-mine-adapter", "tune/v1-nobody", "tune/v1-first"):
        place = runs / "scratch" / key / "checkpoint-1"
        place.mkdir(parents=True)
        (place / "weights").write_bytes(b"w")
    write_study(runs, "stopped", ("tune/v1-mine",), state="running")
    found = {path for path in list_paths(StoreContents()) if path.startswith("scratch")}
    assert found == {"scratch/tune/v1-nobody", "scratch/tune/v1-first"}, "the latter is done"


def test_paid_answers_go_only_when_told_and_only_where_no_study_keeps_them(runs, store):
    for name in ("a", "gone", "other"):
        (runs / "ledger" / name).mkdir(parents=True)
        (runs / "ledger" / name / "answer.json").write_text("paid")
    write_study(runs, "renamed", (), ledger="other")
    assert not {path for path in list_paths(StoreContents()) if "ledger" in path}
    found = {path for path in list_paths(StoreContents(), paid=True) if "ledger" in path}
    assert found == {"ledger/gone"}


def test_age_keeps_what_was_changed_lately(runs, store):
    result = runs / "results" / "tune" / "v1-lost"
    os.utime(result, (time.time() - 40 * 86_400,) * 2)
    assert list_paths(StoreContents(), older=30 * 86_400.0) == {"results/tune/v1-lost"}


def test_leftovers_of_killed_processes_go_and_a_person_s_files_stay(runs, store):
    for place in ("funnel/.part-1", "results/tune/.part-2", "handed/x.json", "studies/.part-3/f"):
        (runs / place).parent.mkdir(parents=True, exist_ok=True)
        (runs / place).write_text("half")
    mine = runs / "studies" / "a" / ".old-notes"
    mine.write_text("mine")
    (runs / "studies" / "thesis").mkdir()
    found = list_paths(StoreContents())
    assert {"funnel/.part-1", "results/tune/.part-2", "handed/x.json", "studies/.part-3"} <= found
    assert not {path for path in found if "notes" in path or "thesis" in path}


def test_nothing_is_removed_while_a_run_uses_the_store(runs, store):
    entries = StoreContents().list_removable()
    with hold_store(), pytest.raises(StoreError, match="a run uses"):
        remove_entries(lambda: entries)
    assert store["lost"].path.exists()
    remove_entries(lambda: entries)
    assert not store["lost"].path.exists()


def test_what_is_removed_is_listed_once_no_run_can_use_the_store(runs, store):
    def list_entries():
        assert is_locked(get_store_lock())
        return StoreContents().list_removable()

    assert store["lost"].path in {entry.path for entry in remove_entries(list_entries)}


def test_locks_that_nobody_holds_go_and_held_ones_stay(runs, store):
    with hold_lock("free"):
        pass
    with hold_lock("held"):
        entries = [entry for entry in StoreContents().list_removable() if entry.kind == "locks"]
        assert {"held", get_store_lock().name} & {entry.path.name for entry in entries} == set()
        remove_entries(lambda: entries)
        assert (runs / "locks" / "held").exists() and not (runs / "locks" / "free").exists()


def test_who_waited_for_a_lock_whose_file_was_removed_takes_that_of_its_successor(runs):
    """Else two would hold "the" lock: one of the removed file, one of the new one."""
    import threading

    place, order = runs / "locks" / "x", []

    def wait():
        with lock_file(place):
            order.append("waiter")

    with lock_file(place):
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.3)
        place.unlink()
        second = share_lock(place)  # a new file of that name, and held
        order.append("first")
    time.sleep(0.3)
    assert order == ["first"], "the removed file's lock is worth nothing"
    os.close(second)
    waiter.join(10)
    assert order == ["first", "waiter"]


def test_latest_points_to_what_is_left(runs, store):
    (runs / "latest").symlink_to("studies/b")
    remove_entries(StoreContents([runs / "studies" / "b"]).list_removable)
    assert (runs / "latest").resolve() == runs / "studies" / "a"
    remove_entries(StoreContents([runs / "studies" / "a"]).list_removable)
    assert not (runs / "latest").is_symlink()


def test_a_folder_elsewhere_is_never_removed(runs, store, tmp_path):
    with pytest.raises(PlanError, match="is not in the store"):
        StoreContents([tmp_path / "mine"])


def test_every_kind_of_artifact_is_known():
    assert {"passages", "pairs", "answers", "causes", "adapters", "checkpoints"} <= (
        list_artifact_places()
    )


def test_digests_of_all_handles_in_a_result_are_noted(runs):
    rejected = Rejections.save_rows(
        [
            Rejection(
                draft_id="d",
                kind="pair",
                check="flaws",
                reason=build_message("no-quote"),
                raw="r",
                items=1,
            )
        ]
    )
    checked = CheckedItems.save_tables([], [], [], [], new_fact=[], rejected=[], funnel=[])
    found = set(list_digests([checked, (rejected,)]))
    assert {rejected.digest, checked.pairs.digest, checked.sitting.train.digest} <= found


def test_a_finished_run_needs_what_it_used_this_time_and_an_unfinished_one_all_so_far(runs):
    place = write_study(runs, "a", ("tune/v1-before",))
    record = RunRecord.model_validate_json((place / "run.json").read_bytes())
    notes = RunNotes("studies", record)
    notes.add_needs("tune/v1-now")
    notes.save_begun("tune")
    assert notes.record.needs == ("tune/v1-before", "tune/v1-now") and notes.record.stage == "tune"
    notes.save_end(state="failed")
    assert notes.record.needs == ("tune/v1-before", "tune/v1-now")
    notes.save_end(state="done")
    assert notes.record.needs == ("tune/v1-now",)
    assert RunRecord.model_validate_json((place / "run.json").read_bytes()) == notes.record


def test_a_result_that_the_disk_does_not_give_frees_nothing(runs, store):
    contents = StoreContents()
    place = contents._results["tune/v1-first"]
    place.unlink()
    with pytest.raises(OSError):
        contents.list_removable()


def test_a_file_that_goes_while_it_is_measured_takes_nothing(tmp_path, monkeypatch):
    (tmp_path / "stays").write_bytes(b"x" * 10)
    listed = [tmp_path / "stays", tmp_path / "gone"]
    monkeypatch.setattr(type(tmp_path), "rglob", lambda self, pattern: iter(listed))
    assert measure_path(tmp_path)[0] == 10
    assert measure_path(tmp_path / "gone") == (0, 0.0)
