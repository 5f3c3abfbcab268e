"""A worker for one pool, with our settings: `book2lora-worker cpu` or `book2lora-worker gpu`; `--limit N` for more runs at once."""

import os
import sys

from deployments.register import POOLS


def main() -> None:
    """Replace this process by Prefect's process worker."""
    from flows.settings import settle

    settle(verbose=True)
    pool = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    os.execv(sys.executable, [sys.executable, "-m", "prefect", *start(pool, *sys.argv[2:])])


def start(pool: str, *options: str) -> list[str]:
    """Prefect's arguments. What a worker has no room for waits in the queue and is begun as soon as there is; a limit of the
    deployment would try again every 30 s only."""
    is_told = any(option.startswith(("--limit", "-l")) for option in options)
    limit = [] if is_told else ["--limit", str(POOLS.get(pool, 1))]
    return ["worker", "start", "--pool", pool, *limit, *options]


if __name__ == "__main__":
    main()
