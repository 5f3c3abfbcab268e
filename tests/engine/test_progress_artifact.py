"""The bar on the dashboard: it moves every few seconds, and a server that is silent or slow holds up the work by a twentieth at most."""

from types import SimpleNamespace

import httpx
import pytest

from tasks.engine import prefect_stage

PAGES = 5_000  # a second each


class Dashboard:
    """Time, and a server that takes so long for each move of the bar."""

    def __init__(self, seconds, error=None):
        self.seconds, self.error = seconds, error
        self.now, self.spent, self.moments = 1000.0, 0.0, []

    def move_bar(self, artifact, percent, note):
        self.moments.append(self.now)
        self.now += self.seconds
        self.spent += self.seconds
        if self.error:
            raise self.error
        artifact.id = "made"


def read_book(dashboard, monkeypatch):
    """A stage's work of one second a page, with its progress."""
    monkeypatch.setattr(
        prefect_stage, "time", SimpleNamespace(monotonic=lambda: dashboard.now), raising=True
    )
    monkeypatch.setattr(
        prefect_stage.ProgressArtifact,
        "_send",
        lambda artifact, percent, note: dashboard.move_bar(artifact, percent, note),
    )
    with prefect_stage.report_progress("progress-asking") as progress:
        for page in range(PAGES):
            dashboard.now += 1.0
            progress(page + 1, PAGES)


@pytest.mark.parametrize("error", [None, httpx.ReadTimeout("silent")])
def test_a_slow_or_silent_server_takes_a_twentieth_of_the_time_and_one_move_more(
    monkeypatch, error
):
    dashboard = Dashboard(seconds=16.0, error=error)
    read_book(dashboard, monkeypatch)
    assert len(dashboard.moments) > 2, "it is asked again, since it may be there again"
    assert dashboard.spent <= PAGES / 20 + 2 * dashboard.seconds


def test_the_bar_of_a_quick_server_moves_every_few_seconds(monkeypatch):
    dashboard = Dashboard(seconds=0.01)
    read_book(dashboard, monkeypatch)
    assert dashboard.moments[0] == pytest.approx(1005, abs=1)
    assert len(dashboard.moments) > PAGES / 7
