"""Every response of the server, raw, under the hash of its request: what was answered once is never asked again.

What the same server answered to another study of the store is found there, and costs this study nothing; money and locks
are each study's own.

<ledger>/responses/ab/ab12….json    one response each: how it ended, its price, and its body as it came
<ledger>/broken/ab12….1             bodies that no answer could be read from, for the curious
<ledger>/under-way/ab12…            locked while somebody asks; what lies here unlocked was left by a crash
<ledger>/batches/….json             batches of the server that are under way or done
<ledger>/charges.jsonl              the book of charges (budget.py)
<ledger>/accounts/….json            what became of each chapter (accounts.py)
"""

import asyncio
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple

from tasks.generation.budget import Budget, Usage
from tasks.plan import Prices

POLL = 0.05  # seconds between looks at a lock that another holds


Finish = Literal["stop", "length", "refusal", "content_filter", "error"]


class Response(NamedTuple):
    """One stored response."""

    key: str
    finish: Finish
    usage: Usage
    cost_usd: float
    body: str  # as it came
    server: str = ""  # who answered


def hash_of(request: dict[str, Any]) -> str:
    """The name of a request: a hash over everything that decides its answer."""
    whole = json.dumps(request, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


class Ledger:
    """The responses and the money of one study, shared by all its threads and processes."""

    def __init__(self, folder: Path, budget_usd: float, prices: Prices, server: str = "") -> None:
        self.folder, self.prices, self.server = folder, prices, server
        self.budget = Budget(folder / "charges.jsonl", budget_usd)
        self._one = threading.RLock()  # the book of charges keeps sums in memory
        self._unsynced: list[Path] = []
        self._synced = 0.0
        for part in ("responses", "broken", "under-way", "batches"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._reconcile()

    @contextmanager
    def purse(self) -> Iterator[Budget]:
        """The book of charges, one thread at a time."""
        with self._one:
            yield self.budget

    def find(self, key: str) -> Response | None:
        """What was answered, here or to another study."""
        return self.own(key) or self._elsewhere(key)

    def own(self, key: str) -> Response | None:
        """What was answered to this study."""
        return _read(self._file(key), key)

    def _elsewhere(self, key: str) -> Response | None:
        """What another study has from the same server."""
        files = self.folder.parent.glob(f"*/{self._file(key).relative_to(self.folder)}") if self.server else ()
        found = (_read(file, key) for file in files)
        return next((one._replace(cost_usd=0.0) for one in found if one and one.server == self.server), None)

    def keep(self, response: Response) -> None:
        """Put a response on disk in one step, then settle its charge; `sync` makes it outlive a power cut, too."""
        stored = {
            "request": response.key,
            "server": self.server,
            "finish": response.finish,
            **response.usage._asdict(),
            "cost_usd": response.cost_usd,
            "body": response.body,
        }
        file = self._file(response.key)
        part = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        text = json.dumps(stored, ensure_ascii=False)
        try:
            part.write_text(text, "utf-8")
        except FileNotFoundError:  # the first of its folder
            file.parent.mkdir(exist_ok=True)
            part.write_text(text, "utf-8")
        part.replace(file)
        self._unsynced.append(file)
        with self.purse() as budget:
            budget.settle(response.key, response.cost_usd)

    async def sync(self, every: float = 0.0) -> None:
        """Force what was kept to the disk, if the last time is so many seconds ago; the first file costs a turn of the disk, others little."""
        if self._unsynced and monotonic() - self._synced >= every:
            await asyncio.to_thread(self._sync)
            self._synced = monotonic()

    def _sync(self) -> None:
        while self._unsynced:
            handle = os.open(self._unsynced.pop(), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def keep_broken(self, key: str, body: str) -> None:
        """A body that is no answer; kept beside, under its request and its own hash."""
        name = f"{key}.{hashlib.sha256(body.encode()).hexdigest()[:8]}"
        (self.folder / "broken" / name).write_text(body, "utf-8")

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Be the only one who asks this; waits while another does."""
        path = self.folder / "under-way" / key
        while (lock := _try_lock(path)) is None:
            await asyncio.sleep(POLL)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # while it is still locked, so nobody can hold an unlinked file and believe in it
            os.close(lock)

    def is_under_way(self, key: str) -> bool:
        """Whether some thread or process is asking this now."""
        try:
            handle = os.open(self.folder / "under-way" / key, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def _reconcile(self) -> None:
        """Settle what was answered just before a crash."""
        with self.purse() as budget:
            answered = [response for charge in budget.unsettled() if (response := self.own(charge.key))]
            for response in answered:
                budget.settle(response.key, response.cost_usd)

    def _file(self, key: str) -> Path:
        return self.folder / "responses" / key[:2] / f"{key}.json"


def _read(file: Path, key: str) -> Response | None:
    """A stored response; a file that a power cut left half written is as good as none."""
    try:
        stored = json.loads(file.read_text("utf-8"))
        usage = Usage(stored["tokens_in"], stored["tokens_cached"], stored["tokens_out"])
        return Response(key, stored["finish"], usage, stored["cost_usd"], stored["body"], stored.get("server", ""))
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _try_lock(path: Path) -> int | None:
    """A lock on the file of that name, or none where another has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None
