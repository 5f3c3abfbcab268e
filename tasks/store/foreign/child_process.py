"""What parses a foreign file runs in a process of its own: it may crash, hang or be taken over, and
has no keys to lose.
"""

import os
import sys
from pathlib import Path

from tasks.store.redaction import SECRET_NAME

ROOT = str(Path(__file__).resolve().parents[3])


def command(module: str, *arguments: str) -> list[str]:
    """Python with one of our modules; -P: a file in the working folder is no module."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """This process's own without its secrets; our modules are found, and none in the working
    folder.
    """
    harmless = {
        name: value for name, value in os.environ.items() if not SECRET_NAME.search(name.upper())
    }
    return harmless | {
        "PYTHONPATH": os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": "1",
    }
