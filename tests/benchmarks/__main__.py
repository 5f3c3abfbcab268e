"""Run every bench beside this file; their tables go into docs/benchmarks.md, their headlines into the README, bad news included.

make bench                 all of them
make bench ARGS=scoring    those whose name holds one of these words; the others' tables stay as they were
"""

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from headline import find_headlines, move_headlines_last

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
TABLES, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"
BEGIN, END = "<!-- benchmarks: written by make bench -->", "<!-- end of benchmarks -->"
PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "lm-eval",
    "prefect",
    "openai",
    "pypdfium2",
    "pdfminer.six",
)
HEAD = "# Benchmarks\n\nWritten by `make bench`. Ratios within one run are what counts; absolute times are the machine's."


def main(words: list[str]) -> int:
    """Each bench in a process of its own; one that fails is told, and the others still run."""
    parts, failed = read_known_tables(), 0
    for bench in sorted(HERE.glob("bench_*.py")):
        if words and not any(word in bench.stem for word in words):
            continue
        print(f"— {bench.stem}", flush=True)
        told, code = run_bench(bench)
        print(told, flush=True)
        failed += bool(code)
        parts[bench.stem.removeprefix("bench_")] = f"{describe_circumstances()}\n\n{told}" + (
            f"\n\n**Its exit code was {code}.**" if code else ""
        )
        write_tables(parts)
    print(f"written to {TABLES.relative_to(ROOT)} and {README.name}")
    return 1 if failed else 0


def run_bench(bench: Path) -> tuple[str, int]:
    """What it printed, and its exit code."""
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    done = subprocess.run(
        [sys.executable, bench],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **paths},
    )
    return move_headlines_last(done.stdout) or "(nothing)", done.returncode


def read_known_tables() -> dict[str, str]:
    """The tables as they stand, by bench."""
    text = TABLES.read_text("utf-8") if TABLES.is_file() else ""
    return {
        name: part.strip()
        for name, part in re.findall(
            r"^## (\w+)\n(.*?)(?=^## \w+\n|\Z)", text, re.MULTILINE | re.DOTALL
        )
    }


def write_tables(parts: dict[str, str]) -> None:
    """Tables and headlines, each in its place."""
    TABLES.write_text(
        "\n\n".join([HEAD, *(f"## {name}\n\n{parts[name]}" for name in sorted(parts))]) + "\n",
        "utf-8",
    )
    rows = [
        f"| {row.what} | {row.figure} | {row.target} |"
        for name in sorted(parts)
        for row in find_headlines(parts[name])
    ]
    table = "\n".join(["| measured | figure | target |", "|---|---|---|", *rows])
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", "utf-8")


def describe_circumstances() -> str:
    """Day, machine and versions: figures mean nothing without them."""
    versions = ", ".join(
        f"{name} {version}" for name in PACKAGES if (version := _get_version(name))
    )
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {machine}; Python {platform.python_version()}, {versions}."
    )


def _get_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
