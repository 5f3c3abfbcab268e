"""The money limit, hard across processes, retries, reruns and power cuts.

Nothing is sent before its worst price is set aside on disk. The book of charges is one append-only
file. A request
reserves its worst price; its answer closes the reservation with the price of the answer; only a
proof that nothing was
charged frees it. What is without answer and without proof (a kill, a broken connection, a server's
error) may have been
charged: it stays set aside at its worst price for good, since a later answer proves nothing about
    an earlier one.

The kept answers are the truth beside it: `Ledger` enters those that the book does not know,
whatever became of the book.
"""

import errno
import json
import os
import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tasks.schemas.messages import Figure, Message, build_message
from tasks.schemas.plan_sections import Prices
from tasks.store.lock_files import lock_file

MILLION = 1_000_000
ROUNDING_USD = 1e-9  # dollars; below it two sums are equal
MIN_SHARE_SAMPLES = 5  # answers from which the bound on input tokens is tightened
NEW_FOLDERS = 3  # that a study may have made: of its account, of all accounts, the store
TOKEN_SHARE_MARGIN = 1.25  # over the largest share of tokens in bytes that was seen


class TokenUsage(NamedTuple):
    """Tokens of one response, by the server's count."""

    tokens_in: int
    tokens_cached: int
    tokens_out: int


