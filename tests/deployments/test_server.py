"""A real server, two process workers in separate homes, one shared store: a study whose tuning runs on the gpu pool."""

import shutil
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest
from support.object_store import serve_bucket
from support.postgres import serve_database
from support.prefect_team import NOT_SHARED, find_free_port
from support.prefect_team import start_team as a_team
from support.small_study import build_small_plan

pytestmark = pytest.mark.timeout(600)
SLOW = pytest.mark.slow


@pytest.fixture(
    scope="module",
    params=["SQLite and a folder", pytest.param("PostgreSQL and a bucket", marks=SLOW)],
)
def team(request, tmp_path_factory):
    """The team, once with what is at hand, once as it is set up for many.

    The first finds book, items and base model of the finished study in its store; the second starts from nothing.
    """
    folder = tmp_path_factory.mktemp("team")
    with ExitStack() as stack:
        if request.param.startswith("SQLite"):
            copy_prepared_store(request.getfixturevalue("finished").store, folder / "runs")
            yield stack.enter_context(a_team(folder))
        else:
            store = stack.enter_context(
                serve_bucket(stack.enter_context(pytest.MonkeyPatch.context()))
            )
            yield stack.enter_context(
                a_team(
                    folder,
                    store,
                    stack.enter_context(serve_database(folder / "postgres", find_free_port())),
                )
            )


def copy_prepared_store(finished, store):
    """All that comes before the tuning."""
    shutil.copytree(
        finished,
        store,
        symlinks=True,
        ignore=shutil.ignore_patterns(*NOT_SHARED, "studies", "latest"),
    )
    for stage in ("finetune_adapter", "write_report"):
        shutil.rmtree(store / "results" / stage)


@pytest.fixture(scope="module")
def client(team):
    return team.client


