"""Who goes first among ordinary processes, and on which core a realtime thread runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PROMPT = -10


@contextmanager
def prompt(niceness: int = PROMPT) -> Iterator[bool]:
    """Run before ordinary processes for the length of the block; says whether that was granted.

    For the process that decides what is played next: the realtime player sends on time what it has,
    but it must have it. Without permission (LimitNICE in the unit) all stays as it is.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    granted = True
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(before, niceness))
    except PermissionError:
        granted = False
    try:
        yield granted
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


class Pin:
    """Keeps the calling thread to one core: by default the last that it may use, since devices
    usually interrupt the first.

    A realtime thread that is free to go anywhere is moved about while it waits, and late for it.
    Threads that it starts stay where it stands, so it steps `aside` for the time. OSError where
    the system forbids the core.
    """

    def __init__(self, core: int | None = None) -> None:
        self._anywhere = os.sched_getaffinity(0)
        self.core = max(self._anywhere) if core is None else core
        os.sched_setaffinity(0, {self.core})

    @contextmanager
    def aside(self) -> Iterator[None]:
        """On any core, as before the pin, for the length of the block."""
        os.sched_setaffinity(0, self._anywhere)
        try:
            yield
        finally:
            os.sched_setaffinity(0, {self.core})
