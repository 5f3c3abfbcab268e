"""A person's review of a finished study: sheets, decisions, and a study that is theirs without anything written anew."""

import json

import pytest
from support.small_study import build_small_plan

from flows.cli.main import app
from flows.cli.summary import summarize_study
from tasks.schemas.errors import PlanError


def test_a_review_goes_from_sheet_to_report_and_writes_no_item_anew(rerun, tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS_DIR", str(rerun.store))
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    sheets = tmp_path / "sheets"
    asked = ["review", "small", "--all", "--out", str(sheets)]
    assert app(asked, result_action="return_value") == 0
    ids = json.loads((rerun.store / "studies" / "small" / "study.json").read_text("utf-8"))
    whole = [ids["counts"][f"questions_{name}"] for name in ("same_fact", "new_fact")]
    whole += [ids["counts"]["pairs"], ids["counts"]["held_out_pairs"]]
    from openpyxl import load_workbook

    book = load_workbook(sheets / "review.xlsx")
    rows = [row[0].value for sheet in book.worksheets for row in sheet.iter_rows(min_row=2)]
    assert len(rows) == sum(whole)
    gone = next(item for item in rows if item.startswith("question"))
    said = [{"item": item, "decision": "reject" if item == gone else "keep"} for item in rows]
    said.append({"item": "pair-0", "decision": "keep"})
    file = tmp_path / "said.json"
    file.write_text(json.dumps({"items": said}))
    ran = rerun(build_small_plan(**{"validation.review": str(file)}))
    done = {name for name, how in ran if how == "done"}
    assert "generate_drafts" not in done and "validate_drafts" in done
    folder = rerun.store / "latest"
    record = json.loads((folder / "study.json").read_text("utf-8"))
    assert record["review"]["outcomes"] == {
        "kept": len(rows) - 1,
        "rejected": 1,
        "unmatched": 1,
    }
    told = "\n".join(summarize_study(folder))
    assert f"A person reviewed {len(rows)} items" in told and "Sound as written:" in told
    assert gone in (folder / "rejections.jsonl").read_text("utf-8")
    assert "1 decisions belong to no item of this study" in (folder / "report.md").read_text(
        "utf-8"
    )
    assert {row["solver"] for row in record["measures"]} >= {"passage_words", "page", "position"}
    again = rerun(build_small_plan(**{"validation.review": str(file)}))
    assert {how for _, how in again} == {"cached"}


def test_a_review_that_is_not_there_stops_the_study_before_any_work(rerun):
    with pytest.raises(PlanError, match=r"validation\.review"):
        rerun(build_small_plan(**{"validation.review": "nowhere.json"}))
