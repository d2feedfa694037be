"""Looks whether ports are there, for a player that must not spend its time on it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread

from firmware.ports import VIRTUAL, PortLister, find_port, is_own

LOOK_EVERY_S = 0.25
_CLOSE_LIMIT_S = 2.0

Tell = Callable[[str, bool, int], None]
"""Called with "output" or "input", whether it is there, and the nanoseconds before the look."""


@dataclass
class Watched:
    """A port that is asked for by `pattern`; `name` is the one that answers to it now."""

    pattern: str
    name: str | None
    own: bool = False
    """A port of our own will do: it did before."""

    def __post_init__(self) -> None:
        self.own = self.own or (self.name is not None and is_own(self.name))

    def look(self, names: list[str]) -> bool:
        """Whether the port is where it was, among all there are; if not, take up another."""
        if self.name in names:
            return True
        gone = self.name is not None
        self.name = None
        if gone:
            return False  # at least one look without it, so that the loss is always told
        found = find_port(self.pattern, names, own=self.own)
        self.name = None if found is None else names[found]
        return found is not None


class PortWatch:
    """A thread that looks for ports a few times a second and tells what it saw.

    It tells first, before the thread begins, what it was given to start from.

    A driver takes messages for a port that has gone without complaint, so this is the only way to
    know. A port that goes and comes back between two looks is not noticed.
    """

    def __init__(self, watched: dict[str, Watched], tell: Tell) -> None:
        self._watched = watched
        self._tell = tell
        self._stop = Event()
        self._thread = Thread(target=self._run, name="port watch", daemon=True)
        now = time.monotonic_ns()
        for direction, port in watched.items():
            tell(direction, port.name is not None, now)
        self._thread.start()

    def close(self) -> None:
        """End the thread. Waits, at most seconds, until the driver answers."""
        self._stop.set()
        self._thread.join(_CLOSE_LIMIT_S)

    def _run(self) -> None:
        listers = {direction: PortLister(direction) for direction in self._watched}
        while not self._stop.wait(LOOK_EVERY_S):
            for direction, port in self._watched.items():
                now = time.monotonic_ns()
                there = port.look(_names(listers[direction]))
                if not self._stop.is_set():
                    self._tell(direction, there, now)
        for lister in listers.values():
            lister.close()


def is_watched(pattern: str | None) -> bool:
    """Whether a port can go: not one that we made ourselves, nor none."""
    return pattern is not None and not pattern.startswith(VIRTUAL)


def _names(lister: PortLister) -> list[str]:
    try:
        return lister.names()
    except Exception:  # whatever the driver's trouble is, the next look may do better
        lister.close()
        return []
