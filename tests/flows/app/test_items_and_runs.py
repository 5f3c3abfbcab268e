"""Items are judged, a study is run, watched and stopped; what a run leaves is read, compared and removed."""

import json
import os
import subprocess
import sys
import time

import pytest
from support.app_site import make_client
from support.study_folders import write_study

from flows.app import study_processes
from flows.app.conversations import PairedReply
from flows.app.item_decisions import get_review_file, save_decision
from flows.app.plan_drafts import change_draft, create_draft, find_draft
from flows.app.study_processes import find_process, read_progress, start_study, stop_study
from flows.cli.review.make_sheets import StudyItems
from tasks.generation.budget import Budget
from tasks.reporting.review.sheet_items import SheetItem
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Passage
from tasks.store.paths import hold_store
from tasks.validation.review.decision_files import read_decisions

SCRIPT = "<script>alert(1)</script>"
SMALL = {"book": "books/handbook-en.pdf", "language": "en"}


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    return tmp_path / "runs"


def make_item(number, kind="pair"):
    texts = {"symptom": f"Signs {number} {SCRIPT}", "diagnosis": "Gout", "quote": "a quote"}
    return SheetItem(
        f"item{number}", kind, "train", "", texts, "A chapter", number, "b ", "a quote"
    )


@pytest.fixture
def judged(monkeypatch):
    """A browser, and a plan with thirty kept items and two refused ones."""
    found = StudyItems([make_item(n) for n in range(30)], [make_item(n) for n in (40, 41)])
    monkeypatch.setattr("flows.app.routes.item_pages.list_planned_items", lambda plan: found)
    client = make_client()
    create_draft("mine", SMALL)
    return client


def test_three_kept_and_two_refused_come_first_and_all_by_pages(judged):
    first = judged.get("/plans/mine/items").text
    assert first.count("<article") == 5 and first.count('class="chip lost"') == 2
    second = judged.get("/plans/mine/items?which=kept&page=2").text
    assert second.count("<article") == 10 and 'rel="prev"' in second and 'rel="next"' not in second
    assert SCRIPT not in first + second and "&lt;script&gt;" in first
    assert "<mark>a quote</mark>" in first
    for page in ("0", "-5", "999", "x"):
        assert judged.get(f"/plans/mine/items?which=kept&page={page}").status_code == 200


def test_decisions_are_the_review_file_of_the_plan(judged):
    mend = {"item": "item3", "decision": "mend", "symptom": "Other signs", "diagnosis": "Gout"}
    for form in ({"item": "item1", "decision": "reject", "note": "wrong"}, mend):
        assert judged.post("/plans/mine/items", data=form).status_code == 200
    assert find_draft("mine").plan.validation.review == str(get_review_file("mine"))
    first, second = read_decisions(get_review_file("mine"))
    assert (first.item, first.decision, first.note) == ("item1", "reject", "wrong")
    assert second.decision == "mend" and second.texts["symptom"] == "Other signs"
    page = judged.get("/plans/mine/items?which=kept").text
    assert 'data-decision="reject"' in page and "Other signs" in page


def test_a_decision_taken_back_leaves_no_review(judged):
    for decision in ("keep", ""):
        answer = judged.post(
            "/plans/mine/items",
            data={"item": "item1", "decision": decision},
            headers={"hx-request": "true"},
        )
        assert answer.text.count("<article") == 1
    assert find_draft("mine").plan.validation.review is None


@pytest.mark.parametrize(
    "form",
    [
        {"item": "nobody", "decision": "keep"},
        {"item": "item1", "decision": "keep", "note": "x" * 4001},
    ],
)
def test_a_decision_on_no_item_or_without_end_is_refused(judged, form):
    assert judged.post("/plans/mine/items", data=form).status_code in (400, 404)
    assert not get_review_file("mine").exists()


def test_items_that_a_model_has_yet_to_write_are_told(monkeypatch):
    monkeypatch.setattr("flows.app.routes.item_pages.list_planned_items", lambda plan: None)
    client = make_client()
    create_draft("mine", SMALL)
    assert "A model writes these items" in client.get("/plans/mine/items").text


@pytest.fixture
def sleeping(monkeypatch):
    """Studies are a command that says something and sleeps; those left over are ended."""
    started = []
    script = "import sys, time; print('begun', *sys.argv[1:], flush=True); time.sleep(60)"
    real = study_processes._start_detached

    def start(command, environment, name):
        started.append(real([sys.executable, "-c", script, *command[3:]], environment, name))
        return started[-1]

    monkeypatch.setattr(study_processes, "_start_detached", start)
    yield started
    for name in ("mine",):
        if process := find_process(name):
            process.kill()


