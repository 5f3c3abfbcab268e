"""Every response of the server, raw, under the hash of its request and the server: what was
answered once is never asked again.

What the same server answered to another study of the store is found there, and costs this study
nothing; money and locks
are each study's own. Answers of versions before the server was part of their name are found where
they tell that the same
server gave them; one that tells no server is counted as spent and never used, since nobody knows
who wrote it.

<ledger>/responses/ab/ab12….json    one response each: how it ended, its price, its server, and its
body as it came
<ledger>/broken/ab12….1             bodies that no answer could be read from, for the curious
<ledger>/under-way/ab12…            locked while somebody asks; what lies here unlocked was left by
a crash
<ledger>/batches/….json             batches of the server that are under way or done
<ledger>/charges.jsonl              the book of charges (budget.py)
<ledger>/accounts/….json            what became of each chapter (accounts.py)
"""

import asyncio
import hashlib
import json
import os
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple

from tasks.generation.budget import Budget, TokenUsage, force
from tasks.generation.openai.server_identity import ServerIdentity, identify_server
from tasks.schemas.plan_sections import Prices
from tasks.store.lock_files import is_locked, try_lock_file

LOCK_POLL_SECONDS = 0.05  # seconds between looks at a lock that another holds


FinishReason = Literal["stop", "length", "refusal", "content_filter", "error"]


class StoredResponse(NamedTuple):
    """One stored response."""

    key: str
    finish: FinishReason
    usage: TokenUsage
    cost_usd: float
    body: str  # as it came
    server: str = ""  # who answered
    id: str = ""  # of this answer in the book of charges


