"""The book is called by its own title where it has one worth showing."""

from pathlib import Path

import pytest

from tasks.reading.title import title_of, titled


def test_the_handbook_has_a_title_of_its_own() -> None:
    assert (
        title_of(Path(__file__).parents[2] / "books" / "handbook.pdf") == "راهنمای بیماری‌های شایع"
    )


def test_a_file_that_is_no_pdf_or_is_gone_is_called_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "نامه.pdf").write_bytes(b"no PDF")
    assert [title_of(tmp_path / name) for name in ("نامه.pdf", "gone.pdf")] == ["نامه", "gone"]


@pytest.mark.parametrize(
    "told",
    ["", "  ", "untitled", "Microsoft Word - Book1.doc", "book.indd", "Document1", "�����", "---"],
)
def test_titles_that_tell_nothing_are_none(told: str) -> None:
    assert titled(told) == ""


def test_a_title_is_one_line_of_bearable_length() -> None:
    assert titled("Heart\n and  vessels\0") == "Heart and vessels"
    assert len(titled("آ" * 999)) == 200