def compute_price(usage: TokenUsage, prices: Prices, batch: bool = False) -> float:
    """Dollars for one response."""
    fresh = usage.tokens_in - usage.tokens_cached
    dollars = (
        fresh * prices.input
        + usage.tokens_cached * prices.cached_input
        + usage.tokens_out * prices.output
    ) / MILLION
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
        self.file, self.cap_usd = file, cap_usd
        file.parent.mkdir(parents=True, exist_ok=True)
        self._read_bytes = 0
        self._reserved = self._forced = (
            0  # reservations of this process, and those of them that a power cut cannot take
        )
        self._forcing = threading.Lock()
        self._open_charges: dict[str, Charge] = {}
        self._answers: set[str] = set()
        self._answered: set[str] = set()  # their requests
        self._paid = 0.0  # for their answers
        self._settled_lost: dict[
            str, list[float]
        ] = {}  # by request, in the books of earlier versions
        self._token_shares: dict[
            str, list[float]
        ] = {}  # by sort of request: the largest ones seen, tokens of a prompt in its bytes

    def get_spent_usd(self) -> float:
        """Dollars for answers and set aside."""
        with self._lock_file():
            return self._sum_usd()

    def get_known_spent_usd(self) -> tuple[float, float]:
        """Dollars for answers, and dollars that may have been charged, as far as this process
        knows.
        """
        lost = [charge.usd for charge in self._open_charges.values() if charge.lost]
        return self._paid, sum(lost) + sum(map(sum, self._settled_lost.values()))

    def describe_spent(self) -> tuple[Message, ...]:
        """Both in a few words, for progress."""
        return list_charges(*self.get_known_spent_usd())

    def describe_charges(self) -> tuple[Message, ...]:
        """Dollars for answers; set aside for answers that never came; for requests under way."""
        aside = sum(charge.usd for charge in self.list_open_charges() if not charge.lost)
        spent, doubtful = self.get_known_spent_usd()
        told = [build_message("spent", dollars=Figure(spent, 4))]
        if doubtful > 0:
            told.append(build_message("spent-doubtful", dollars=Figure(doubtful, 4)))
        if aside > 0:
            told.append(build_message("spent-aside", dollars=Figure(aside, 4)))
        return tuple(told)

    def list_open_charges(self) -> list[Charge]:
        """What is set aside."""
        with self._lock_file():
            return list(self._open_charges.values())

    def knows(self) -> set[str]:
        """The requests whose answers are in the book."""
        with self._lock_file():
            return set(self._answered)

    def reserve_usd(self, key: str, usd: float) -> Charge | None:
        """Set the worst price aside; None where that could pass the cap. Only who holds the request
        may do this.

        Before the request is sent, `force` must have returned.
        """
        with self._lock_file() as book:
            self._write_lost(book, key)  # left by a crash
            if self._sum_usd() + usd > self.cap_usd + ROUNDING_USD:
                return None
            charge = Charge(uuid.uuid4().hex[:16], key, usd)
            self._append_entry(book, {"reserve": charge.id, "request": key, "usd": usd})
            self._reserved += usd > 0
            return charge

    def force(self) -> None:
        """Returns when a power cut can take no reservation made before; those who wait together
        share one turn of the disk.
        """
        mine = self._reserved
        with self._forcing:
            if self._forced >= mine:
                return
            covers = self._reserved
            force(self.file)
            if not self._forced:
                for folder in self.file.parents[:NEW_FOLDERS]:  # the names on the way to it
                    force(folder)
            self._forced = covers

    def free_charge(self, charge: Charge) -> None:
        """The server proved that it did nothing, so nothing was charged."""
        with self._lock_file() as book:
            self._append_entry(book, {"settle": charge.id, "usd": 0.0})

    def mark_lost(self, key: str) -> None:
        """What is still open for a request whose answers will not come: it may have been
        charged.
        """
        with self._lock_file() as book:
            self._write_lost(book, key)

    def _write_lost(self, book: int, key: str) -> None:
        for charge in [c for c in self._open_charges.values() if c.key == key and not c.lost]:
            self._append_entry(book, {"lost": charge.id})

    def settle_charges(self, key: str, usd: float, answer: str = "") -> None:
        """The request was answered at this price. What was lost on the way to it stays set aside.

        `answer` names the kept answer; entered twice (by its process, and by another that found it)
        it counts once.
        """
        with self._lock_file() as book:
            self._append_entry(book, {"answer": answer or key, "request": key, "usd": usd})

    def list_lost_usd(self, keys: Collection[str]) -> list[float]:
        """Dollars for each answer to these requests that never arrived and may have been
        charged.
        """
        with self._lock_file():
            waiting = [
                charge.usd
                for charge in self._open_charges.values()
                if charge.lost and charge.key in keys
            ]
            return waiting + [usd for key in keys for usd in self._settled_lost.get(key, ())]

    def learn_token_share(self, share: float, sort: str) -> None:
        """An answer told how many tokens its prompt's bytes were; every model cuts the tokens of a
        script in its own way.
        """
        seen = self._token_shares.get(sort, [])
        if len(seen) < MIN_SHARE_SAMPLES or share > max(seen):
            with self._lock_file() as book:
                self._append_entry(book, {"share": share, "sort": sort})

    def get_token_share(self, sort: str) -> float:
        """Tokens in a byte of prompt, at most: 1 for want of experience, since no tokenizer makes
        more tokens than bytes.
        """
        seen = self._token_shares.get(sort, [])
        return min(1.0, TOKEN_SHARE_MARGIN * max(seen)) if len(seen) >= MIN_SHARE_SAMPLES else 1.0

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        with lock_file(self.file, os.O_RDWR | os.O_APPEND) as book:
            self._read_new_entries(book)
            yield book

    def _read_new_entries(self, book: int) -> None:
        """Take in what other processes wrote; a line that a crash cut off is closed, and counts for
        nothing.

        A book that was emptied or deleted meanwhile is read from its new beginning; what is known
        stays known.
        """
        size = os.fstat(book).st_size
        self._read_bytes = self._read_bytes if size >= self._read_bytes else 0
        news = os.pread(book, size - self._read_bytes, self._read_bytes)
        if news and not news.endswith(b"\n"):
            os.write(book, b"\n")
            news += b"\n"
        for line in news.splitlines():
            self._apply_entry(line)
        self._read_bytes += len(news)

    def _append_entry(self, book: int, entry: dict[str, object]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        if os.write(book, line) < len(line):
            raise OSError(
                errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.file)
            )  # what is not in the book was not set aside
        self._apply_entry(line)
        self._read_bytes += len(line)

    def _apply_entry(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            # cut off by a crash: a reservation that was never used, or an answer that stays at its
            # worst price
            return
        if not isinstance(entry, dict):
            return
        if "reserve" in entry:
            self._open_charges[entry["reserve"]] = Charge(
                entry["reserve"], entry["request"], entry["usd"]
            )
        elif "answer" in entry:
            self._pay(entry["answer"], entry["request"], entry["usd"])
            self._open_charges = {
                name: c
                for name, c in self._open_charges.items()
                if c.key != entry["request"] or c.lost
            }
        elif "lost" in entry and entry["lost"] in self._open_charges:
            self._open_charges[entry["lost"]] = self._open_charges[entry["lost"]]._replace(
                lost=True
            )
        elif "share" in entry:
            self._token_shares.setdefault(entry.get("sort", ""), []).append(entry["share"])
        elif charge := self._open_charges.pop(entry.get("settle", ""), None):
            self._close(charge, entry["usd"])

    def _close(self, charge: Charge, usd: float) -> None:
        """Freed, or (in the books of earlier versions) settled at the price of its answer."""
        if usd and charge.lost:
            self._settled_lost.setdefault(charge.key, []).append(usd)
        elif usd:
            self._pay(charge.id, charge.key, usd)

    def _pay(self, answer: str, key: str, usd: float) -> None:
        if answer not in self._answers:
            self._answers.add(answer)
            self._answered.add(key)
            self._paid += usd

    def _sum_usd(self) -> float:
        return sum(self.get_known_spent_usd()) + sum(
            charge.usd for charge in self._open_charges.values() if not charge.lost
        )


def list_charges(spent: float, doubtful: float) -> tuple[Message, ...]:
    """Dollars for answers, and apart from them those that may have been charged for none."""
    told = [build_message("note-spent", dollars=Figure(spent, 2))]
    if doubtful:
        told.append(build_message("note-spent-doubtful", dollars=Figure(doubtful, 2)))
    return tuple(told)


def force(path: Path) -> None:
    """Put a file's content, or a folder's names, on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
