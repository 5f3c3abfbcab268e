"""A PostgreSQL of the store for the dashboard's server, where PostgreSQL is installed.

SQLite lets one writer in at a time: under a team of workers Prefect's server answered 503. The
database listens on a socket in a folder that its user alone can open, and on no port.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployments.supervisor import Part, log_of
from tasks.engine.orchestration.database_folder import get_database_dir
from tasks.schemas.errors import StudyError
from tasks.schemas.messages import build_message
from tasks.store.paths import make_private_dir

DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")  # by version, and not in the PATH
ROOT_USER = "postgres"  # of the package
NAME = "prefect"  # of the database's user
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")  # bytes, sockaddr_un of unix(7)
STARTUP_SECONDS = 60.0  # recovery after a kill takes some
LOCALE = {"LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class DatabaseCluster:
    """Where a database lies, its programs, and whose processes it runs in (None: ours)."""

    programs: Path
    data: Path
    sockets: Path
    user: str | None
    is_new: bool = field(default=False, compare=False)  # made by this start: nothing is in it

    @property
    def address(self) -> str:
        """For PREFECT_SERVER_DATABASE_CONNECTION_URL."""
        return f"postgresql+asyncpg://{NAME}@/postgres?host={self.sockets}"

    def build_part(self) -> Part:
        """The database's process, to be supervised."""
        options = ["-D", str(self.data), "-k", str(self.sockets), "-c", "listen_addresses="]
        command = [str(self.programs / "postgres"), *options]
        return Part("database", command, _get_environment(), user=self.user)

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Raises StudyError where it ends or stays silent."""
        begun = time.monotonic()
        asks = [str(self.programs / "pg_isready"), "--quiet", "-h", str(self.sockets)]
        while time.monotonic() - begun < STARTUP_SECONDS and process.poll() is None:
            if subprocess.run(asks, env=_get_environment(), check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise StudyError(build_message("database-ended", log=str(log_of("database"))))


def prepare_database(environment: Mapping[str, str]) -> DatabaseCluster | None:
    """The store's database, made at the first call; None where another is named or PostgreSQL is
    not installed. Raises StudyError where its files are of another version.
    """
    if names_database(environment):
        return None
    is_root = os.geteuid() == 0
    if not is_root:
        make_private_dir(".prefect")
    data = get_database_dir()
    version = (data / "PG_VERSION").read_text().strip() if data.exists() else None
    programs = find_programs(version)
    if programs is None:
        if version is None:
            return None
        raise StudyError(build_message("database-version", version=version, data=str(data)))
    user = ROOT_USER if is_root else None
    if version is None:
        _create_cluster(programs, data, user)
    return DatabaseCluster(programs, data, _get_socket_folder(data), user, version is None)


def names_database(environment: Mapping[str, str]) -> bool:
    """Whether the environment says which database Prefect's server is to use."""
    return any(
        environment.get(f"PREFECT_{group}_DATABASE_{name}")
        for group in ("SERVER", "API")
        for name in ("CONNECTION_URL", "HOST")
    )


def find_programs(version: str | None) -> Path | None:
    """The folder of PostgreSQL's programs: of a version, or the newest."""
    if version is None and (found := shutil.which("postgres")):
        return Path(found).resolve().parent
    folders = [
        folder for folder in DEBIAN_PROGRAMS.glob("*/bin") if (folder / "postgres").is_file()
    ]
    if version is not None:
        folders = [folder for folder in folders if folder.parent.name == version]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def _get_socket_folder(data: Path) -> Path:
    """Beside the files, or where that path is too long for a socket in a folder of its own."""
    if len(os.fsencode(data)) <= LONGEST_SOCKET_FOLDER:
        return data
    return Path(tempfile.mkdtemp(prefix="book2lora-"))


def _create_cluster(programs: Path, data: Path, user: str | None) -> None:
    """Whole or not at all: made beside its place and moved there."""
    data.parent.mkdir(parents=True, exist_ok=True)
    new = data.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)  # of a start that was interrupted
    new.mkdir(mode=0o700)
    if user:
        shutil.chown(new, user)
    options = ["-D", str(new), "-U", NAME, "--auth=trust", "--encoding=UTF8"]
    done = subprocess.run(
        [str(programs / "initdb"), *options],
        env=_get_environment(),
        user=user,
        cwd="/",
        capture_output=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()[-1000:]
        raise StudyError(build_message("database-not-made", data=str(data), why=why))
    new.rename(data)


def _get_environment() -> dict[str, str]:
    """Nothing of ours: no secret is the database's business."""
    return {"PATH": os.environ["PATH"], **LOCALE}
