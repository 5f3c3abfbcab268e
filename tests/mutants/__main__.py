"""`make mutants`: small faults are put into the pure modules one at a time; the quick tests must fail at each.

    make mutants                                # every group; goes on where it was stopped
    make mutants ARGS="budget keys"             # these groups
    make mutants ARGS="grounding --sample 150"  # a seeded sample of a group, for a first picture

mutmut makes the mutants and runs the tests (pyproject.toml, [tool.mutmut]); its results stay in
mutants/ until a function or a test file changes. Survivors that no test need kill stand in
explained.yaml, each with its reason. Exit code 1: a survivor that is not explained, or a group of
which less than 85 % are killed.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
WANTED_SHARE = 0.85  # of a group's mutants
GROUPS = {
    "keys": ("tasks/engine", "tasks/schemas"),
    "budget": ("tasks/generation",),
    "splitting": ("tasks/validation/splitting",),
    "grounding": ("tasks/validation/checks",),
    "statistics": ("tasks/evaluation/statistics",),
}
STATES = {0: "survived", 5: "no tests", 33: "no tests", None: "open"}  # all others: killed


class Mutant(NamedTuple):
    """One fault and what became of it."""

    name: str
    module: str
    state: str

    def is_new_survivor(self, explained: "set[Change]") -> bool:
        """Whether it survives, or no test reaches it, and nobody has said why."""
        return self.state in ("survived", "no tests") and not read_change(self.name).is_in(
            explained
        )

    def is_to_be_tried(self, explained: "set[Change]") -> bool:
        """A survivor is tried again, since a test may have been added."""
        return self.state == "open" or self.is_new_survivor(explained)


class Change(NamedTuple):
    """A line as it is and as the mutant has it, in a function."""

    function: str
    line: str
    mutated: str

    def is_in(self, explained: set["Change"]) -> bool:
        """Whether this change is explained, or one like it in every function (`*`)."""
        everywhere = [one for one in explained if one.function == "*"]
        return self in explained or any(
            re.sub(one.line, one.mutated, self.line) == re.sub(one.line, one.mutated, self.mutated)
            for one in everywhere
        )


def main() -> int:
    """Run what was asked for and tell it."""
    asked = parse_arguments()
    os.chdir(ROOT)  # mutmut finds its files from here
    generate_mutants()
    is_passed = True
    for group in asked.groups or GROUPS:
        chosen = choose_mutants(group, asked.sample, asked.seed)
        explained = load_explained()
        run_mutants([one.name for one in chosen if one.is_to_be_tried(explained)], asked.workers)
        done = {one.name for one in chosen}
        is_passed &= report_group(group, [one for one in read_mutants(group) if one.name in done])
    return 0 if is_passed else 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--sample", type=int, help="so many mutants of each group; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--workers", type=int, default=2, help="processes at once")
    asked = parser.parse_args()
    if unknown := set(asked.groups) - GROUPS.keys():
        parser.error(f"no such group: {', '.join(sorted(unknown))}. Groups: {', '.join(GROUPS)}")
    return asked


def generate_mutants() -> None:
    """Make the mutants, and note which tests reach which function; both are kept for the next time."""
    run_mutmut("tasks.schemas.digest.*", workers=1)


def run_mutants(names: list[str], workers: int) -> None:
    """Those whose result is not known; a hundred a call, so that a stop loses little."""
    for start in range(0, len(names), 100):
        print(f"  {start} of {len(names)}", file=sys.stderr)
        run_mutmut(*names[start : start + 100], workers=workers)


def run_mutmut(*names: str, workers: int) -> None:
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(workers)]
    done = subprocess.run([*command, *names], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mutmut failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def choose_mutants(group: str, sample: int | None, seed: int) -> list[Mutant]:
    """All mutants of a group, or so many drawn from all of its modules alike."""
    found = read_mutants(group)
    drawn = random.Random(seed).sample(found, min(sample or len(found), len(found)))
    return sorted(drawn)


def read_mutants(group: str) -> list[Mutant]:
    """What mutmut has written beside its copies of the modules."""
    return sorted(
        Mutant(name, file.stem.removesuffix(".py"), STATES.get(code, "killed"))
        for folder in GROUPS[group]
        for file in (ROOT / "mutants" / folder).rglob("*.meta")
        for name, code in json.loads(file.read_text("utf-8"))["exit_code_by_key"].items()
    )


def report_group(group: str, mutants: list[Mutant]) -> bool:
    """Print the figures of a group's modules and its survivors; whether it passes."""
    for module in sorted({one.module for one in mutants}):
        own = [one for one in mutants if one.module == module]
        print(f"{group:<12}{module:<22}{describe_share(own)}")
    print(f"{group:<12}{'all':<22}{describe_share(mutants)}")
    explained = load_explained()
    new = [one for one in mutants if one.is_new_survivor(explained)]
    for one in new:
        change = read_change(one.name)
        print(f"  {one.state}: {one.name}\n    - {change.line}\n    + {change.mutated}")
    print(f"  {len(new)} survivors are not explained\n", flush=True)
    return not new and compute_share(mutants) >= WANTED_SHARE


def describe_share(mutants: list[Mutant]) -> str:
    killed = sum(one.state == "killed" for one in mutants)
    return f"{killed:>5} killed {len(mutants) - killed:>4} not {compute_share(mutants):>7.1%}"


def compute_share(mutants: list[Mutant]) -> float:
    return sum(one.state == "killed" for one in mutants) / max(1, len(mutants))


def read_change(name: str) -> Change:
    """The mutant as the lines that differ."""
    from mutmut.mutation.diff_apply import find_mutant, get_diff_for_mutant

    data = find_mutant(name)
    lines = get_diff_for_mutant(name, path=data.path).splitlines()[2:]
    gone, come = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    function = name.rpartition("__mutmut_")[0].rpartition(".")[2].removeprefix("x_")
    return Change(function.removeprefix("xǁ").replace("ǁ", "."), gone, come)


def load_explained() -> set[Change]:
    """The survivors of explained.yaml; each must have a reason."""
    return set(
        iterate_explained(
            yaml.safe_load((ROOT / "tests/mutants/explained.yaml").read_text("utf-8"))
        )
    )


def iterate_explained(tree: dict[str, list[dict[str, object]]]) -> Iterator[Change]:
    for function, reasons in tree.items():
        for reason in reasons:
            if not reason["why"]:
                raise SystemExit(f"explained.yaml: {function}: a survivor without a reason")
            for line, mutated in reason["changes"]:
                yield Change(function, line, mutated)


if __name__ == "__main__":
    sys.exit(main())
