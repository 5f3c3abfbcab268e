"""How many requests may be under way at once, by what the server says: one limiter for all threads
that use it.

It starts with one request, so that a server that cannot answer costs one answer and not sixteen,
doubles with each full
round of successes up to the machine's concurrency, halves when the server is busy, and then grows
by one for each round. When the rate-limit headers say that nothing is left, everybody waits until
the reset they name.
Entries are a few milliseconds apart: requests that start as one bunch are answered as one and hold
each other up, in
every wave anew (64 of them by 64 times the machine's 3 ms), while spread ones stay spread.
A server that works on few at once (llama.cpp with one slot) lets the rest wait, and an answer that
waits too long is lost: where so many together are not served faster than fewer, no more are asked.
"""

import asyncio
import threading
from collections.abc import Mapping
from time import monotonic

from tasks.generation.openai.request_errors import parse_seconds

PAUSE_POLL_SECONDS = 0.02  # seconds between looks while the gate is shut
MAX_PAUSE_SECONDS = 120.0
# seconds between two entries; no less than what sending and reading one costs the machine
ENTRY_GAP_SECONDS = 0.004


# of what a server does at once: it never waits for us, and can show that it does more
QUEUE_FACTOR = 2
NEWEST_SHARE = 0.3  # of the newest answer in the mean of the last ones


class ServedAtOnce:
    """How many requests a server works on at once, by the time that it takes for what it writes:
    alone, and with others.
    """

    def __init__(self) -> None:
        self.alone = 0.0  # seconds for a token, at best
        self.at_once = 1.0  # requests, in the mean of the last answers

    def note_answer(self, seconds: float, tokens: int, together: int) -> None:
        """An answer of so many tokens came after so many seconds, with so many under way."""
        pace = seconds / tokens
        self.alone = min(self.alone or pace, pace)
        found = together * self.alone / pace if pace else together
        self.at_once += NEWEST_SHARE * (found - self.at_once)

    def is_worth(self, width: float) -> bool:
        """Whether so many under way can bring more than fewer."""
        return width <= QUEUE_FACTOR * max(1.0, self.at_once)


class ConcurrencyLimiter:
    """A gate with a width that adapts."""

    def __init__(self, most: int) -> None:
        self.max_width = most
        self.width = float(most)
        self.under_way = 0
        self.successes = 0
        self.served = ServedAtOnce()
        self._is_new = (
            False  # not busy since it started: twice as many after each full round of successes
        )
        self._shut_until = 0.0
        self._cut_at = 0.0
        self._last_turn = 0.0
        self._lock = threading.Lock()

    def start(self, most: int) -> None:
        """Begin anew with one request where nobody is under way, else share what was learnt."""
        with self._lock:
            self.max_width = most
            self._is_new = self._is_new or not self.under_way
            self.width = min(self.width, most) if self.under_way else 1.0

    async def acquire_slot(self) -> float:
        """Wait for a place; gives the time of entering."""
        while not self._try_acquire_slot():
            await asyncio.sleep(max(PAUSE_POLL_SECONDS, min(self._shut_until - monotonic(), 1.0)))
        try:
            await asyncio.sleep(self._compute_turn_delay())
        except asyncio.CancelledError:
            self.release_slot()  # the limiter outlives the chapter that was stopped here
            raise
        return monotonic()

    def release_slot(self) -> None:
        """Give the place back."""
        with self._lock:
            self.under_way -= 1

    def record_success(
        self, headers: Mapping[str, str], entered: float | None = None, tokens: int = 1
    ) -> None:
        """Grow, unless the server says that little is left, or serves no more at once; `tokens`:
        written since `entered`.
        """
        with self._lock:
            self.successes += 1
            if entered is not None:
                self.served.note_answer(monotonic() - entered, tokens, self.under_way)
            wider = min(self.max_width, self.width + (1 if self._is_new else 1 / self.width))
            self.width = wider if self.served.is_worth(wider) or entered is None else self.width
            for what in ("requests", "tokens"):
                left = parse_seconds(headers.get(f"x-ratelimit-remaining-{what}"))
                reset = parse_seconds(headers.get(f"x-ratelimit-reset-{what}"))
                if left is None:
                    continue
                if what == "requests" and 1 <= left < self.width:
                    self.width = max(1.0, left)
                if left < 1 and reset:
                    self._pause_entries(reset)

    def record_busy(self, entered: float, wait: float | None) -> None:
        """Halve once for all that entered before the last cut, and pause as long as the server
        asks.
        """
        with self._lock:
            self._is_new = False
            if entered > self._cut_at:
                self.width = max(1.0, self.width / 2)
                self._cut_at = monotonic()
            if wait:
                self._pause_entries(wait)

    def _pause_entries(self, wait: float) -> None:
        self._shut_until = max(self._shut_until, monotonic() + min(wait, MAX_PAUSE_SECONDS))

    def _compute_turn_delay(self) -> float:
        """Seconds that one waits behind those who entered just now."""
        with self._lock:
            now = monotonic()
            self._last_turn = max(now, self._last_turn + ENTRY_GAP_SECONDS)
            return self._last_turn - now

    def _try_acquire_slot(self) -> bool:
        with self._lock:
            if monotonic() < self._shut_until or self.under_way >= int(self.width):
                return False
            self.under_way += 1
            return True


_limiters: dict[str, ConcurrencyLimiter] = {}
_limiters_lock = threading.Lock()


def get_limiter(server: str, most: int) -> ConcurrencyLimiter:
    """The process's one limiter for a server and model."""
    with _limiters_lock:
        limiter = _limiters.setdefault(server, ConcurrencyLimiter(most))
        limiter.start(most)
        return limiter
