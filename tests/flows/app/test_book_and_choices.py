"""A book is brought, read and chosen for; what is sent is bounded, escaped, and names no path."""

import io
import json
from pathlib import Path

import pytest
import yaml
from support.app_site import PromptWorkers, make_client, make_second_browser

from flows.app.plan_choices import MAIN_CHOICES, list_fields
from flows.app.plan_drafts import create_draft, find_draft
from flows.app.plan_jobs import BookReading
from flows.app.uploads import MOST_FORM_BYTES, name_study
from tasks.engine.readiness.items_ahead import CheckLine
from tasks.engine.readiness.plan_check import PlanCheck
from tasks.language.i18n import load_translator
from tasks.schemas.item_rows import Page, Passage
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_file import load_plan
from tasks.store.artifact_groups import BookText

ROOT = Path(__file__).parents[3]
HANDBOOK = (ROOT / "books" / "handbook-en.pdf").read_bytes()
ENGLISH = {"book": "books/handbook-en.pdf", "language": "en"}
READ = {"script": "Latn", "engine": "pdfium", "legibility": 1.0}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    return tmp_path / "runs"


@pytest.fixture
def prompt_check(monkeypatch):
    """What a plan will take is told at once: nothing is missing."""
    place = "flows.app.routes.choice_pages.check_planned_study"
    monkeypatch.setattr(place, lambda plan: PlanCheck([CheckLine("book", plan.book)], []))


@pytest.fixture
def prompt_lack(monkeypatch):
    """What a plan will take is told at once: the book is missing."""
    place = "flows.app.routes.choice_pages.check_planned_study"

    def find_lack(plan):
        return PlanCheck([CheckLine("book", plan.book)], [f"{plan.book} is missing"])

    monkeypatch.setattr(place, find_lack)


def send_book(client, content=HANDBOOK, name="handbook-en.pdf", **options):
    files = {"book": (name, io.BytesIO(content), "application/pdf")}
    return client.post("/books", files=files, **options)


def test_a_book_is_kept_by_its_content_and_its_language_is_told(store):
    client = make_client()
    for name in ("handbook-en.pdf", "handbook-en.pdf", "../another name.pdf"):
        answer = send_book(client, name=name, follow_redirects=False)
        assert answer.status_code == 303
    (folder,) = (store / "app" / "books").iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["another-name.pdf", "handbook-en.pdf"]
    for draft in ("handbook-en", "handbook-en-2", "another-name"):
        plan = find_draft(draft).plan
        assert plan.language == "en"
        assert Path(plan.book) == folder / f"{draft.removesuffix('-2')}.pdf"


def test_a_book_is_shown_by_its_name_and_not_by_its_place(store, prompt_lack):
    client = make_client()
    send_book(client)
    shown = client.get("/plans/handbook-en/choices").text
    assert '<dd dir="auto">handbook-en.pdf</dd>' in shown and "handbook-en.pdf is missing" in shown
    assert str(store) not in shown


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("../../etc/passwd.pdf", "passwd"),
        ("..\\..\\boot.pdf", "boot"),
        ("/abs/olute.pdf", "olute"),
        ("....pdf", "book"),
        ("دستنامه پزشکی.pdf", "دستنامه-پزشکی"),
        ("a" * 300 + ".pdf", "a" * 60),
        (f"{SCRIPT}.pdf", "script"),
        ("", "book"),
    ],
)
def test_a_files_name_is_never_a_path(name, made):
    assert name_study(name) == made


def test_what_is_no_pdf_is_refused_in_a_sentence(store):
    answer = send_book(make_client(), b"MZ this is no book", "book.pdf")
    assert answer.status_code == 400 and "that file is no PDF" in answer.text
    assert not (store / "app" / "books").exists()


def test_a_form_without_a_book_is_told():
    answer = make_client().post("/books", data={"book": "no file"})
    assert answer.status_code == 400 and "choose a PDF first" in answer.text


def test_more_than_the_page_takes_is_refused_before_it_is_kept():
    client = make_client()
    answer = client.post("/examples", data={"language": "e" * (MOST_FORM_BYTES + 1)})
    assert answer.status_code == 400 and "more than 1 MB" in answer.text


