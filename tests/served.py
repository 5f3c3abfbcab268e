"""A Prefect server as `make dashboard` starts it, alone."""

import os
import subprocess
from contextlib import contextmanager

from team import free_port

from deployments.dashboard import wait_healthy
from flows.server_app import server_command, server_environment


@contextmanager
def served(folder, login):
    """Its address."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = kept | {"PREFECT_HOME": str(folder / "home")} | server_environment("127.0.0.1", port, login)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(server_command("127.0.0.1", port), env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        wait_healthy(f"http://127.0.0.1:{port}/api/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