def hash_request(request: dict[str, Any]) -> str:
    """A hash over a request's body."""
    whole = json.dumps(request, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def key_of(request: dict[str, Any], server: ServerIdentity) -> str:
    """The name of a request: a hash over its body, and the server, which together decide its
    answer.
    """
    return f"{hash_request(request)}-{server.tag}"


class ResponseCache:
    """The responses and the money of one study, shared by all its threads and processes."""

    def __init__(self, folder: Path, budget_usd: float, prices: Prices, server: str = "") -> None:
        self.folder, self.prices, self.server = folder, prices, server
        self.budget = Budget(folder / "charges.jsonl", budget_usd)
        self._budget_lock = threading.RLock()  # the book of charges keeps sums in memory
        self._unsynced: list[Path] = []
        self._last_sync = 0.0
        for part in ("responses", "broken", "under-way", "batches"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._settle_answered()

    @contextmanager
    def lock_budget(self) -> Iterator[Budget]:
        """The book of charges, one thread at a time."""
        with self._budget_lock:
            yield self.budget

    def find_response(self, key: str) -> StoredResponse | None:
        """What the request's server answered, here or to another study."""
        return self.find_own_response(key) or self._find_shared_response(key)

    def find_own_response(self, key: str) -> StoredResponse | None:
        """What was answered to this study."""
        return _read_response(self._get_response_path(key), key) or _read_earlier(
            self._get_response_path(_body_hash(key)), key
        )

    def _find_shared_response(self, key: str) -> StoredResponse | None:
        """What another study has from the same server."""
        if _body_hash(key) == key:
            return None  # of no certain server
        for name, read in ((key, _read_response), (_body_hash(key), _read_earlier)):
            for file in self.folder.parent.glob(
                f"*/{self._get_response_path(name).relative_to(self.folder)}"
            ):
                if found := read(file, key):
                    return found._replace(cost_usd=0.0)
        return None

    def save_response(self, response: StoredResponse) -> None:
        """Put a response on disk in one step, then settle its charge; `sync` makes it outlive a
        power cut, too.
        """
        response = response._replace(id=uuid.uuid4().hex[:16])
        stored = {
            "request": response.key,
            "id": response.id,
            "server": self.server,
            "finish": response.finish,
            **response.usage._asdict(),
            "cost_usd": response.cost_usd,
            "body": response.body,
        }
        file = self._get_response_path(response.key)
        part = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        text = json.dumps(stored, ensure_ascii=False)
        try:
            part.write_text(text, "utf-8")
        except FileNotFoundError:  # the first of its folder
            file.parent.mkdir(exist_ok=True)
            part.write_text(text, "utf-8")
        part.replace(file)
        self._unsynced.append(file)
        with self.lock_budget() as budget:
            budget.settle_charges(response.key, response.cost_usd, response.id)

    async def force(self) -> None:
        """Returns when the reservations made so far are on disk; nothing is sent before."""
        await asyncio.to_thread(self.budget.force)

    async def sync_to_disk(self, every: float = 0.0) -> None:
        """Force what was kept to the disk, if the last time is so many seconds ago; the first file
        costs a turn of the disk, others little.
        """
        if self._unsynced and monotonic() - self._last_sync >= every:
            await asyncio.to_thread(self._fsync_files)
            self._last_sync = monotonic()

    def _fsync_files(self) -> None:
        folders = set()
        while self._unsynced:
            file = self._unsynced.pop()
            force(file)
            folders |= {file.parent, file.parent.parent}
        for folder in folders:  # the files' names
            force(folder)

    def save_broken_body(self, key: str, body: str) -> None:
        """A body that is no answer; kept beside, under its request and its own hash."""
        name = f"{key}.{hashlib.sha256(body.encode()).hexdigest()[:8]}"
        (self.folder / "broken" / name).write_text(body, "utf-8")

    @asynccontextmanager
    async def lock_request(self, key: str) -> AsyncIterator[None]:
        """Be the only one who asks this; waits while another does."""
        path = self.folder / "under-way" / key
        while (lock := _lock_request(path)) is None:
            await asyncio.sleep(LOCK_POLL_SECONDS)
        try:
            yield
        finally:
            path.unlink(
                missing_ok=True
            )  # while it is still locked, so nobody can hold an unlinked file and believe in it
            os.close(lock)

    def is_under_way(self, key: str) -> bool:
        """Whether some thread or process is asking this now."""
        return is_locked(self.folder / "under-way" / key)

    def _settle_answered(self) -> None:
        """Enter every kept answer that the book of charges does not know: after a crash, or where
        the book was lost.
        """
        with self.lock_budget() as budget:
            known = budget.knows()
            for file in sorted(self.folder.glob("responses/*/*.json")):
                if file.stem not in known and (response := _read_response(file, file.stem)):
                    budget.settle_charges(response.key, response.cost_usd, response.id)

    def _get_response_path(self, key: str) -> Path:
        return self.folder / "responses" / key[:2] / f"{key}.json"


def _read_response(file: Path, key: str) -> StoredResponse | None:
    """A stored response; a file that a power cut left half written is as good as none."""
    try:
        stored = json.loads(file.read_text("utf-8"))
        usage = TokenUsage(stored["tokens_in"], stored["tokens_cached"], stored["tokens_out"])
        return StoredResponse(
            key,
            stored["finish"],
            usage,
            stored["cost_usd"],
            stored["body"],
            stored.get("server", ""),
            stored.get("id", ""),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _read_earlier(file: Path, key: str) -> StoredResponse | None:
    """An answer kept before the server was part of the key, if it tells that this key's server gave
    it.
    """
    found = _read_response(file, key) if _body_hash(key) != key else None
    return (
        found
        if found and found.server and key.endswith(f"-{identify_server(found.server).tag}")
        else None
    )


def _body_hash(key: str) -> str:
    return key.partition("-")[0]


def _lock_request(path: Path) -> int | None:
    """A lock on the file of that name, or none where another has it, or has just removed it."""
    if (handle := try_lock_file(path)) is None:
        return None
    try:
        if os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
    except FileNotFoundError:
        pass
    os.close(handle)
    return None