def test_a_form_that_lies_about_its_length_is_refused_as_it_comes():
    def send_much():
        for _ in range(40):
            yield b"language=" + b"e" * 2**16 + b"&"

    answer = make_client().post(
        "/examples",
        content=send_much(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400 and "more than 1 MB" in answer.text


def test_a_broken_pdf_is_told_in_a_sentence_and_its_plan_stays(store):
    client = make_client()
    page = send_book(client, b"%PDF-1.7\n" + b"nothing" * 100, "broken.pdf")
    assert page.status_code == 200 and page.url.path == "/plans/broken/book"
    assert "This book cannot be used as it is" in page.text and 'role="alert"' in page.text
    assert find_draft("broken")


def test_a_page_stands_beside_its_text_with_chapters(store):
    client = make_client()
    create_draft("handbook", {**ENGLISH, "reading": {"last_page": 14}})
    page = client.get("/plans/handbook/book?page=12")
    assert page.status_code == 200 and "/plans/handbook/pages/12.jpg" in page.text
    assert "Nothing speaks against the reading" in page.text and "Chapters (" in page.text
    picture = client.get("/plans/handbook/pages/12.jpg")
    assert picture.headers["content-type"] == "image/jpeg" and picture.content[:2] == b"\xff\xd8"
    for number in (0, 99_999, 10**9):
        assert client.get(f"/plans/handbook/pages/{number}.jpg").status_code == 404
    for page in ("-1", "x", "9" * 30, SCRIPT):
        text = client.get("/plans/handbook/book", params={"page": page}).text
        assert SCRIPT not in text


@pytest.mark.parametrize("name", ["..%2F..%2Fetc", "%2e%2e", "none", "a%00b", SCRIPT])
def test_a_name_in_an_address_is_never_a_path(name):
    client = make_client()
    for where in ("plans/{}/choices", "plans/{}/book", "plans/{}/plan.yaml", "studies/{}"):
        answer = client.get("/" + where.format(name))
        assert answer.status_code in (400, 404) and SCRIPT not in answer.text


def test_choices_change_the_plan_file_that_the_command_takes(prompt_check):
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    form = {"generation.pairs": "40", "finetuning.epochs": "1", "recipe": "laptop"}
    answer = client.post("/plans/handbook/choices", data=form, follow_redirects=False)
    assert answer.status_code == 303
    plan = find_draft("handbook").plan
    assert (plan.generation.pairs, plan.finetuning.epochs) == (40, 1)
    told = yaml.safe_load(client.get("/plans/handbook/plan.yaml").text)
    assert StudyPlan.model_validate(told) == plan


def test_a_recipe_is_the_tuning_of_a_plan_of_ours(prompt_check):
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    client.post("/plans/handbook/choices", data={"recipe": "exercise"})
    plan = find_draft("handbook").plan
    assert plan.finetuning.target_modules == ("q_proj", "v_proj") and plan.language == "en"
    assert '<option value="exercise" selected' in client.get("/plans/handbook/choices").text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"generation.pairs": "/etc/passwd"}, "a number is wanted"),
        ({"generation.budget_usd": "-1"}, "generation.budget_usd"),
        ({"generation.writer": "somebody"}, "generation.writer"),
        ({"finetuning.rank": "[["}, "finetuning.rank"),
        ({"reading.ocr": SCRIPT}, "reading.ocr"),
    ],
)
def test_a_choice_that_is_none_is_told_and_changes_nothing(form, told, prompt_check):
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    before = find_draft("handbook").digest
    for headers in ({}, {"hx-request": "true"}):
        answer = client.post("/plans/handbook/choices", data=form, headers=headers)
        assert answer.status_code == 400 and told in answer.text and SCRIPT not in answer.text
    assert find_draft("handbook").digest == before


@pytest.mark.parametrize("key", ["book", "name", "validation.review", "lineage.predecessor"])
def test_a_browser_sets_no_path_and_no_name(key, prompt_check):
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    before = find_draft("handbook").digest
    client.post("/plans/handbook/choices", data={key: "/etc/passwd"})
    assert find_draft("handbook").digest == before


