"""A stopped run is Cancelled on the dashboard with all that it had under way; what was done stays done."""

from prefect import flow, get_client, task
from prefect.states import Completed, Running

from tasks.engine.orchestration.cancellation import set_cancelled


@flow(name="stopped")
def stopped() -> None:
    """Never called."""


@task(name="stage")
def stage() -> None:
    """Never called."""


def test_stages_under_way_are_cancelled_with_their_run_and_finished_ones_stay(prefect):
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(stopped)
        client.set_flow_run_state(run.id, Running(), force=True)
        done, under_way = (
            client.create_task_run(stage, run.id, dynamic_key=name, state=state)
            for name, state in (("done", Completed()), ("under way", Running()))
        )
        set_cancelled([run.id])
        assert client.read_flow_run(run.id).state.name == "Cancelled"
        assert client.read_task_run(done.id).state.name == "Completed"
        assert client.read_task_run(under_way.id).state.name == "Cancelled"
