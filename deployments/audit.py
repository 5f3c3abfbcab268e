"""`make audit`: known holes in the pinned packages, by pip-audit; says so where it could
not look.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from tasks.schemas.project import PROJECT_ROOT


def audit_packages() -> tuple[int, str]:
    """Exit code and sentence: 0 nothing known, 1 holes, 2 it could not be told."""
    if find_spec("pip_audit") is None:
        return 2, "not audited: pip-audit is not installed here (make audit installs it)"
    options = [
        "-r",
        str(PROJECT_ROOT / "constraints.txt"),
        "--no-deps",
        "--disable-pip",
        "-f",
        "json",
        "--progress-spinner",
        "off",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, check=False
    )
    try:
        return summarize_audit(json.loads(done.stdout)["dependencies"])
    except (json.JSONDecodeError, KeyError):
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return 2, f"not audited: {reason[:300]}"


def summarize_audit(dependencies: list[dict[str, Any]]) -> tuple[int, str]:
    """What pip-audit found; a package it could not look up is counted, not taken for sound."""
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in"
        f" {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in dependencies
        for hole in one.get("vulns", [])
    ]
    looked = len(dependencies) - len(skipped)
    if not looked:
        return (
            2,
            f"not audited: none of {len(skipped)} packages could be looked up; is there a network?",
        )
    unknown = f"; {len(skipped)} could not be looked up" if skipped else ""
    return (1 if holes else 0), "\n".join(
        [*holes, f"{len(holes)} known holes in {looked} packages{unknown}"]
    )


def main() -> None:
    """Print and exit."""
    code, sentence = audit_packages()
    print(sentence)  # noqa: T201 (the answer)
    sys.exit(code)


if __name__ == "__main__":
    main()
