"""A study is found again behind its handles, with the cost of its drafts and the place of every artifact."""

from pathlib import Path

import pytest
from support.reports.example_study import make_example_study

from tasks.reporting.collect_data import collect_report_data
from tasks.reporting.report_data import ReportData
from tasks.reporting.write import write_study_folder
from tasks.schemas.item_rows import Draft
from tasks.store.artifact_folders import Adapter, ArtifactFolder, Checkpoint
from tasks.store.artifact_groups import (
    BookText,
    ChapterDrafts,
    ChapterItems,
    CheckedItems,
    Diagnosis,
    StudyDataset,
    StudyResults,
    TrainedAdapter,
    TuningResult,
)
from tasks.store.artifacts import (
    Answers,
    Book,
    Causes,
    Comparisons,
    Drafts,
    Findings,
    Pages,
    Passages,
    QuestionMeasures,
    TrainingSteps,
)


def filled(kind: type[ArtifactFolder], **fields: object) -> ArtifactFolder:
    return kind.build_folder(lambda folder: (folder / "weights.bin").write_bytes(b"w"), **fields)


@pytest.fixture
def gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ReportData, ReportData]:
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    made = make_example_study()
    book = tmp_path / "own book.pdf"
    book.write_bytes(b"%PDF-")
    q = made.questions
    splits = CheckedItems.save_tables(
        made.pairs,
        made.held_out,
        q["train"],
        q["same_fact"],
        new_fact=q["new_fact"],
        rejected=made.rejected,
        funnel=made.funnel,
    )
    paid = [
        Draft(
            id=str(n),
            kind="pair",
            passages=(),
            asked=10,
            writer="gpt-4o",
            raw="",
            tokens_in=1000,
            tokens_out=200,
            cost_usd=0.0045,
        )
        for n in range(3)
    ]
    text = BookText(
        chapters=[Passages.save_rows(made.passages, label="all")],
        pages=Pages.save_rows([]),
        scan=made.scan,
    )
    items = ChapterItems.save_tables([], [], [], names_facts=True)
    prepared = StudyDataset(
        text=text,
        drafts=[
            ChapterDrafts(drafts=Drafts.save_rows(rows), items=items)
            for rows in (paid[:2], paid[2:])
        ],
        splits=splits,
    )
    tuning = TrainedAdapter(
        adapter=filled(Adapter), log=TrainingSteps.save_rows(made.steps), preflight=made.preflight
    )
    outcome = TuningResult(
        checkpoint=filled(Checkpoint, name="tiny"),
        tuning=tuning,
        base=Answers.save_rows(made.base),
        tuned=Answers.save_rows(made.tuned),
        probe=made.probe,
    )
    study = StudyResults(
        plan=made.plan,
        book=Book.from_path(book),
        prepared=prepared,
        outcome=outcome,
        comparisons=Comparisons.save_rows(made.comparisons),
        measures=QuestionMeasures.save_rows(made.measures),
        why=Diagnosis(
            findings=Findings.save_rows(made.findings), causes=Causes.save_rows(made.causes)
        ),
        history=made.history,
        language="",
    )
    found = collect_report_data(study)
    return made, found


def test_rows_come_back_as_they_were(gathered: tuple[ReportData, ReportData]) -> None:
    made, found = gathered
    for name in (
        "pairs",
        "held_out",
        "rejected",
        "funnel",
        "steps",
        "base",
        "tuned",
        "comparisons",
        "findings",
        "passages",
    ):
        assert list(getattr(found, name)) == list(getattr(made, name)), name
    assert found.questions == made.questions
    assert found.scan == made.scan


def test_cost_is_the_sum_over_all_drafts(gathered: tuple[ReportData, ReportData]) -> None:
    writing = gathered[1].writing
    assert (writing.requests, writing.tokens_in, writing.tokens_out) == (3, 3000, 600)
    assert writing.cost_usd == pytest.approx(0.0135)


def test_every_artifact_is_told_with_a_place_that_exists(
    gathered: tuple[ReportData, ReportData],
) -> None:
    places = gathered[1].artifacts
    assert {
        "pairs",
        "adapter",
        "checkpoint",
        "base answers",
        "tuned answers",
        "drafts 2",
        "passages 1",
    } <= places.keys()
    assert all(
        Path(place.path).exists() and place.digest in place.path for place in places.values()
    )


def test_study_folder_holds_the_adapter(
    gathered: tuple[ReportData, ReportData], tmp_path: Path
) -> None:
    write_study_folder(tmp_path / "study", gathered[1])
    assert (tmp_path / "study" / "adapter" / "weights.bin").read_bytes() == b"w"
    card, primary = (
        (tmp_path / "study" / "adapter" / "README.md").read_text("utf-8"),
        gathered[1].primary,
    )
    assert (
        f"**{primary.verdict}**: {primary.base.rate:.1%} → {primary.tuned.rate:.1%} of {primary.n} questions"
        in card
    )
    assert f"{len(gathered[1].pairs)} pairs from «own book»" in card


def test_versions_name_what_can_change_a_result(gathered: tuple[ReportData, ReportData]) -> None:
    assert {"python", "torch", "transformers", "peft", "book2lora"} <= gathered[1].versions.keys()
