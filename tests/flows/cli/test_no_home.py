"""A user whom the machine does not know, as in a container that runs under a number."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STRANGER = "import os, tasks.language.catalogue; from tasks.engine.orchestration.prefect_settings import configure_prefect; os.setuid(54321); os.environ.pop('HOME', None)\n"


def told_to(code, **environment):
    if os.geteuid():
        pytest.skip("becoming another user needs root")
    command = [sys.executable, "-c", STRANGER + code]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_user_without_a_home_gets_one_in_the_store():
    with tempfile.TemporaryDirectory() as store:
        Path(store).chmod(0o777)
        done = told_to("configure_prefect(); print(os.environ['HOME'])", RUNS_DIR=store)
        assert done.stdout.strip() == f"{store}/.home", done.stderr


def test_a_bucket_without_a_home_for_its_mirror_is_told_with_the_remedy():
    done = told_to(
        "configure_prefect()", RUNS_DIR="s3://bucket/team", RUNS_MIRROR="", XDG_CACHE_HOME=""
    )
    assert (
        "StoreError: RUNS_DIR=s3://bucket/team wants a folder on this machine" in done.stderr
        and "set RUNS_MIRROR" in done.stderr
    )
