"""What a player process and its parent share beside their rings.

The board is a memory file that outlives the player: it holds the ledger of what sounds, so that a
new player can release what a dead one left sounding.
"""

import mmap
import os
import signal
from enum import IntEnum

from firmware.dispatch import MARKS_SIZE

_SIZE = 4096
_CELLS_AT = 3072

END = signal.SIGUSR1
"""From the parent to the player: stop. What a terminal or a service manager sends to all processes
at once is not for the player, which ends with its parent, and lets every key go before."""


class Command(IntEnum):
    """Kinds of record from the parent to the player."""

    SCHEDULE = 1
    CANCEL = 2
    HOLD = 3
    PANIC = 4


FIRST, LAST = 1, 2
"""Flags of an input record: a long message comes in several records."""


class Cell(IntEnum):
    """Numbers that the player writes and the parent reads."""

    HEARTBEAT = 0
    STALE = 1
    YIELDED = 2
    FAILED = 3
    FAILED_SENDS = 4
    QUEUE_OVERFLOWS = 5
    BAD_INPUT = 6
    ECHOED = 7
    RETURNED = 8


class Line(IntEnum):
    """Where the cells of a port begin; what each of them holds is said by the offsets below."""

    OUTPUT = 32
    INPUT = 40


SIGHT = 0
"""Written by the parent: how often the port went or came, counted so that it is odd while there.

A count, so that a player which was busy for a moment sees that a port went and came back.
"""
SIGHTED_AT = 1
"""Written by the parent: when the port was last seen, in nanoseconds."""
CONNECTED = 2
"""Written by the player: 1 while it has the port open."""


class Board:
    """Shared memory: `marks` for a dispatcher's ledger, `cells` of 64 bits for counters."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, _SIZE)
        self.marks = memoryview(self._map)[:MARKS_SIZE]
        self.cells = memoryview(self._map)[_CELLS_AT:].cast("Q")
        self.fd = fd

    @classmethod
    def create(cls) -> "Board":
        fd = os.memfd_create("smartlooper-board")
        os.ftruncate(fd, _SIZE)
        return cls(fd)

    def close(self) -> None:
        """Leave it; the file descriptor stays the caller's to close."""
        self.marks.release()
        self.cells.release()
        self._map.close()
