"""The far side of a store that others share through an object store: RUNS_DIR=s3://bucket/prefix,
or any URL that fsspec knows.

`runs_dir()` is then a folder on this machine. What is saved goes to both sides; what is missing
here is fetched. Artifacts are
named by the digest of their content and checked after fetching, so neither side is believed.
Without a URL nothing happens here.
Keys and addresses of the object store come from the environment (AWS_ACCESS_KEY_ID,
AWS_ENDPOINT_URL, …).
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tasks.schemas.errors import StoreError
from tasks.store.paths import get_remote_url, get_runs_dir, write_atomically

INSTALL_HINTS = {"s3": "install the extra: pip install 'book2lora[s3]'"}


class RemoteStore(NamedTuple):
    """A filesystem and the prefix of our store in it."""

    filesystem: Any  # fsspec's AbstractFileSystem
    root: str

    def get_remote_path(self, path: Path) -> str:
        return f"{self.root}/{path.relative_to(get_runs_dir()).as_posix()}"


def push_path(path: Path) -> None:
    """Copy a file, or all files of a folder, to the far side."""
    if far := _get_remote_store():
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        with _translate_remote_errors(f"writing {path.name} to"):
            far.filesystem.put(
                [str(file) for file in files], [far.get_remote_path(file) for file in files]
            )


def replace_remote_folder(folder: Path) -> None:
    """Copy a folder to the far side, and take away there what it no longer holds."""
    if far := _get_remote_store():
        with _translate_remote_errors(f"listing {folder.name} in"):
            old = set(far.filesystem.find(far.get_remote_path(folder)))
        push_path(folder)
        with _translate_remote_errors(f"tidying {folder.name} in"):
            if gone := sorted(old - {far.get_remote_path(p) for p in folder.rglob("*")}):
                far.filesystem.rm(gone)


def pull_file(path: Path) -> bool:
    """Fetch a file that is not here; whether it was there."""
    far = _get_remote_store()
    if far is None:
        return False
    with _translate_remote_errors(f"fetching {path.name} from"):
        try:
            content = far.filesystem.cat_file(far.get_remote_path(path))
        except FileNotFoundError:
            return False
    write_atomically(path, content)
    return True


def pull_folder(folder: Path) -> bool:
    """Fetch a folder in the place of what is here; whether it was there."""
    far = _get_remote_store()
    if far is None:
        return False
    with _translate_remote_errors(f"fetching {folder.name} from"):
        found = far.filesystem.find(far.get_remote_path(folder))
        if not found:
            return False
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
        try:
            far.filesystem.get(
                found, [str(part / name[len(far.get_remote_path(folder)) + 1 :]) for name in found]
            )
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return True


def list_remote_paths(pattern: str) -> list[Path]:
    """The places here of what the far side holds, whether it is here or not."""
    far = _get_remote_store()
    if far is None:
        return []
    with _translate_remote_errors(f"listing {pattern} in"):
        return [
            get_runs_dir() / name[len(far.root) + 1 :]
            for name in far.filesystem.glob(f"{far.root}/{pattern}")
        ]


def _get_remote_store() -> RemoteStore | None:
    url = get_remote_url()
    return _open_remote_store(url) if url else None


@lru_cache
def _open_remote_store(url: str) -> RemoteStore:
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(url, use_listings_cache=False)  # others write there too
    except (ImportError, ValueError) as error:
        remedy = INSTALL_HINTS.get(url.partition(":")[0], "see fsspec's list of implementations")
        raise StoreError(f"RUNS_DIR={url} cannot be opened: {error}; {remedy}.") from error
    return RemoteStore(files, root.rstrip("/"))


@contextmanager
def _translate_remote_errors(doing: str) -> Iterator[None]:
    """What the object store refuses becomes an error that its user can act on."""
    try:
        yield
    except _list_error_types() as error:
        raise StoreError(
            f"{doing} {get_remote_url()} failed: {type(error).__name__}: {error}. Check address,"
            " key and rights (AWS_…), then run again."
        ) from error


@lru_cache
def _list_error_types() -> tuple[type[BaseException], ...]:
    """fsspec turns answers into OSErrors; botocore's own errors (no key, no connection) come as
    they are.
    """
    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError)