def wait_until(is_so, seconds=240):
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_run_is_the_command_on_the_plan_file_and_outlives_the_page(sleeping, tmp_path):
    client, draft = make_client(), create_draft("mine", SMALL)
    answer = client.post("/plans/mine/run", follow_redirects=False)
    assert answer.status_code == 303
    wait_until(lambda: any("begun" in line for line in read_progress("mine").lines))
    said = read_progress("mine").lines[-1]
    assert f"study {draft.path} --lang en" in said
    assert sleeping[0] not in {child.pid for child in _list_children()}
    page = make_client().get("/plans/mine/run").text  # another server, as after a restart
    assert "running" in page and "begun" in page and 'hx-trigger="load delay:2s, again"' in page
    again = client.post("/plans/mine/run")
    assert again.status_code == 400 and "is running already" in again.text
    assert client.post("/plans/mine/drop").status_code == 400
    client.post("/plans/mine/stop")
    wait_until(lambda: find_process("mine") is None)
    assert "It ended before it was done" in client.get("/plans/mine/run").text


def _list_children():
    import psutil

    return psutil.Process().children(recursive=True)


def test_another_process_with_the_same_number_is_not_taken_for_the_study(sleeping):
    draft = create_draft("mine", SMALL)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        file = study_processes._get_file("mine", "json")
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"pid": other.pid, "created": 1.0}))
        assert find_process("mine") is None
        stop_study("mine")
        assert other.poll() is None
        start_study(draft, {}, "en", "")
        assert find_process("mine").pid != other.pid
        other.kill()


def test_bars_losses_and_lines_are_shown_escaped(sleeping):
    client, draft = make_client(), create_draft("mine", SMALL)
    start_study(draft, {}, "en", "")
    events = [
        {"label": f"tuning {SCRIPT}", "done": 3, "total": 9, "note": SCRIPT},
        *({"step": n, "epoch": n / 9, "loss": 3 - n / 9} for n in range(1, 4)),
        {"pilot": ["pilot: 1 of 2 pairs kept", f"refused: {SCRIPT}"]},
    ]
    place = study_processes._get_file("mine", "jsonl")
    place.write_text("".join(json.dumps(event) + "\n" for event in events) + '{"label": "ha')
    study_processes._get_file("mine", "log").write_text(f"{SCRIPT}\x1b[31m red\n")
    page = client.get("/plans/mine/run").text
    assert SCRIPT not in page and "\x1b" not in page
    assert '<li dir="auto">pilot: 1 of 2 pairs kept</li>' in page and "refused: &lt;script" in page
    assert "3 / 9" in page and "<svg" in page and 'style="' not in page


def test_why_a_run_failed_is_told(monkeypatch, tmp_path):
    from tasks.schemas.messages import build_message
    from tasks.store.studies.study_records import RunRecord, claim_folder, save_record

    client = make_client()
    create_draft("mine", SMALL)
    file = study_processes._get_file("mine", "json")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"pid": 0, "created": 0.0}))
    record, handle = claim_folder("studies", RunRecord(name="mine", asked="mine", plan={}))
    failure = (build_message("passages-gone"),)
    save_record("studies", record.model_copy(update={"state": "failed", "failure": failure}))
    os.close(handle)
    page = client.get("/plans/mine/run").text
    assert "failed" in page and page.count('role="alert"') == 1


def test_a_plan_that_is_dropped_leaves_its_studies(store):
    client = make_client()
    create_draft("mine", SMALL)
    write_study("mine", {1: True})
    client.post("/plans/mine/drop")
    assert "/plans/mine/" not in client.get("/").text and "/studies/mine" in client.get("/").text


def test_a_broken_plan_file_hides_no_other(store):
    client = make_client()
    create_draft("mine", SMALL)
    broken = create_draft("broken", SMALL)
    broken.path.write_text("a: [")
    assert "/plans/mine/" in client.get("/").text
    assert client.get("/plans/broken/choices").status_code == 400


def test_names_are_free_ones_and_changes_are_checked():
    write_study("mine", {1: True})
    assert create_draft("mine", SMALL).name == "mine-2"
    with pytest.raises(PlanError):
        create_draft("../x", SMALL)
    with pytest.raises(PlanError):
        change_draft("mine-2", {"generation.pairs": -1.5})
    with pytest.raises(PlanError):
        save_decision(find_draft("mine-2"), "x" * 5000, "keep", {})


def test_a_study_is_told_compared_and_planned_anew(store):
    one = {n: n % 2 == 0 for n in range(40)}
    write_study("one", one)
    write_study("two", dict.fromkeys(one, True))
    client = make_client()
    page = client.get("/").text
    assert "/studies/one" in page and "/studies/two" in page
    told = client.get("/studies/one/compare?with=two").text
    assert "one" in told and "two" in told and "40" in told
    assert client.get("/studies/one/compare?with=../../etc").status_code == 400
    assert client.get("/studies/one/compare?with=none").status_code == 404
    made = client.post("/studies/one/plan", data={"from": "own"}, follow_redirects=False)
    assert made.headers["location"] == "/plans/one-2/choices" and find_draft("one-2")


