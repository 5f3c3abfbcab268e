"""The money limit, hard across processes, retries and reruns: nothing is sent before its worst price is set aside.

The book of charges is one append-only file. A request reserves its worst price; its answer settles it at the true price;
a fault that was surely not charged frees it. What was under way when a process died or a connection broke may have been
charged: it stays at its worst price until the same request is answered, and is then settled at that answer's price.
So an answer that was on the wire at a `kill -9` is paid twice at most, within the cap, and the account tells it.
"""

import errno
import fcntl
import json
import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tasks.plan import Prices

MILLION = 1_000_000
CENT = 1e-9  # dollars; below it two sums are equal
ENOUGH = 5  # answers from which the bound on input tokens is tightened
SPARE = 1.25  # over the largest share of tokens in bytes that was seen


class Usage(NamedTuple):
    """Tokens of one response, by the server's count."""

    tokens_in: int
    tokens_cached: int
    tokens_out: int


def price(usage: Usage, prices: Prices, batch: bool = False) -> float:
    """Dollars for one response."""
    fresh = usage.tokens_in - usage.tokens_cached
    dollars = (fresh * prices.input + usage.tokens_cached * prices.cached_input + usage.tokens_out * prices.output) / MILLION
    return dollars * (prices.batch_discount if batch else 1.0)


class Charge(NamedTuple):
    """Money set aside for a request."""

    id: str
    key: str  # the request
    usd: float
    lost: bool = False  # may have been charged, but its answer will not come


class Budget:
    """The book of charges of one study; safe for several threads and processes."""

    def __init__(self, file: Path, cap_usd: float) -> None:
        self.file, self.cap = file, cap_usd
        file.parent.mkdir(parents=True, exist_ok=True)
        self._read = 0
        self._settled = 0.0
        self._open: dict[str, Charge] = {}
        self._lost: dict[str, list[float]] = {}  # by request: what answers cost that never arrived
        self._shares: dict[str, list[float]] = {}  # by sort of request: the largest ones seen, tokens of a prompt in its bytes

    def spent(self) -> float:
        """Dollars settled and set aside."""
        with self._locked():
            return self._sum()

    def known(self) -> float:
        """The same as far as this process knows, for a look in passing."""
        return self._sum()

    def unsettled(self) -> list[Charge]:
        """What is set aside."""
        with self._locked():
            return list(self._open.values())

    def reserve(self, key: str, usd: float) -> Charge | None:
        """Set the worst price aside; none where that could pass the cap. Only who holds the request may do this."""
        with self._locked() as book:
            self._lose(book, key)  # left by a crash
            if self._sum() + usd > self.cap + CENT:
                return None
            charge = Charge(uuid.uuid4().hex[:16], key, usd)
            self._write(book, {"reserve": charge.id, "request": key, "usd": usd})
            return charge

    def free(self, charge: Charge) -> None:
        """The server refused before doing anything, so nothing was charged."""
        with self._locked() as book:
            self._write(book, {"settle": charge.id, "usd": 0.0})

    def lose(self, key: str) -> None:
        """What is still open for a request whose answers will not come."""
        with self._locked() as book:
            self._lose(book, key)

    def _lose(self, book: int, key: str) -> None:
        for charge in [c for c in self._open.values() if c.key == key and not c.lost]:
            self._write(book, {"lost": charge.id})

    def settle(self, key: str, usd: float) -> None:
        """The request was answered at this price; what was lost on the way to it is taken at the same.

        A refusal costs nothing itself and so tells nothing about what was lost before it: that stays at its worst price.
        """
        with self._locked() as book:
            for charge in [c for c in self._open.values() if c.key == key and (usd or not c.lost)]:
                self._write(book, {"settle": charge.id, "usd": usd})

    def lost(self, keys: Collection[str]) -> list[float]:
        """Dollars for each answer to these requests that never arrived and may have been charged."""
        with self._locked():
            waiting = [charge.usd for charge in self._open.values() if charge.lost and charge.key in keys]
            return waiting + [usd for key in keys for usd in self._lost.get(key, ())]

    def learn(self, share: float, sort: str) -> None:
        """An answer told how many tokens its prompt's bytes were; every model cuts the tokens of a script in its own way."""
        seen = self._shares.get(sort, [])
        if len(seen) < ENOUGH or share > max(seen):
            with self._locked() as book:
                self._write(book, {"share": share, "sort": sort})

    def share(self, sort: str) -> float:
        """Tokens in a byte of prompt, at most: 1 for want of experience, since no tokenizer makes more tokens than bytes."""
        seen = self._shares.get(sort, [])
        return min(1.0, SPARE * max(seen)) if len(seen) >= ENOUGH else 1.0

    @contextmanager
    def _locked(self) -> Iterator[int]:
        book = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(book, fcntl.LOCK_EX)
            self._catch_up(book)
            yield book
        finally:
            os.close(book)  # frees the lock

    def _catch_up(self, book: int) -> None:
        """Take in what other processes wrote; a line that a crash cut off is closed, and counts for nothing."""
        news = os.pread(book, os.fstat(book).st_size - self._read, self._read)
        if news and not news.endswith(b"\n"):
            os.write(book, b"\n")
            news += b"\n"
        for line in news.splitlines():
            self._take(line)
        self._read += len(news)

    def _write(self, book: int, entry: dict[str, object]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        if os.write(book, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.file))  # what is not in the book was not set aside
        self._take(line)
        self._read += len(line)

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return  # cut off by a crash: a reservation that was never used, or a settlement that stays at its worst price
        if "reserve" in entry:
            self._open[entry["reserve"]] = Charge(entry["reserve"], entry["request"], entry["usd"])
        elif "lost" in entry and entry["lost"] in self._open:
            self._open[entry["lost"]] = self._open[entry["lost"]]._replace(lost=True)
        elif "share" in entry:
            self._shares.setdefault(entry.get("sort", ""), []).append(entry["share"])
        elif charge := self._open.pop(entry.get("settle", ""), None):
            self._settled += entry["usd"]
            if charge.lost and entry["usd"]:
                self._lost.setdefault(charge.key, []).append(entry["usd"])

    def _sum(self) -> float:
        return self._settled + sum(charge.usd for charge in self._open.values())
