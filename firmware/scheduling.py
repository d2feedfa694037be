"""Who goes first among ordinary processes."""

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
