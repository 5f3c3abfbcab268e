"""Create both work pools, all deployments and the watch for dead runs on the server that
PREFECT_API_URL names.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

import yaml

from tasks.language.catalogue import tell_error
from tasks.schemas.errors import PlanError, ServerError, StudyError
from tasks.schemas.messages import build_message
from tasks.schemas.project import PROJECT_ROOT
from tasks.store.redaction import redact_secrets

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

POOLS = {"cpu": 2, "gpu": 1}  # runs at once on one worker: one model on a card at a time


def register_deployments(
    environment: Mapping[str, str] | None = None, kubernetes: bool = False
) -> None:
    """Idempotent. Raises ServerError, with what Prefect said, where the server refuses."""
    environment = {**os.environ, **(environment or {})}
    from tasks.engine.orchestration.prefect_api import translate_api_errors

    with translate_api_errors():
        for pool in POOLS:
            create_work_pool(pool, environment, kubernetes)
    run_prefect("--no-prompt", "deploy", "--all", environment=environment)
    create_crash_automation(environment)


def create_work_pool(pool: str, environment: Mapping[str, str], kubernetes: bool) -> None:
    """Of process workers, or of Kubernetes jobs with the template of kubernetes.yaml; one that is
    there is replaced.
    """
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessWorker

    template = (
        yaml.safe_load((PROJECT_ROOT / "deployments" / "kubernetes.yaml").read_text("utf-8"))[
            "pools"
        ][pool]
        if kubernetes
        else ProcessWorker.get_default_base_job_template()
    )
    made = WorkPoolCreate(
        name=pool, type="kubernetes" if kubernetes else "process", base_job_template=template
    )
    with _open_client(environment) as client:
        client.create_work_pool(made, overwrite=True)


def create_crash_automation(environment: Mapping[str, str]) -> None:
    """The first automation of automations.yaml: a run whose machine was lost becomes Crashed, so
    that nobody waits for it.
    """
    from prefect.events.schemas.automations import AutomationCore

    tree = yaml.safe_load((PROJECT_ROOT / "deployments" / "automations.yaml").read_text("utf-8"))[
        "automations"
    ][0]
    watch = AutomationCore.model_validate(tree)
    with _open_client(environment) as client:
        if not client.read_automations_by_name(watch.name):
            client.create_automation(watch)


def _open_client(environment: Mapping[str, str]) -> "SyncPrefectClient":
    from prefect.client.orchestration import SyncPrefectClient

    return SyncPrefectClient(
        environment["PREFECT_API_URL"], auth_string=environment.get("PREFECT_API_AUTH_STRING")
    )


def run_prefect(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """A short Prefect command; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(
            build_message(
                "prefect-failed",
                command=redact_secrets(" ".join(arguments)),
                why=redact_secrets(f"{done.stdout[-2000:]}{done.stderr[-2000:]}"),
            )
        )
    return done.stdout


def main() -> None:
    """Exit codes: 0 done, 1 the server is away or refuses, 2 none is named."""
    from tasks.engine.orchestration.prefect_settings import configure_prefect

    configure_prefect()
    try:
        ensure_server_reachable()
        register_deployments(kubernetes="--kubernetes" in sys.argv)
    except StudyError as error:
        exit_with_error("register", error)


def ensure_server_reachable() -> None:
    """Raises PlanError where no server is named, ServerError where it does not let us in: Prefect
    would start one of its own.
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise PlanError(build_message("no-server-named"))
    from tasks.engine.orchestration.prefect_api import ensure_reachable

    ensure_reachable()


def exit_with_error(name: str, error: StudyError) -> NoReturn:
    """One sentence, and the exit code of its kind."""
    sys.stderr.write(f"{name}: {tell_error(error)}\n")
    sys.exit(2 if isinstance(error, PlanError) else 1)


if __name__ == "__main__":
    main()
