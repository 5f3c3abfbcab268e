"""The far side of a store that others share through an object store: RUNS_DIR=s3://bucket/prefix, or any URL that fsspec knows.

`runs_dir()` is then a folder on this machine. What is saved goes to both sides; what is missing here is fetched. Artifacts are
named by the digest of their content and checked after fetching, so neither side is believed. Without a URL nothing happens here.
Keys and addresses of the object store come from the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, …).
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tasks.errors import StoreError
from tasks.store import far_url, runs_dir, write_whole

EXTRA = {"s3": "install the extra: pip install 'book2lora[s3]'"}


class Far(NamedTuple):
    """A filesystem and the prefix of our store in it."""

    filesystem: Any  # fsspec's AbstractFileSystem
    root: str

    def get_remote_path(self, path: Path) -> str:
        return f"{self.root}/{path.relative_to(runs_dir()).as_posix()}"


def push(path: Path) -> None:
    """Copy a file, or all files of a folder, to the far side."""
    if far := _far():
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        with _told(f"writing {path.name} to"):
            far.filesystem.put([str(file) for file in files], [far.get_remote_path(file) for file in files])


def replace(folder: Path) -> None:
    """Copy a folder to the far side, and take away there what it no longer holds."""
    if far := _far():
        with _told(f"listing {folder.name} in"):
            old = set(far.filesystem.find(far.get_remote_path(folder)))
        push(folder)
        with _told(f"tidying {folder.name} in"):
            if gone := sorted(old - {far.get_remote_path(p) for p in folder.rglob("*")}):
                far.filesystem.rm(gone)


def pull(path: Path) -> bool:
    """Fetch a file that is not here; whether it was there."""
    far = _far()
    if far is None:
        return False
    with _told(f"fetching {path.name} from"):
        try:
            content = far.filesystem.cat_file(far.get_remote_path(path))
        except FileNotFoundError:
            return False
    write_whole(path, content)
    return True


def pull_folder(folder: Path) -> bool:
    """Fetch a folder in the place of what is here; whether it was there."""
    far = _far()
    if far is None:
        return False
    with _told(f"fetching {folder.name} from"):
        found = far.filesystem.find(far.get_remote_path(folder))
        if not found:
            return False
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
        try:
            far.filesystem.get(found, [str(part / name[len(far.get_remote_path(folder)) + 1 :]) for name in found])
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return True


def listed(pattern: str) -> list[Path]:
    """The places here of what the far side holds, whether it is here or not."""
    far = _far()
    if far is None:
        return []
    with _told(f"listing {pattern} in"):
        return [runs_dir() / name[len(far.root) + 1 :] for name in far.filesystem.glob(f"{far.root}/{pattern}")]


def _far() -> Far | None:
    url = far_url()
    return _opened(url) if url else None


@lru_cache
def _opened(url: str) -> Far:
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(url, use_listings_cache=False)  # others write there too
    except (ImportError, ValueError) as error:
        remedy = EXTRA.get(url.partition(":")[0], "see fsspec's list of implementations")
        raise StoreError(f"RUNS_DIR={url} cannot be opened: {error}; {remedy}.") from error
    return Far(files, root.rstrip("/"))


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """What the object store refuses becomes an error that its user can act on."""
    try:
        yield
    except _refusals() as error:
        raise StoreError(
            f"{doing} {far_url()} failed: {type(error).__name__}: {error}. Check address, key and rights (AWS_…), then run again."
        ) from error


@lru_cache
def _refusals() -> tuple[type[BaseException], ...]:
    """fsspec turns answers into OSErrors; botocore's own errors (no key, no connection) come as they are."""
    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError)