def schedule_study(client, cron, name):
    """Run the small study under a name of its own when `cron` says so."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    deployment = client.read_deployment_by_name("study/laptop")
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron=cron, timezone="Asia/Tehran"),
        active=True,
        parameters={"plan": build_small_plan(name=name).model_dump(mode="json")},
    )
    client.create_deployment_schedules(deployment.id, [(schedule.schedule, schedule.active)])
    return deployment


@pytest.fixture(scope="module")
def study(team, client):
    """A study that was asked for at its deployment, with tuning sent to tune/gpu; a nightly schedule was set before."""
    deployment = schedule_study(client, "0 3 * * *", "by-night")
    run = client.create_flow_run_from_deployment(
        deployment.id,
        parameters={"plan": build_small_plan().model_dump(mode="json"), "gpu": "tune/gpu"},
    )
    return team.wait_until_final(run)


def test_the_study_completes_and_the_report_is_there(team, study):
    assert study.state.is_completed(), study.state.message
    assert (team.runs / "studies" / "small" / "verdict.json").is_file()


def test_the_tuning_ran_on_the_gpu_pool(team, study):
    tunes = [run for run in team.read_flow_runs() if run.work_pool_name == "gpu"]
    assert [run.state.is_completed() for run in tunes] == [True]
    assert study.work_pool_name == "cpu"


def test_the_report_is_an_artifact_of_the_run(client, study):
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["report"]))
    )
    assert any(
        artifact.flow_run_id == study.id and 'dir="rtl"' in artifact.data for artifact in found
    )


def test_a_cron_deployment_gets_scheduled_runs(team, study):
    """SQLAlchemy 2.1 silently stops the scheduler; this is what would tell."""
    begun = time.monotonic()
    while (
        not (mine := [run for run in team.read_flow_runs() if run.auto_scheduled])
        and time.monotonic() - begun < 150
    ):
        time.sleep(2)
    assert mine, "no scheduled run was created"


@pytest.mark.slow
def test_a_scheduled_run_fires_in_time(team, client, study):
    schedule_study(client, "* * * * *", "by-minute")
    begun = time.monotonic()
    while (
        not (
            fired := [run for run in team.read_flow_runs() if run.auto_scheduled and run.start_time]
        )
        and time.monotonic() - begun < 150
    ):
        time.sleep(2)
    assert fired, "no scheduled run was started"
    assert fired[0].start_time - fired[0].expected_start_time < timedelta(seconds=60)


def test_nothing_of_the_store_is_open_to_others(team, study):
    assert (team.runs / "results").stat().st_mode & 0o077 == 0


@pytest.fixture(scope="module")
def browser():
    """Chromium, and what a person opens in it."""
    pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]"
    )
    from support.browser.headless_chromium import CHROMIUM, open_chromium

    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with open_chromium() as browser:
        yield browser


@pytest.mark.browser
def test_the_runs_page_shows_name_tags_graph_and_retry(team, study, browser):
    from support.browser.dashboard_page import open_page

    page = open_page(
        browser,
        f"{team.address}/runs/flow-run/{study.id}",
        "small · books/handbook.pdf · tiny",
        team.login,
    )
    for text in ("Completed", "free", "Retry", "Subflow Runs", "Artifacts"):
        assert page.get_by_text(text).first.is_visible(), text
    canvas = page.locator("canvas").first  # the graph is drawn, not written
    canvas.wait_for(timeout=30_000)
    assert canvas.bounding_box()["width"] > 400


@pytest.mark.browser
def test_the_report_runs_from_right_to_left_on_the_dashboard(team, client, study, browser):
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from support.browser.dashboard_page import open_page

    found = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["report"]))
    )
    report = next(artifact for artifact in found if artifact.flow_run_id == study.id)
    page = open_page(
        browser, f"{team.address}/artifacts/artifact/{report.id}", "مدل پایه", team.login
    )
    cell = page.locator("td, th").filter(has_text="مدل پایه").first
    assert cell.evaluate("cell => getComputedStyle(cell).direction") == "rtl"
    assert page.locator("table tr").count() > 2


@pytest.mark.browser
def test_the_form_of_a_deployment_tells_each_choice_in_a_sentence(team, client, study, browser):
    from support.browser.dashboard_page import open_page

    deployment = client.read_deployment_by_name("study/laptop")
    page = open_page(
        browser,
        f"{team.address}/deployments/deployment/{deployment.id}/run",
        "what to do; the defaults are the laptop study",
        team.login,
    )
    for sentence in (
        "path of the PDF",
        "how fast to do it; never changes the result",
        "deployment that tunes and scores, e.g. tune/gpu",
    ):
        page.get_by_text(sentence).first.wait_for(timeout=30_000)  # the form is drawn bit by bit


@pytest.mark.slow
def test_a_sweep_sends_as_many_settings_at_once_as_there_are_workers(team, client, study):
    from itertools import combinations

    team.start_worker("gpu", "gpu-2")
    while len(client.read_workers_for_work_pool("gpu")) < 2:
        time.sleep(1)
    plan = {
        "name": "team",
        "study": build_small_plan().model_dump(mode="json"),
        "grid": {"finetuning.rank": [2, 4, 8, 16]},
    }
    run = team.wait_until_final(team.request_run("sweep/laptop", plan=plan, gpu="arm/gpu"))
    assert run.state.is_completed(), run.state.message
    assert (team.runs / "sweeps" / "team" / "index.html").is_file()
    arms = [
        one
        for one in team.read_flow_runs()
        if one.deployment_id == client.read_deployment_by_name("arm/gpu").id
    ]
    assert len(arms) == 4 + 1 and all(
        one.state.is_completed() for one in arms
    )  # the chosen one sits the final questions, too
    together = [
        max(a.start_time, b.start_time) < min(a.end_time, b.end_time)
        for a, b in combinations(arms, 2)
    ]
    assert any(together)
    for moment in (one.start_time for one in arms):
        assert sum(one.start_time <= moment < one.end_time for one in arms) <= 2