def test_two_browsers_do_not_overwrite_each_other(prompt_check):
    first = make_client()
    second = make_second_browser(first)
    first.post("/examples", data={"language": "en"}, follow_redirects=False)
    seen = find_draft("handbook").digest
    first.post("/plans/handbook/choices", data={"generation.pairs": "50", "seen": seen})
    late = second.post("/plans/handbook/choices", data={"generation.pairs": "60", "seen": seen})
    assert late.status_code == 400 and "changed in another window" in late.text
    assert find_draft("handbook").plan.generation.pairs == 50


def test_what_it_takes_is_told_in_the_readers_language(prompt_check):
    client = make_client()
    client.post("/examples", data={"language": "en"}, follow_redirects=False)
    assert "Nothing is missing." in client.get("/plans/handbook/check").text
    client.post("/language", data={"language": "fa"})
    assert "چیزی کم نیست." in client.get("/plans/handbook/check").text


def test_a_writer_without_a_key_is_missing(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    client = make_client()
    create_draft("paid", {**ENGLISH, "generation": {"writer": "gpt"}, "reading": {"last_page": 9}})
    text = client.get("/plans/paid/check").text
    assert "Missing:" in text and "OPENAI_API_KEY" in text and "Nothing is missing" not in text


def test_while_a_worker_is_at_work_the_page_asks_again(monkeypatch, tmp_path):
    class SlowWorkers(PromptWorkers):
        def ask(self, *arguments, **options):
            job = super().ask(lambda plan: None, *arguments[1:], **options)
            events = tmp_path / "events"
            events.write_text(json.dumps({"label": SCRIPT, "done": 3, "total": 9}) + "\n{half")
            return job._replace(future=type(job.future)(), events=events)

    client = make_client(SlowWorkers())
    create_draft("slow", {})
    text = client.get("/plans/slow/book").text
    assert 'hx-trigger="load' in text and "3 / 9" in text and SCRIPT not in text


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_choice_has_a_name_and_a_sentence(language):
    app = load_translator(language, "packs/app.yaml")["app"]
    assert app["choice"].keys() == set(MAIN_CHOICES)
    assert all(part["name"] and part["text"] for part in app["choice"].values())


def test_a_book_of_three_hundred_pages_is_shown_a_page_at_a_time(monkeypatch):
    pages = [Page(page=n, text=f"Page {n} {SCRIPT}", **READ) for n in range(1, 301)]
    passages = [
        Passage(id=f"p{n:03}-01", chapter=f"Chapter {n // 10} {SCRIPT}", page=n, text="A passage.")
        for n in range(1, 301)
    ]
    reading = BookReading(BookText.save_tables(passages, pages), [])
    monkeypatch.setattr("flows.app.routes.book_pages.read_planned_book", lambda plan: reading)
    client = make_client()
    create_draft("long", ENGLISH)
    first, middle, last = (
        client.get(f"/plans/long/book{query}").text for query in ("", "?page=150", "?page=300")
    )
    assert "300 pages read, 31 chapters, 300 passages" in first and SCRIPT not in first
    assert 'rel="prev"' not in first and 'rel="next"' not in last
    assert "Page 150 " in middle and "Page 149 " not in middle and len(middle) < 20_000
    assert "Page 400" not in client.get("/plans/long/book?page=400").text


def test_a_recipe_and_a_choice_of_it_survive_the_next_change_from_the_same_page(prompt_check):
    """The page sends all its fields with each change; those that a change has moved come back."""
    client, part = make_client(), {"hx-request": "true"}
    create_draft("mine", ENGLISH)
    page = {field.key: field.value for field in list_fields(find_draft("mine").plan)}

    def change(key, value):
        page["seen"], page[key] = find_draft("mine").digest, value
        answer = client.post("/plans/mine/choices", data=page, headers=part).text
        for field in list_fields(find_draft("mine").plan):
            if f'id="{field.id}"' in answer:
                page[field.key] = field.value

    change("recipe", "recommended")
    change("generation.pairs", "77")
    plan = find_draft("mine").plan
    assert plan.finetuning == load_plan("recommended").finetuning and plan.generation.pairs == 77
    change("finetuning.epochs", "1")
    assert page["recipe"] == "own"
    for pairs in ("78", "79"):
        change("generation.pairs", pairs)
        assert find_draft("mine").plan.finetuning.epochs == 1
