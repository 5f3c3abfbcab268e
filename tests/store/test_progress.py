"""What is shown on a terminal is shown as it is: titles of the book are data, not markup."""

from io import StringIO

from rich.console import Console

from tasks.store import progress


def test_a_chapter_whose_title_looks_like_markup_is_shown_as_it_is(monkeypatch):
    screen = StringIO()
    monkeypatch.setattr(progress, "console", Console(file=screen, force_terminal=True, width=200))
    with progress.show_progress_bar("drafts · [red]Eye[/] and [/ear]") as tell:
        tell(1, 2, "a note [/]")
    assert "drafts · [red]Eye[/] and [/ear]" in screen.getvalue()
