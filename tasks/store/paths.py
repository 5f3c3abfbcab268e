"""Where artifacts lie, and how a file comes there: whole or not at all."""

import errno
import functools
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.schemas.digest import compute_digest
from tasks.schemas.errors import StoreError
from tasks.schemas.messages import Term, build_message
from tasks.schemas.project import PROJECT_ROOT
from tasks.store.lock_files import lock_file, share_lock

# what a full or closed disk says, or one without locks
DISK_ERRORS = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENOLCK,
        errno.EOPNOTSUPP,
    }
)


def get_runs_dir() -> Path:
    """Where all artifacts lie on this machine: $RUNS_DIR; for a URL the folder that mirrors it;
    else runs/ of the clone that this command runs from; of an installed command the user's store.
    """
    if url := get_remote_url():
        return _get_mirror_dir(url)
    if place := os.environ.get("RUNS_DIR"):
        return Path(place).absolute()
    return PROJECT_ROOT / "runs" if is_clone() else _get_user_store()


def is_clone() -> bool:
    """Whether this code lies in a clone of the project rather than among installed packages."""
    return (PROJECT_ROOT / "pyproject.toml").is_file()


def find_old_store() -> Path | None:
    """The store ./runs that earlier versions used wherever they were started, where it is not the
    one that is used now.
    """
    place = Path("runs").absolute()
    if os.environ.get("RUNS_DIR") or place == get_runs_dir():
        return None
    return place if (place / "results").is_dir() or (place / "studies").is_dir() else None


def _get_user_store() -> Path:
    """$XDG_DATA_HOME/book2lora, by default ~/.local/share/book2lora: one for all folders that the
    command is used in, so that nothing is done or paid for twice.
    """
    try:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    except RuntimeError as error:
        raise StoreError(build_message("store-without-home")) from error
    return (data / "book2lora").absolute()


def make_private_dir(name: str) -> Path:
    """A folder of the store that only its owner can read or write."""
    folder = get_runs_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def get_remote_url() -> str | None:
    """The URL of the object store that $RUNS_DIR names, if it names one."""
    place = os.environ.get("RUNS_DIR", "")
    return place.rstrip("/") if "://" in place else None


def _get_mirror_dir(url: str) -> Path:
    """$RUNS_MIRROR, or a folder of the user's cache for each URL."""
    if mirror := os.environ.get("RUNS_MIRROR"):
        return Path(mirror).absolute()
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise StoreError(build_message("mirror-without-home", url=url)) from error
    return (cache / "book2lora" / compute_digest(url.encode())).absolute()


def find_input_file(path: str | Path, *, or_folder: bool = False) -> Path | None:
    """A file that a plan names: as it is from the working folder, else from the project's; none
    where there is none.
    """
    places = (Path(path), PROJECT_ROOT / path)
    return next((p for p in places if p.is_file() or (or_folder and p.is_dir())), None)


def compute_folder_digest(folder: Path, files: Iterable[Path] | None = None) -> str:
    """Digest over the names and contents of files below a folder; all of them, if none are
    named.
    """
    whole = hashlib.sha256()
    for file in sorted(p for p in files or folder.rglob("*") if p.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()[:16]


def get_cached_folder_digest(folder: Path) -> str:
    """The same, read once a process while sizes and times stay: the gigabytes of a model take
    seconds.
    """
    return _compute_stamped_digest(folder, file_stamps(folder))


def file_stamps(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Path, size and time of every file below a folder: while they stay, so does its content."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return tuple((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in files)


@functools.lru_cache(maxsize=8)
def _compute_stamped_digest(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> str:
    return compute_folder_digest(folder)


def write_atomically(path: Path, content: bytes) -> None:
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


@contextmanager
def hold_lock(key: str) -> Iterator[None]:
    """Two runs never do the same work at once: the second waits, then finds it done. The kernel
    frees a killed run's lock.
    """
    with lock_file(get_runs_dir() / "locks" / key.replace("/", "-")):
        yield


@contextmanager
def hold_store() -> Iterator[None]:
    """Let nothing be removed from the store while the block runs; any number of runs at once."""
    handle = share_lock(get_store_lock())
    try:
        yield
    finally:
        os.close(handle)


def get_store_lock() -> Path:
    """The lock that runs share, and that who removes something has alone."""
    return get_runs_dir() / "locks" / "store"


@contextmanager
def translate_disk_errors() -> Iterator[None]:
    """A disk that is full or may not be written becomes an error that its user can act on; other
    faults stay as they are.
    """
    try:
        yield
    except BaseException as error:
        number = error.errno if isinstance(error, OSError) else _parse_rust_errno(error)
        if number not in DISK_ERRORS:
            raise
        place = getattr(error, "filename", None) or get_runs_dir()
        raise StoreError(
            build_message(
                "disk-fault",
                place=str(place),
                why=os.strerror(number),
                remedy=Term("disk_remedies", errno.errorcode[number]),
            )
        ) from error


def _parse_rust_errno(error: BaseException) -> int:
    """Packages written in Rust (safetensors, tokenizers) have errors of their own: "… File too
    large (os error 27)".
    """
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if found else 0
