"""The footswitch: edges with the time they came at."""

import atexit
import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TextIO

from firmware.errors import FirmwareError

MOST_EDGES = 256

_HELD_KEYS = {ord("h"): 1_200_000_000, ord("H"): 3_200_000_000}
_STROKES = b" \r\n"


class Edge(NamedTuple):
    """The switch was pressed, or let go, at `ns` (CLOCK_MONOTONIC)."""

    ns: int
    pressed: bool


class Switch(Protocol):
    """A pedal that is pressed and let go."""

    @property
    def fault(self) -> str:
        """Why it cannot be pressed now, in one line; empty when all is well."""
        ...

    def edges(self) -> list[Edge]:
        """What happened since the last call, in order. Never blocks, never raises."""
        ...

    def fileno(self) -> int | None:
        """Readable when there are edges; None when there is nothing to wait on."""
        ...

    def close(self) -> None:
        """Give the device back; again does nothing."""
        ...


class NoSwitch:
    """A box without a footswitch: none is wanted, or it is missing, which `fault` says then."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def edges(self) -> list[Edge]:
        return []

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        pass


class ScriptedSwitch:
    """A footswitch that a program presses."""

    fault = ""

    def __init__(self) -> None:
        self._edges: deque[Edge] = deque(maxlen=MOST_EDGES)

    def push(self, ns: int, pressed: bool) -> None:
        self._edges.append(Edge(ns, pressed))

    def edges(self) -> list[Edge]:
        found = list(self._edges)
        self._edges.clear()
        return found

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        self._edges.clear()


class KeyboardSwitch:
    """The space bar (or Enter) of a terminal as a footswitch: each stroke is a press and release.

    A terminal does not tell how long a key is down, so h stands for a foot that stays down 1.2
    seconds, and H for one that stays 3.2. `quit` becomes True when q is typed. The terminal's line
    mode comes back on `close`, and at exit. A stream that is no terminal, such as a pipe, works
    too, until it ends.
    """

    def __init__(
        self, stream: TextIO | None = None, now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._now = now
        self._fd: int | None = _descriptor(stream or sys.stdin)
        self._saved: list[Any] | None = None
        self._up_at: int | None = None  # when the foot that is down will rise
        self.fault = ""
        self.quit = False
        if os.isatty(self._fd):
            self._saved = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)
            atexit.register(self.close)

    def edges(self) -> list[Edge]:
        """A stroke bears the time of this call, not of the finger."""
        found = self._risen()
        for key in self._typed():
            if key in _STROKES or key in _HELD_KEYS:
                found += self._stroke(_HELD_KEYS.get(key, 0))
            elif key in b"qQ":
                self.quit = True
        return found

    def _stroke(self, length: int) -> list[Edge]:
        """A foot that is down already rises first."""
        now = self._now()
        before = [] if self._up_at is None else [Edge(now, False)]
        self._up_at = now + length if length else None
        after = [] if length else [Edge(now, False)]
        return [*before, Edge(now, True), *after]

    def _risen(self) -> list[Edge]:
        if self._up_at is None or self._now() < self._up_at:
            return []
        found, self._up_at = [Edge(self._up_at, False)], None
        return found

    def fileno(self) -> int | None:
        return self._fd

    def close(self) -> None:
        if self._saved is not None and self._fd is not None:
            # The terminal may be gone already, as when a session is cut.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)
            atexit.unregister(self.close)
        self._saved = None
        self._fd = None

    def _typed(self) -> bytes:
        if self._fd is None or not select.select([self._fd], [], [], 0)[0]:
            return b""
        try:
            typed = os.read(self._fd, MOST_EDGES // 2)
        except OSError:
            typed = b""
        if not typed:  # the end of the stream, which would be readable for ever
            self.close()
        return typed


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError) as error:
        raise FirmwareError(
            "the keyboard cannot serve as a footswitch: its stream has no file descriptor; "
            "start from a terminal"
        ) from error
