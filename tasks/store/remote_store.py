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

from tasks.schemas.errors import StoreError, quote_exception
from tasks.schemas.messages import Message, build_message
from tasks.store.paths import get_remote_url, get_runs_dir, write_atomically


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
        with _translate_remote_errors(build_message("far-writing", name=path.name)):
            far.filesystem.put(
                [str(file) for file in files], [far.get_remote_path(file) for file in files]
            )


def replace_remote_folder(folder: Path) -> None:
    """Copy a folder to the far side, and take away there what it no longer holds."""
    if far := _get_remote_store():
        with _translate_remote_errors(build_message("far-listing", name=folder.name)):
            old = set(far.filesystem.find(far.get_remote_path(folder)))
        push_path(folder)
        with _translate_remote_errors(build_message("far-tidying", name=folder.name)):
            if gone := sorted(old - {far.get_remote_path(p) for p in folder.rglob("*")}):
                far.filesystem.rm(gone)


def pull_file(path: Path) -> bool:
    """Fetch a file that is not here; whether it was there."""
    far = _get_remote_store()
    if far is None:
        return False
    with _translate_remote_errors(build_message("far-fetching", name=path.name)):
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
    with _translate_remote_errors(build_message("far-fetching", name=folder.name)):
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
    with _translate_remote_errors(build_message("far-listing", name=pattern)):
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
        remedy = build_message("install-s3" if url.startswith("s3:") else "see-fsspec")
        raise StoreError(
            build_message("store-unopened", url=url, why=str(error), remedy=remedy)
        ) from error
    return RemoteStore(files, root.rstrip("/"))


@contextmanager
def _translate_remote_errors(doing: Message) -> Iterator[None]:
    """What the object store refuses becomes an error that its user can act on."""
    try:
        yield
    except _list_error_types() as error:
        raise StoreError(
            build_message(
                "store-refuses",
                doing=doing,
                url=str(get_remote_url()),
                why=quote_exception(error, 2000),
            )
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
