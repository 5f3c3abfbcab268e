"""Which version made a store: an older one is told once, and its results are done again, never
misread.
"""

from tasks.store.paths import get_runs_dir, write_atomically
from tasks.store.progress import print_status

STORE_FORMAT = b"2\n"  # 1, in stores without a mark: 0.1, with Prefect's records and their timings/


def tell_older_store() -> None:
    """Mark the store as this version's; the first time that it was another's, say so in a line."""
    store = get_runs_dir()
    mark = store / "format"
    if mark.is_file() and mark.read_bytes() == STORE_FORMAT:
        return
    if (store / "timings").is_dir():
        print_status(
            f"  {store} was made by book2lora 0.1: stages are done again, answers that were paid"
            " for are kept"
        )
    write_atomically(mark, STORE_FORMAT)