def test_a_report_is_kept_away_from_the_page(store):
    folder = write_study("one", {1: True})
    client = make_client()
    assert client.get("/studies/one/report").status_code == 404
    (folder / "index.html").write_text(f"<p>{SCRIPT}</p>")
    answer = client.get("/studies/one/report")
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1 and policy[0].startswith("sandbox ")
    assert "allow-same-origin" not in policy[0] and "connect-src" not in policy[0]


@pytest.mark.parametrize("file", ["study.json", "..%2F..%2Fapp%2Ftoken", "run.json", ".files"])
def test_only_listed_files_are_given(store, file):
    write_study("one", {1: True})
    (store / "app").mkdir(exist_ok=True)
    assert make_client().get(f"/studies/one/files/{file}").status_code == 404


def test_a_folder_is_given_as_an_archive_and_leaves_nothing(store):
    folder = write_study("one", {1: True})
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    given = make_client().get("/studies/one/files/adapter.zip")
    assert given.content[:2] == b"PK" and b"adapter_config.json" in given.content
    assert not list((store / "app").glob(".part-*"))


def test_a_study_is_removed_after_a_second_press_and_never_under_a_run(store):
    folder = write_study("one", {1: True})
    client = make_client()
    page = client.get("/studies/one/remove").text
    assert "would go for good" in page and folder.is_dir()
    with hold_store():
        assert client.post("/studies/one/remove").status_code == 400
    assert folder.is_dir()
    client.post("/studies/one/remove")
    assert not folder.exists() and "/studies/one" not in client.get("/").text


def test_what_models_say_is_shown_as_it_grows_and_escaped(store, monkeypatch):
    folder = write_study("one", {1: True})
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"")
    client = make_client()
    talks = client.app.app.state.conversations
    monkeypatch.setattr(talks, "_answer", lambda *_: None)
    asked = client.post(
        "/studies/one/talk", data={"question": f"Why? {SCRIPT}"}, headers={"hx-request": "true"}
    )
    assert SCRIPT not in asked.text and 'hx-trigger="load delay:500ms, again"' in asked.text
    reply: PairedReply = next(iter(talks._replies.values()))
    reply.said["base"] = SCRIPT
    reply.is_done = True
    told = client.get(f"/studies/one/talk/{reply.id}", headers={"hx-request": "true"}).text
    assert SCRIPT not in told and "hx-trigger" not in told and "&lt;script&gt;" in told
    assert "No passage of the book" not in told and "without a word" not in told
    reply.passages, reply.is_whole = [], True
    told = client.get(f"/studies/one/talk/{reply.id}").text
    assert told.count("No passage of the book") == 1 and told.count("ends without a word") == 1
    reply.passages = [Passage(id="1", page=7, chapter="", text=f"Gout {SCRIPT} swells.")]
    told = client.get(f"/studies/one/talk/{reply.id}").text
    assert "Gout &lt;script&gt;" in told and "page 7" in told and "No passage" not in told
    assert client.get("/studies/one/talk/none").status_code == 404
    for question in ("", "x" * 4001):
        assert client.post("/studies/one/talk", data={"question": question}).status_code == 400


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_models_that_are_gone_are_told_in_a_sentence(store):
    folder = write_study("one", {1: True})
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"")
    client = make_client()
    talks = client.app.app.state.conversations
    client.post("/studies/one/talk", data={"question": "Why?"})
    reply = next(iter(talks._replies.values()))
    wait_until(lambda: reply.is_done)
    assert reply.fault and 'role="alert"' in client.get(f"/studies/one/talk/{reply.id}").text


def test_a_spent_budget_is_told_with_what_is_kept(store):
    """As the study's record tells it; the press that goes on is there."""
    from tasks.schemas.messages import Figure, build_message
    from tasks.store.studies.study_records import RunRecord, claim_folder, save_record

    client = make_client()
    create_draft("mine", {**SMALL, "generation": {"writer": "gpt", "budget_usd": 0.5}})
    file = study_processes._get_file("mine", "json")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"pid": 0, "created": 0.0}))
    record, handle = claim_folder("studies", RunRecord(name="mine", asked="mine", plan={}))
    os.close(handle)
    parts = (build_message("nothing-spent"),)
    spent = build_message("budget-spent", cap=Figure(0.5), parts=parts, worst=Figure(0.3, 4))
    failure = (spent,)
    save_record("studies", record.model_copy(update={"state": "failed", "failure": failure}))
    charges = Budget(store / "ledger" / "mine" / "charges.jsonl", 0.5)
    assert charges.reserve_usd("a request", 0.25)
    page = client.get("/plans/mine/run").text
    assert (
        "the next request could cost $0.3" in page
        and "$0.0000 is spent, $0.2500 for requests under way; the limit is $0.50" in page
    )
    assert "not paid for again" in page and "Run again, or go on" in page
