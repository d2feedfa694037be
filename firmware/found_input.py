"""A MIDI input that is found by its name, and may come and go."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from firmware.errors import FirmwareError
from firmware.ports import InputPort, open_input
from firmware.watch import PortWatch, Watched

MOST_WAITING = 4096  # messages that nobody took; the oldest are forgotten first


class FoundInput:
    """Shows messages to `heard` as they come, on the driver's thread; `gone` is told, with the
    time (ns), when the port has vanished. `heard` says whether `fileno` is to become readable.

    `what` it is, for the words that say it is missing.
    """

    def __init__(
        self,
        pattern: str,
        what: str,
        heard: Callable[[int, bytes], bool],
        gone: Callable[[int], None] = lambda ns: None,
    ) -> None:
        self._pattern, self._what = pattern, what
        self._heard, self._gone = heard, gone
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._port: InputPort | None = None
        self._watch: PortWatch | None = PortWatch({"input": Watched(pattern, None)}, self._seen)

    @property
    def fault(self) -> str:
        """Empty while it is there."""
        if self._port is not None:
            return ""
        return f"no MIDI input matches {self._pattern!r}; connect the {self._what}"

    def quieten(self) -> None:
        """What came was taken; `fileno` is not readable until something comes again."""
        with suppress(BlockingIOError, OSError):
            os.eventfd_read(self._bell)

    def fileno(self) -> int | None:
        return self._bell if self._watch is not None else None

    def close(self) -> None:
        """Takes some hundredths of a second."""
        watch, self._watch = self._watch, None
        if watch is None:
            return
        watch.close()
        self._drop()
        os.close(self._bell)

    # On the thread of the watch

    def _seen(self, _direction: str, there: bool, ns: int) -> None:
        if not there and self._port is not None:
            self._drop()
            self._gone(ns)
            self._ring()
        elif there and self._port is None:
            with suppress(FirmwareError):  # it is there, but taken: the next look may do better
                self._port = open_input(self._pattern, self._received, own=False)

    def _drop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    # On the thread of the driver

    def _received(self, ns: int, data: bytes) -> None:
        if self._heard(ns, data):
            self._ring()

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # it rings already
            os.eventfd_write(self._bell, 1)


class SideKeyboard:
    """A second keyboard, on a port of its own."""

    def __init__(self, pattern: str) -> None:
        self._came: deque[tuple[int, bytes]] = deque(maxlen=MOST_WAITING)
        self._input = FoundInput(pattern, "second keyboard", self._take)

    @property
    def fault(self) -> str:
        return self._input.fault

    def incoming(self) -> list[tuple[int, bytes]]:
        """What was played since this was last asked, with its time (ns)."""
        self._input.quieten()
        return [self._came.popleft() for _ in range(len(self._came))]

    def fileno(self) -> int | None:
        return self._input.fileno()

    def close(self) -> None:
        self._input.close()

    def _take(self, ns: int, data: bytes) -> bool:
        self._came.append((ns, bytes(data)))
        return True
