"""Foreign files are parsed by processes that have no keys and take no code from where the study is run."""

from pathlib import Path

import pytest

from tasks.reading.pdf import read_pages
from tasks.reading.title import title_of
from tasks.schemas.plan_sections import ReadingPlan
from tasks.store.foreign import child_process

HANDBOOK = Path(__file__).parents[2] / "books" / "handbook.pdf"


@pytest.mark.parametrize("paths", [None, ""])
def test_a_module_of_the_working_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: str | None
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if paths is not None:
        monkeypatch.setenv("PYTHONPATH", paths)
    (tmp_path / "json.py").write_text("open('taken over', 'w')")
    monkeypatch.chdir(tmp_path)
    assert title_of(HANDBOOK) == "راهنمای بیماری‌های شایع"
    assert read_pages(HANDBOOK, ReadingPlan(first_page=2, last_page=2), "fa")
    assert not (tmp_path / "taken over").exists()


def test_the_children_have_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "PREFECT_API_AUTH_STRING"):
        monkeypatch.setenv(name, "a secret of ours")
    assert "a secret of ours" not in child_process.environment().values()
    assert "PATH" in child_process.environment()
