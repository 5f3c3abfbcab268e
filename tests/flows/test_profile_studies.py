"""Books that are not medical, from PDF to report, with the demo server as writer: the words fit; a law told as patients is named."""

import html
import json
import re
import threading
from http.server import ThreadingHTTPServer

import pytest
import yaml
from support.small_books import draw_book
from support.small_study import run_study_in

from flows.cli.demo.demo_server import DemoHandler
from tasks.schemas.plan_file import parse_plan

MEDICAL = re.compile(
    r"medic\w*|symptom\w*|diagnos[ie]s|disease\w*|patient\w*|vignette\w*|physician\w*|clinic\w*"
    "|بیمار|تشخیص|پزشک|علائم|شرح حال|افتراق",
    re.IGNORECASE,
)
BOOK_S_OWN = re.compile("بیماری بهره‌بردار|Illness of the holder")  # an article's, of the book
PLAN_KEYS = re.compile(r"finetuning\.(?:loss_on|shuffle_diagnoses)\s+(?:diagnosis)?")
PROFILED = {
    "law-fa": ("law", "موقعیت", "نتیجه", "مشاورهٔ حقوقی نیست"),
    "guideline-en": ("guideline", "situation", "conclusion", "No advice for practice."),
}


@pytest.fixture(scope="module")
def writer():
    with ThreadingHTTPServer(("127.0.0.1", 0), DemoHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture
def run_study_of(writer, tmp_path, monkeypatch, prefect):
    def run(name, **changes):
        monkeypatch.setenv("OPENAI_BASE_URL", writer)
        monkeypatch.setenv("OPENAI_API_KEY", "demo")
        language = name[-2:]
        monkeypatch.setenv("BOOK2LORA_LANG", language)
        tree = {
            "name": name,
            "language": language,
            "book": str(draw_book(name, tmp_path / f"{name}.pdf")),
            "generation": {"writer": "gpt", "pairs": 16, "questions": 16},
            "validation": {"train_questions": 5},
            "base": {"steps": 8},
            "finetuning": {"epochs": 1, "rank": 4},
            "evaluation": {"modes": ["cloze"]},
        }
        run_study_in(tmp_path / "runs", monkeypatch, parse_plan(tree, changes))
        return tmp_path / "runs" / "studies" / name

    return run


def read_words(file):
    """What a person reads, without scripts and without the plan's keys."""
    text = re.sub(r"<(style|script).*?</\1>", "", file.read_text("utf-8"), flags=re.DOTALL)
    text = " ".join(html.unescape(re.sub("<[^>]+>", " ", text)).split())
    return PLAN_KEYS.sub("", BOOK_S_OWN.sub("", text))


@pytest.mark.parametrize("name", PROFILED)
def test_a_book_with_its_profile_comes_to_a_report_whose_words_fit(run_study_of, name):
    profile, *fitting = PROFILED[name]
    folder = run_study_of(name, **{"generation.profile": profile})
    for file in ("index.html", "report.md"):
        words = read_words(folder / file).replace("diagnose_tuning", "")
        assert not MEDICAL.findall(words), [
            words[m.start() - 40 : m.end() + 40] for m in MEDICAL.finditer(words)
        ]
    page = read_words(folder / "index.html")
    assert all(word in page for word in fitting)
    study = json.loads((folder / "study.json").read_text("utf-8"))
    assert study["counts"]["pairs"] >= 8 and study["plan"]["generation"]["profile"] == profile
    asked = "".join(p.read_text("utf-8") for p in folder.glob("lm-eval/*") if p.is_file())
    assert asked and not MEDICAL.search(BOOK_S_OWN.sub("", asked).replace("diagnosis", ""))
    causes = json.loads((folder / "verdict.json").read_text("utf-8"))["causes"]
    assert "unfit-profile" not in [cause["rule"] for cause in causes]


def test_a_law_that_is_told_as_patients_is_named_and_the_next_plan_is_a_law_s(run_study_of, capfd):
    folder = run_study_of("law-en", **{"comparison.primary_set": "all", "finetuning.batch_size": 2})
    told = " ".join(capfd.readouterr().err.split())
    assert "this book describes no patients (1 of 1,000 words" in told
    causes = json.loads((folder / "verdict.json").read_text("utf-8"))["causes"]
    assert causes[0]["rule"] == "unfit-profile"
    assert causes[0]["claim"].startswith("The book describes no patients (1 of 1,000 words")
    following = yaml.safe_load((folder / "next-plan.yaml").read_text("utf-8"))
    assert following["generation"]["profile"] == "law"
