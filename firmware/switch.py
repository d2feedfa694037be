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
from typing import Any, Protocol, TextIO

from firmware.errors import FirmwareError

_MOST_EDGES = 256


class Switch(Protocol):
    """A pedal that is pressed and let go."""

    def edges(self) -> list[tuple[int, bool]]:
        """What happened since the last call: nanoseconds of CLOCK_MONOTONIC, and pressed or not."""
        ...

    def fileno(self) -> int | None:
        """Readable when there are edges; None when there is nothing to wait on."""
        ...

    def close(self) -> None:
        """Give the device back; again does nothing."""
        ...


class NoSwitch:
    """A box without a footswitch."""

    def edges(self) -> list[tuple[int, bool]]:
        return []

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        pass


class ScriptedSwitch:
    """A footswitch that a program presses."""

    def __init__(self) -> None:
        self._edges: deque[tuple[int, bool]] = deque(maxlen=_MOST_EDGES)

    def push(self, ns: int, pressed: bool) -> None:
        self._edges.append((ns, pressed))

    def edges(self) -> list[tuple[int, bool]]:
        found = list(self._edges)
        self._edges.clear()
        return found

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        self._edges.clear()


class KeyboardSwitch:
    """The space bar (or Enter) of a terminal as a footswitch: each stroke is a press and release.

    `quit` becomes True when q is typed. The terminal's line mode comes back on `close`, and at
    exit. A stream that is no terminal, such as a pipe, works too, until it ends.
    """

    def __init__(
        self, stream: TextIO | None = None, now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._now = now
        self._fd: int | None = _descriptor(stream or sys.stdin)
        self._saved: list[Any] | None = None
        self.quit = False
        if os.isatty(self._fd):
            self._saved = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)
            atexit.register(self.close)

    def edges(self) -> list[tuple[int, bool]]:
        """Never blocks. A stroke bears the time of this call, not of the finger."""
        found: list[tuple[int, bool]] = []
        for key in self._typed():
            if key in b" \r\n":
                now = self._now()
                found += [(now, True), (now, False)]
            elif key in b"qQ":
                self.quit = True
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
            typed = os.read(self._fd, _MOST_EDGES // 2)
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
