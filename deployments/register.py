"""Create both work pools and all deployments on the server that PREFECT_API_URL names."""

import subprocess
import sys

from tasks.store import HOUSE

POOLS = ("cpu", "gpu")


def register(environment: dict[str, str] | None = None) -> None:
    """Idempotent. Raises CalledProcessError, with what Prefect said, where the server refuses."""
    for pool in POOLS:
        prefect("work-pool", "create", pool, "--type", "process", "--overwrite", environment=environment)
    prefect("--no-prompt", "deploy", "--all", environment=environment)


def prefect(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """A short Prefect command; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments], env=environment, cwd=HOUSE, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"prefect {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    from flows.settings import settle

    settle()
    register()
