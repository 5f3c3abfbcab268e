"""A worker for one pool, with our settings: `book2lora-worker cpu` or `book2lora-worker gpu`."""

import os
import sys


def main() -> None:
    """Replace this process by Prefect's process worker."""
    from flows.settings import settle

    settle(verbose=True)
    pool = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    os.execv(sys.executable, [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, *sys.argv[2:]])


if __name__ == "__main__":
    main()
