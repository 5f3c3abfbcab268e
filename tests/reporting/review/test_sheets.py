"""The sample of a review, the sheets made of it, and the way of decisions through a workbook and LibreOffice."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import load_workbook
from support.items.review_study import make_review_study, save_study_record

from flows.cli.main import app
from flows.cli.review.make_sheets import load_sheet_items, load_sheet_words, review, write_sheets
from tasks.reporting.review.sheet_items import SheetItem, draw_sample
from tasks.reporting.review.sheet_workbook import write_workbook
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.validation.review.apply_decisions import list_changes
from tasks.validation.review.decision_files import read_decisions

SOFFICE = shutil.which("soffice")
EVIL = ("=1+1", "+1", "-1", "@A1", '=HYPERLINK("http://x")', "'=1", "<b>x</b>", "\u202eabc")


def item(n: int, **fields: object) -> SheetItem:
    texts = {"symptom": f"شرح {n}", "diagnosis": "نقرس", "quote": "نقل"}
    told = {"kind": "pair", "set": "train", "about": "", "texts": texts} | fields
    return SheetItem(id=f"pair-{n}", **told)  # type: ignore[arg-type]


MIXED = [
    item(n, set="train" if n % 5 else "held_out", chapter=f"فصل {n % 3}", page=n)
    for n in range(200)
]


@pytest.fixture(scope="module")
def study():
    return make_review_study()


@pytest.fixture
def record(study, runs):
    made = study.validate()
    save_study_record("mine", study, made)
    return study, made


@pytest.mark.parametrize("wanted", [1, 7, 60, 199])
def test_each_stratum_has_its_share_to_within_one(wanted: int) -> None:
    chosen = draw_sample(MIXED, wanted, 0)
    assert len(chosen) == wanted == len({one.id for one in chosen})
    whole, part = (Counter((i.set, i.chapter) for i in rows) for rows in (MIXED, chosen))
    assert all(abs(part[k] - n * wanted / 200) < 1 for k, n in whole.items())


def test_a_seed_is_a_sample_and_each_item_has_the_same_chance() -> None:
    assert draw_sample(MIXED, 20, 3) == draw_sample(list(reversed(MIXED)), 20, 3)[::-1]
    assert draw_sample(MIXED, 20, 3) != draw_sample(MIXED, 20, 4)
    counts = Counter(i.id for seed in range(600) for i in draw_sample(MIXED, 20, seed))
    # 60 of 600 each; a binomial's five standard deviations are 37
    assert len(counts) == 200 and all(23 <= n <= 97 for n in counts.values())
    assert draw_sample(MIXED, None, 0) == draw_sample(MIXED, 900, 0) == MIXED


def test_the_command_writes_both_sheets_and_tells_how_to_go_on(
    record, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    monkeypatch.chdir(tmp_path)
    assert app(["review", "mine", "--sample", "10"], result_action="return_value") == 0
    told = capsys.readouterr().out
    made = record[1]
    whole = sum(map(len, (made.pairs, made.held_out, made.same_fact, made.new_fact)))
    assert f"10 of {whole} items" in told and "--set validation.review=FILE" in told
    assert {path.name for path in (tmp_path / "review-mine").iterdir()} == {
        "review.html",
        "review.xlsx",
    }
    with pytest.raises(PlanError, match="is there already"):
        review("mine")
    with pytest.raises(MissingArtifact, match="no study 'nobody'"):
        review("nobody")


def test_the_sheet_has_every_item_with_its_quote_in_its_passage(record) -> None:
    study, made = record
    found = load_sheet_items(read_record())
    by_id = {one.id: one for one in found.kept}
    passages = {p.id: p for p in study.passages}
    for row in (*made.pairs, *made.held_out, *made.same_fact, *made.new_fact):
        one = by_id.pop(row.id)
        assert one.passage == passages[row.quote.passage_id].text and one.quote == row.quote.text
        assert (one.page, one.chapter) == (row.quote.page, passages[row.quote.passage_id].chapter)
        assert list_changes(row, one.texts) == []
    assert not by_id


def read_record() -> dict:
    import json

    from tasks.store.paths import get_runs_dir

    return json.loads((get_runs_dir() / "studies" / "mine" / "study.json").read_text())


def fill_workbook(path: Path, decide) -> None:
    """Write into the cells as a person does: `decide` gives the values of a row by its item."""
    book = load_workbook(path)
    for sheet in book.worksheets:
        head = [cell.value for cell in sheet[1]]
        for row in sheet.iter_rows(min_row=2):
            for title, value in decide(row[0].value).items():
                row[head.index(title)].value = value
    book.save(path)


def convert(path: Path, folder: Path) -> Path:
    """The workbook as LibreOffice reads and writes it."""
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    done = subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", folder, path],
        capture_output=True,
        text=True,
        timeout=240,
    )
    if not (folder / path.name).is_file():
        pytest.skip(f"LibreOffice has no spreadsheets here: {done.stderr[-200:]}")
    return folder / path.name


def test_the_workbook_s_cells_are_texts_and_its_decisions_a_list(tmp_path) -> None:
    rows = [
        item(n, texts={"symptom": text, "diagnosis": text, "quote": text})
        for n, text in enumerate(EVIL)
    ]
    write_workbook(tmp_path / "w.xlsx", rows, load_sheet_words("fa"), right_to_left=True)
    sheet = load_workbook(tmp_path / "w.xlsx").worksheets[0]
    assert sheet.sheet_view.rightToLeft and sheet.freeze_panes == "D2"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    [choice] = sheet.data_validations.dataValidation
    assert choice.formula1 == '"پذیرش,رد,اصلاح"' and str(choice.sqref) == f"B2:B{len(EVIL) + 1}"
    head = [cell.value for cell in sheet[1]]
    shown = [row[head.index("شرح حال")] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in shown] == [*EVIL[:-1], "⟦U+202E⟧abc"]
    assert [cell.quotePrefix for cell in shown] == [True] * 5 + [False] * 3


def test_a_cell_is_never_longer_than_spreadsheets_read(tmp_path) -> None:
    long = item(0, before="ب" * 40_000)
    write_workbook(tmp_path / "w.xlsx", [long], load_sheet_words("en"), right_to_left=False)
    sheet = load_workbook(tmp_path / "w.xlsx").worksheets[0]
    assert max(len(str(cell.value)) for cell in sheet[2]) == 32_767


@pytest.mark.parametrize(
    "through", [False, pytest.param(True, marks=pytest.mark.skipif(not SOFFICE, reason="no LibreOffice on this machine: apt-get install libreoffice-calc-nogui"))]
)  # fmt: skip
def test_decisions_come_back_through_the_workbook(record, tmp_path, through: bool) -> None:
    """Filled in by hand; with LibreOffice, read and written by it before and after."""
    study, made = record
    found = load_sheet_items(read_record())
    write_sheets(tmp_path / "sheets", found.kept, read_record())
    file = tmp_path / "sheets" / "review.xlsx"
    if through:
        file = convert(file, tmp_path)
    reject, mend = made.same_fact[0], made.pairs[0]
    said = {
        reject.id: {"تصمیم": "رد", "یادداشت": "کلید غلط است"},
        mend.id: {"تصمیم": "اصلاح", "شرح حال": mend.symptom + " این بیمار نگران است."},
    }
    fill_workbook(file, lambda name: said.get(name, {"تصمیم": "پذیرش"}))
    if through:
        (tmp_path / "back").mkdir()
        file = convert(file, tmp_path / "back")
    after = study.validate(read_decisions(file))
    outcomes = Counter(row.outcome for row in after.reviewed)
    assert outcomes == {"rejected": 1, "mended": 1, "kept": len(found.kept) - 2}
    assert next(r.note for r in after.reviewed if r.outcome == "rejected") == "کلید غلط است"
    assert any("این بیمار نگران است" in p.symptom for p in (*after.pairs, *after.held_out))


@pytest.mark.skipif(not SOFFICE, reason="no LibreOffice on this machine: apt-get install libreoffice-calc-nogui")  # fmt: skip
def test_texts_that_look_like_formulas_are_texts_after_libreoffice(tmp_path) -> None:
    rows = [
        item(n, texts={"symptom": text, "diagnosis": text, "quote": text})
        for n, text in enumerate(EVIL)
    ]
    write_workbook(tmp_path / "w.xlsx", rows, load_sheet_words("en"), right_to_left=False)
    fill_workbook(tmp_path / "w.xlsx", lambda _: {"Decision": "keep"})
    (tmp_path / "out").mkdir()
    file = convert(tmp_path / "w.xlsx", tmp_path / "out")
    sheet = load_workbook(file).worksheets[0]
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert [one.texts["symptom"] for one in read_decisions(file)] == [*EVIL[:-1], "⟦U+202E⟧abc"]
