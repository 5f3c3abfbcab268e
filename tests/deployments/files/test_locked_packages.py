"""What `make study` installs is known by the hash of each file, at the versions that were tested."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deployments.lock_packages import OF_TORCH, split_lock

ROOT = Path(__file__).parents[3]
ENTRY = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)==(\S+).*((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", re.M
)
ELSEWHERE = {  # of other Pythons and systems than the tested one; what builds this package
    "async-timeout",
    "httpx2-jsfetch",
    "pywin32",
    "setuptools",
    "whenever",
}
FILES = ("locked.txt", "locked-torch.txt", "locked-torch-cpu.txt")


def normalize_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_versions(file: str) -> dict[str, str]:
    text = (ROOT / file).read_text("utf-8")
    return {
        normalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M)
    }


@pytest.mark.parametrize("file", FILES)
def test_every_package_of_a_lock_has_a_version_and_hashes_and_nothing_else_stands_there(file):
    text = (ROOT / file).read_text("utf-8")
    assert ENTRY.sub("", text).strip().splitlines() == text.splitlines()[:1]
    assert len(ENTRY.findall(text)) == len(read_versions(file))


def test_the_locked_versions_are_the_tested_ones():
    tested, locked = read_versions("constraints.txt"), read_versions("locked.txt")
    untested = {name for name in locked if locked[name] != tested.get(name)}
    assert untested == ELSEWHERE


def test_every_requirement_of_the_package_is_locked():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {
        normalize_name(re.match(r"[\w.-]+", line)[0])
        for line in project["dependencies"]  # type: ignore[index]
    }
    assert len(wanted) > 20 and wanted - {"torch"} <= read_versions("locked.txt").keys()


def list_requirements(project: str) -> set[str]:
    """What a package of this environment needs on this platform, and what that needs."""
    found: set[tuple[str, str]] = set()
    waiting = [(project, "")]
    while waiting:
        name, extra = waiting.pop()
        for line in metadata.requires(name) or ():
            need = Requirement(line)
            if need.marker and not need.marker.evaluate({"extra": extra}):
                continue
            new = {(normalize_name(need.name), one) for one in ("", *need.extras)} - found
            found |= new
            waiting += new
    return {name for name, _ in found}


def test_what_the_requirements_need_is_locked_too():
    """The locks are installed without looking for requirements (`--no-deps`)."""
    needed = list_requirements("book2lora")
    locked = {name for file in FILES[:2] for name in read_versions(file)}
    assert len(needed) > 80 and not needed - locked


def test_torch_stands_apart_and_its_two_builds_are_one_version():
    locked, torch, cpu = map(read_versions, FILES)
    assert not any(OF_TORCH.match(f"{name}==") for name in locked)
    assert all(OF_TORCH.match(f"{name}==") for name in torch)
    assert cpu == {"torch": torch["torch"] + "+cpu"}
    assert torch["torch"] == read_versions("constraints.txt")["torch"]


def test_a_resolution_is_split_without_losing_an_entry():
    resolved = "\n".join(
        f"{name}==1 ; sys_platform == 'linux' \\\n    --hash=sha256:{sign * 64}"
        for name, sign in (("attrs", "a"), ("nvidia-x", "b"), ("torch", "c"), ("triton", "d"))
    )
    files = split_lock(resolved + "\n")
    assert re.findall(r"^[a-z-]+(?===)", files.locked, re.M) == ["attrs"]
    assert re.findall(r"^[a-z-]+(?===)", files.torch, re.M) == ["nvidia-x", "torch", "triton"]
    assert "\n".join([files.locked, files.torch]) == resolved
