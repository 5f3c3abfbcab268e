"""`make lock`: every package of a study by version and by the SHA-256 of its files, for
`pip install --require-hashes --no-deps`.

    locked.txt             what a study needs but torch
    locked-torch.txt       torch as the package index has it, and what its build for CUDA needs
    locked-torch-cpu.txt   torch's build for CPUs, tried first: 200 MB instead of 4 GB

The versions are those of constraints.txt; uv finds the files. The build for CPUs is in no index
that everybody has: its hash is that of the wheel which pip finds here for this Python.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tasks.schemas.project import PROJECT_ROOT

OF_TORCH = re.compile(r"(nvidia|cuda)-|(triton|torch)==")  # what no other package needs
HEAD = "# By `make lock`, for pip install --require-hashes --no-deps.\n"


class LockFiles(NamedTuple):
    """The entries of both files that uv's answer makes."""

    locked: str
    torch: str


def split_lock(resolved: str) -> LockFiles:
    """Torch's packages apart from the others, of one resolution."""
    entries = re.findall(r"^[a-z0-9].*(?:\n +--hash.*)+", resolved, re.MULTILINE)
    locked = [entry for entry in entries if not OF_TORCH.match(entry)]
    torch = [entry for entry in entries if OF_TORCH.match(entry)]
    return LockFiles("\n".join(locked), "\n".join(torch))


def resolve_packages(build_tool: str) -> str:
    """uv's answer for every platform: one entry a package, with the hashes of all its files.
    Raises CalledProcessError where uv finds none.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--generate-hashes"]
    options = ["--no-header", "--no-annotate", "--universal", "--python-version", "3.11"]
    done = subprocess.run(
        [*command, *options, "--constraints", "constraints.txt", "pyproject.toml", "-"],
        input=build_tool,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
    )
    return done.stdout


def hash_cpu_build(version: str) -> str:
    """SHA-256 of the wheel of torch for CPUs that pip finds for this Python."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--no-deps", "--quiet", "--dest", folder, f"torch=={version}+cpu"]
        subprocess.run([sys.executable, "-m", "pip", "download", *wanted], check=True)
        (wheel,) = Path(folder).iterdir()
        with wheel.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> None:
    """Write the three files."""
    files = split_lock(resolve_packages("setuptools>=77"))  # builds this package itself
    (version,) = re.findall(r"^torch==(\S+)", files.torch, re.MULTILINE)
    cpu_build = f"torch=={version}+cpu \\\n    --hash=sha256:{hash_cpu_build(version)}"
    for name, entries in (("", files.locked), ("-torch", files.torch), ("-torch-cpu", cpu_build)):
        (PROJECT_ROOT / f"locked{name}.txt").write_text(f"{HEAD}{entries}\n", "utf-8")


if __name__ == "__main__":
    main()
