"""Run every bench beside this file and put their tables into docs/benchmarks.md, bad news included.

make bench                 all of them
make bench ARGS=scoring    those whose name holds one of these words
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "benchmarks.md"
PACKAGES = ("torch", "transformers", "peft", "trl", "lm-eval", "prefect", "openai", "pypdfium2", "pdfminer.six")


def main(words: list[str]) -> int:
    """Each bench in a process of its own; one that fails is told, and the others still run."""
    benches = [path for path in sorted(HERE.glob("bench_*.py")) if not words or any(word in path.stem for word in words)]
    parts, failed = [head()], 0
    for bench in benches:
        print(f"— {bench.stem}", flush=True)
        done = subprocess.run(
            [sys.executable, bench],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=HERE.parents[1],
            env={**os.environ, "PYTHONPATH": "."},
        )
        failed += bool(done.returncode)
        told = done.stdout.strip() or "(nothing)"
        print(told, flush=True)
        parts.append(
            f"## {bench.stem.removeprefix('bench_')}\n\n{told}"
            + ("" if done.returncode == 0 else f"\n\n**It failed with exit code {done.returncode}.**")
        )
    if not words:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text("\n\n".join(parts) + "\n", "utf-8")
        print(f"written to {TABLE}")
    return 1 if failed else 0


def head() -> str:
    """Machine and versions: figures mean nothing without them."""
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"# Benchmarks\n\nWritten by `make bench` on {datetime.now(UTC):%Y-%m-%d}. {machine}; {versions}.\nRatios within one run are what counts; absolute times are this machine's."


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
