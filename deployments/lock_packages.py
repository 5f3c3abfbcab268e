"""`make lock`: every package of a study by version and by the SHA-256 of its files, for
`pip install --require-hashes`.

    locked.txt        what a study needs, torch's builds for CUDA and for CPUs among it
    locked-cuda.txt   what torch's build for CUDA needs besides, and nothing else does

The versions are those of constraints.txt; uv finds the files. Torch's build for CPUs is in no
index that everybody has: the hash is that of the wheel which pip finds here.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tasks.schemas.project import PROJECT_ROOT

LOCKED, LOCKED_CUDA = PROJECT_ROOT / "locked.txt", PROJECT_ROOT / "locked-cuda.txt"
CUDA = re.compile(r"(nvidia|cuda)-|triton==")  # names of what only torch's build for CUDA needs
HEAD = "# By `make lock`: {what}.\n"


class LockFiles(NamedTuple):
    """The texts of both files."""

    locked: str
    cuda: str


def split_lock(resolved: str, cpu_build: str) -> LockFiles:
    """Two files from one resolution; the hash of torch's build for CPUs joins those of its other
    builds.
    """
    entries = re.findall(r"^[a-z0-9].*(?:\n +--hash.*)+", resolved, re.MULTILINE)
    also = f" \\\n    --hash=sha256:{cpu_build}"
    plain = [
        entry + also if entry.startswith("torch==") else entry
        for entry in entries
        if not CUDA.match(entry)
    ]
    cuda = [entry for entry in entries if CUDA.match(entry)]
    return LockFiles(
        HEAD.format(what="what a study needs, for pip install --require-hashes --no-deps")
        + "\n".join(plain)
        + "\n",
        HEAD.format(what="what torch's build for CUDA needs besides") + "\n".join(cuda) + "\n",
    )


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
    """Write both files."""
    resolved = resolve_packages("setuptools>=77")  # builds this package itself
    (version,) = re.findall(r"^torch==(\S+)", resolved, re.MULTILINE)
    files = split_lock(resolved, hash_cpu_build(version))
    LOCKED.write_text(files.locked, "utf-8")
    LOCKED_CUDA.write_text(files.cuda, "utf-8")


if __name__ == "__main__":
    main()
