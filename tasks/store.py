"""Where artifacts lie, and how a file comes there: whole or not at all."""

import hashlib
import os
import tempfile
from pathlib import Path

HOUSE = Path(__file__).parents[1]  # the project's own folder, where plans/ and books/ stand


def runs_dir() -> Path:
    """Where all artifacts lie: $RUNS_DIR, or ./runs."""
    return Path(os.environ.get("RUNS_DIR", "runs")).absolute()


def person_file(path: str | Path) -> Path | None:
    """A file that a plan names: as it is from the working folder, else from the project's; none where there is none."""
    return next((place for place in (Path(path), HOUSE / path) if place.is_file()), None)


def digest_of(content: bytes) -> str:
    """The first 16 hex digits of SHA-256: 64 bits, ample for one store."""
    return hashlib.sha256(content).hexdigest()[:16]


def folder_digest(folder: Path) -> str:
    """Digest over the names and contents of all files below a folder."""
    whole = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        with file.open("rb") as stream:
            whole.update(f"{file.relative_to(folder).as_posix()}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
