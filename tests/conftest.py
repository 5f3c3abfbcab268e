"""What all tests share: a store of their own, one quiet Prefect for the session, no keys from outside."""

import fcntl
import json
import os
import shutil
import tempfile
from types import SimpleNamespace

import hypothesis
import pytest

# On a busy machine a first example takes longer than hypothesis allows; pytest's own timeout ends what hangs.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

# Before anything imports Prefect: its history and results lie in a folder of this session.
os.environ["RUNS_DIR"] = os.environ.get("BOOK2LORA_TEST_RUNS") or tempfile.mkdtemp(
    prefix="book2lora-tests-"
)
for name in (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "PREFECT_HOME",
    "PREFECT_API_URL",
    "PREFECT_LOCAL_STORAGE_PATH",
):
    os.environ.pop(name, None)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["BOOK2LORA_LANG"] = "fa"  # whatever the machine speaks
os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # each of the test workers has a core, not all of them

from support.small_study import build_small_plan, run_study_in  # noqa: E402

from tasks.engine.orchestration.prefect_settings import configure_prefect  # noqa: E402
from tasks.language import catalogue  # noqa: E402, F401 (so that errors are in words)

configure_prefect()


# Files of a minute and more on 2 cores. They are begun first, so that the workers of `make test` end
# together; those that share the finished study stand apart, since one waits while the other makes it.
LONG_FILES = (
    "deployments/test_server.py",
    "reading/test_hostile.py",
    "generation/openai/test_storm_and_kill.py",
    "finetuning/test_fit.py",
    "flows/test_study.py",
    "flows/test_sweep.py",
    "diagnosis/test_small_studies.py",
)


# Tests that fail since several changes met, each with what is to be mended; none may be added
# here, and one that passes is to be taken out.
KNOWN_FAULTS = {
    "test_a_batch_that_expires_fails_or_errs_is_asked_again_only_for_what_is_missing": (
        "one repair round of a batch leaves 27 of 30 questions where every batch errs once"
    ),
    "test_each_rule_is_planted_in_a_whole_study_or_refused_by_the_flow": (
        "words-solve-questions and unfit-profile are planted in rows, not in a whole study yet"
    ),
    "test_every_stage_but_the_split_of_a_sweep_tells_what_came_of_it": (
        "the effects, the measures, everyday questions and passages tell no outcome yet"
    ),
    "test_the_exercise_says_precisely_what_is_missing_and_does_no_work": (
        "check reads the book now, and keeps what it read"
    ),
    "test_check_spends_nothing_and_knows_the_power": "the power is of the counted questions now",
    "test_an_english_reader_of_a_persian_book_reads_english": (
        "the titles of chapters in the table of places are the book's words"
    ),
    "test_a_book_with_its_profile_comes_to_a_report_whose_words_fit": (
        "the measures of questions and the everyday questions speak of diagnoses and medicine"
    ),
    "test_a_reader_that_finds_every_option_right_keeps_no_question_and_ends": (
        "counts the refused items of another make of requests"
    ),
}


def pytest_collection_modifyitems(items):
    """The long files first, all others in their order; known faults are expected to fail."""
    for item in items:
        if reason := KNOWN_FAULTS.get(item.nodeid.partition("::")[2].partition("[")[0]):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=False))

    def place(item):
        name = item.nodeid.partition("::")[0].removeprefix("tests/")
        return LONG_FILES.index(name) if name in LONG_FILES else len(LONG_FILES)

    items.sort(key=place)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty artifact store."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture(scope="session")
def prefect():
    """One temporary Prefect server for all tests that run flows (9 s once)."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory, prefect):
    """The store of a finished small study, made once for all workers of the session."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    store, ran = folder / "finished" / "runs", folder / "finished" / "stages.json"
    ran.parent.mkdir(exist_ok=True)
    with (folder / "finished" / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ran.exists():
            ran.write_text(json.dumps(run_study_in(store, patch, build_small_plan())))
    return SimpleNamespace(store=store, stages=list(map(tuple, json.loads(ran.read_text()))))


@pytest.fixture
def rerun(finished, tmp_path, monkeypatch):
    """Run a study in a copy of the finished store; gives [(stage, "cached" or "done")]."""
    store = tmp_path / "runs"
    shutil.copytree(finished.store, store, symlinks=True)

    def run(plan=None, **options):
        return run_study_in(store, monkeypatch, plan or build_small_plan(), **options)

    run.store = store
    return run
