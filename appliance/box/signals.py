"""Ctrl-C and SIGTERM, heeded between two turns."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEEDED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def heeding(told: Callable[[], None]) -> Iterator[None]:
    """For the block, calls `told` on such a signal, and does nothing else. Only for the main
    thread."""
    before = {number: signal.getsignal(number) for number in HEEDED}
    for number in before:
        signal.signal(number, lambda *_: told())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
