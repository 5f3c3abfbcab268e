"""What is told of a store: that an older version made it (once; its results are done again, never
misread), and which of a person's files stayed in a folder that was written again.
"""

from pathlib import Path

from rich.markup import escape

from tasks.language.catalogue import tell_reader
from tasks.store.paths import find_old_store, get_runs_dir, write_atomically
from tasks.store.progress import print_status

STORE_FORMAT = b"2\n"  # 1, in stores without a mark: 0.1, with Prefect's records and their timings/


def tell_older_store() -> None:
    """Mark the store as this version's; the first time that it was another's, say so in a line.
    Where ./runs is a store that this command does not use, say that, each time.
    """
    store = get_runs_dir()
    if old := find_old_store():
        told = tell_reader("old-store", old=str(old), store=str(store))
        print_status(f"  {escape(told)}")
    mark = store / "format"
    if mark.is_file() and mark.read_bytes() == STORE_FORMAT:
        return
    if (store / "timings").is_dir():
        print_status("  " + tell_reader("older-store", store=str(store)))
    write_atomically(mark, STORE_FORMAT)


def tell_kept_files(folder: Path, names: list[str]) -> None:
    """Name a person's own files that stayed in a folder which was written again."""
    told = tell_reader("own-files-kept", folder=str(folder), names=", ".join(names))
    print_status(f"  {escape(told)}")
