"""A study is found again behind its handles, with the cost of its drafts and the place of every artifact."""

from pathlib import Path

import pytest
from reporting.example_study import example_study

from tasks.artifacts import Answers, Book, Comparisons, Drafts, Findings, Pages, Passages, Steps
from tasks.folders import Adapter, Checkpoint, Folder
from tasks.groups import BookText, Chapter, Outcome, Prepared, Splits, Tuning
from tasks.records import Draft
from tasks.reporting.facts import StudyFacts
from tasks.reporting.gather import gather
from tasks.reporting.report import write


def filled(kind: type[Folder], **fields: object) -> Folder:
    return kind.build_folder(lambda folder: (folder / "weights.bin").write_bytes(b"w"), **fields)


@pytest.fixture
def gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[StudyFacts, StudyFacts]:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    made = example_study()
    book = tmp_path / "own book.pdf"
    book.write_bytes(b"%PDF-")
    q = made.questions
    splits = Splits.save_tables(made.pairs, made.held_out, q["train"], q["same_fact"], q["new_fact"], made.rejected, made.funnel)
    paid = [
        Draft(id=str(n), kind="pair", passages=(), asked=10, writer="gpt-4o", raw="", tokens_in=1000, tokens_out=200, cost_usd=0.0045)
        for n in range(3)
    ]
    text = BookText(chapters=[Passages.save_rows(made.passages, label="all")], pages=Pages.save_rows([]), scan=made.scan)
    prepared = Prepared(text=text, drafts=[Chapter(drafts=Drafts.save_rows(paid[:2])), Chapter(drafts=Drafts.save_rows(paid[2:]))], splits=splits)
    tuning = Tuning(adapter=filled(Adapter), log=Steps.save_rows(made.steps), preflight=made.preflight)
    outcome = Outcome(
        checkpoint=filled(Checkpoint, name="tiny"),
        tuning=tuning,
        base=Answers.save_rows(made.base),
        tuned=Answers.save_rows(made.tuned),
        probe=made.probe,
    )
    found = gather(made.plan, Book.from_path(book), prepared, outcome, Comparisons.save_rows(made.comparisons), Findings.save_rows(made.findings))
    return made, found


def test_rows_come_back_as_they_were(gathered: tuple[StudyFacts, StudyFacts]) -> None:
    made, found = gathered
    for name in ("pairs", "held_out", "rejected", "funnel", "steps", "base", "tuned", "comparisons", "findings", "passages"):
        assert list(getattr(found, name)) == list(getattr(made, name)), name
    assert found.questions == made.questions
    assert found.scan == made.scan


def test_cost_is_the_sum_over_all_drafts(gathered: tuple[StudyFacts, StudyFacts]) -> None:
    writing = gathered[1].writing
    assert (writing.requests, writing.tokens_in, writing.tokens_out) == (3, 3000, 600)
    assert writing.cost_usd == pytest.approx(0.0135)


def test_every_artifact_is_told_with_a_place_that_exists(gathered: tuple[StudyFacts, StudyFacts]) -> None:
    places = gathered[1].artifacts
    assert {"pairs", "adapter", "checkpoint", "base answers", "tuned answers", "drafts 2", "passages 1"} <= places.keys()
    assert all(Path(place.path).exists() and place.digest in place.path for place in places.values())


def test_study_folder_holds_the_adapter(gathered: tuple[StudyFacts, StudyFacts], tmp_path: Path) -> None:
    write(tmp_path / "study", gathered[1])
    assert (tmp_path / "study" / "adapter" / "weights.bin").read_bytes() == b"w"
    card, primary = (tmp_path / "study" / "adapter" / "README.md").read_text("utf-8"), gathered[1].primary
    assert f"**{primary.verdict}**: {primary.base.rate:.1%} → {primary.tuned.rate:.1%} of {primary.n} questions" in card
    assert f"{len(gathered[1].pairs)} pairs from «own book»" in card


def test_versions_name_what_can_change_a_result(gathered: tuple[StudyFacts, StudyFacts]) -> None:
    assert {"python", "torch", "transformers", "peft", "book2lora"} <= gathered[1].versions.keys()
