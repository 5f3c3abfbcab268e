"""Every Prefect setting of ours, in one place. Call `settle()` before Prefect is imported; what is
set already stays.
"""

import os
from pathlib import Path

from tasks.store.paths import make_private_dir

# History, results and cache lie beside the artifacts, so that a server started later shows the
# earlier studies.
# Stages keep their records as plain JSON under results/ (tasks/engine/stage.py); Prefect keeps
# none, so that a retry asks the stages.


def configure_prefect(verbose: bool = False) -> None:
    """Point Prefect at this store, quiet and without telemetry."""
    ensure_home()
    home, results = make_private_dir(".prefect"), make_private_dir("results")
    for name, value in {
        "PREFECT_HOME": str(home),
        "PREFECT_LOCAL_STORAGE_PATH": str(results),
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_LOGGING_LEVEL": "INFO" if verbose else "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING" if verbose else "CRITICAL",
        # slow machines need more than the 20 s default
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
        # seconds; five more tries, so that a server that has gone silent is told in a quarter of an
        # hour
        "PREFECT_API_REQUEST_TIMEOUT": "30",
        # seconds; deployments/automations.yaml takes a long silence for death
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        # survives a restart
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
        # not 30, until a run that had to wait is tried again
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
        # a run leaves 0.4 MB; those that ended 90 days ago go (history_retention.py)
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # spinning threads make a busy machine slower than one thread would be
        "OMP_WAIT_POLICY": "PASSIVE",
    }.items():
        os.environ.setdefault(name, value)


def ensure_home() -> None:
    """Give a user that this machine does not know (a container's number) a home in the store;
    Prefect and torch ask for one.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(make_private_dir(".home"))
