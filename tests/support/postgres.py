"""A PostgreSQL of one's own on a free loopback port, for as long as a test needs it."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that a database's user may enter: pytest closes its own ones at each session's start."""
    folder = Path(tempfile.mkdtemp(prefix="book2lora-tests-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def find_program(name: str) -> str:
    """Debian keeps the newest version's programs out of the PATH."""
    found = shutil.which(name) or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)),
        None,
    )
    if found is None:
        pytest.skip(f"needs PostgreSQL: apt-get install postgresql ({name} was not found)")
    return found


@contextmanager
def serve_database(folder: Path, port: int) -> Iterator[str]:
    """The address that Prefect takes (PREFECT_API_DATABASE_CONNECTION_URL)."""
    initdb, postgres_control = find_program("initdb"), find_program("pg_ctl")
    folder.mkdir(parents=True)
    run = (
        []
        if os.geteuid()
        else ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    )  # it refuses to run as root
    if run:
        shutil.chown(folder, "nobody", "nogroup")
        for parent in folder.parents:  # pytest's folders are for root only
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    data, quiet = (
        folder / "data",
        {
            "check": True,
            "capture_output": True,
            "cwd": folder,
            "env": {**os.environ, "HOME": str(folder)},
        },
    )
    subprocess.run(
        [
            *run,
            initdb,
            "-D",
            data,
            "-U",
            "prefect",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
        ],
        **quiet,
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    subprocess.run(
        [*run, postgres_control, "-D", data, "-w", "-l", folder / "log", "-o", options, "start"],
        **quiet | {"capture_output": False},
    )
    try:
        subprocess.run(
            [
                find_program("createdb"),
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
                "-U",
                "prefect",
                "prefect",
            ],
            **quiet,
        )
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
    finally:
        # not by pg_ctl: another session of pytest may have closed the folders above to its user by now
        server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        server.send_signal(signal.SIGQUIT)  # "immediate"
        server.wait(30)
