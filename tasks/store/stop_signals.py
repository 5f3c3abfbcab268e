"""End this process on SIGINT, SIGTERM or SIGHUP: at once, whatever its threads are doing.

Every stage survives `kill -9`, so a stop unwinds nothing: no new request is sent to a writer, the
main thread is held where it is, one sentence is printed, `last_words` gets a few seconds, every
child is killed, and the process ends with 128 + the signal's number. A second signal skips the
rest.

The signal is read from the wake-up descriptor by a thread of its own: Python would run a handler
only once the main thread returns from C code, and one backward pass of a model takes a minute.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import psutil

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_WORDS_SECONDS = 3.5  # with the start of a thread and the kills this stays below 5 s
SAME_SIGNAL_SECONDS = 0.2  # `timeout` and a shell send one signal to the process and to its group

requested = threading.Event()  # set from the first signal on
_is_installed = False


def stop_on_signals(
    build_sentence: Callable[[], str],
    last_words: Callable[[], None] = lambda: None,
    *,
    seconds: float = LAST_WORDS_SECONDS,
) -> None:
    """Install the handlers, once per process; must be called in the main thread."""
    global _is_installed
    if _is_installed:
        return
    _is_installed = True
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    keep_handlers()

    def finish(number: int) -> None:
        said = threading.Thread(
            target=_say_and_tell, args=(build_sentence, last_words), daemon=True
        )
        said.start()
        said.join(seconds)
        _end(number)

    threading.Thread(target=_watch, args=(reader, finish), daemon=True, name="stopping").start()


def is_installed() -> bool:
    """Whether a signal ends this process as described above."""
    return _is_installed


def keep_handlers() -> None:
    """Install the handlers again where a library has put its own in their place.

    A signal that was ignored when the process started (`nohup`) stays ignored; SIGINT and SIGTERM
    are taken even then, since a shell ignores SIGINT for every job that a script starts with `&`.
    """
    if not _is_installed or threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        is_nohup = number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
        if not is_nohup and signal.getsignal(number) is not _hold_main_thread:
            signal.signal(number, _hold_main_thread)


async def send_nothing_more() -> None:
    """Wait for ever once a stop was asked for; called before each request to a writer."""
    if requested.is_set():
        await asyncio.Event().wait()


def kill_children() -> None:
    """SIGKILL every process that this one started, and theirs."""
    with suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                child.kill()


def _hold_main_thread(number: int, frame: FrameType | None) -> None:
    threading.Event().wait()


def _watch(reader: int, finish: Callable[[int], None]) -> None:
    first = _next_signal(reader)
    requested.set()
    since = time.monotonic()
    threading.Thread(target=finish, args=(first,), daemon=True).start()
    while True:
        second = _next_signal(reader)
        if time.monotonic() - since > SAME_SIGNAL_SECONDS:
            _end(second)


def _next_signal(reader: int) -> int:
    while (number := os.read(reader, 1)[0]) not in SIGNALS:
        pass
    return number


def _say_and_tell(build_sentence: Callable[[], str], last_words: Callable[[], None]) -> None:
    show_cursor = "\r\x1b[J\x1b[?25h" if sys.stderr.isatty() else ""  # a progress bar hides it
    try:
        with suppress(OSError):  # the terminal may be gone: SIGHUP
            os.write(2, f"{show_cursor}{build_sentence()}\n".encode())
    finally:
        last_words()


def _end(number: int) -> None:
    kill_children()
    os._exit(128 + number)
