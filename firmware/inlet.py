"""The player's ear: what comes in, on the thread of the MIDI driver, and the port it comes from."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from firmware import ports
from firmware.board import CONNECTED, FIRST, LAST, SIGHT, Board, Line
from firmware.dispatch import is_note_off, is_note_on
from firmware.echo import EchoFilter
from firmware.errors import FirmwareError
from firmware.hands import Hands
from firmware.ring import DATA_SIZE, Ring

TRY_AGAIN_S = 0.5
"""How long to leave a port alone that is there but would not open."""

_LONGEST_INPUT = 1024
_MOST_DEPARTED = 4096
_CLOSE_LIMIT_S = 2.0
_STACK_SIZE = 1 << 20  # all memory is locked, so a stack of the usual size would cost 8 MB

Hold = Callable[[int, bool], None]


class Inlet:
    """Hands on what comes in, but for echoes, and says which keys are under the hands.

    `hold` gets a key and whether it is down, on the thread of the driver. The port is lost and
    found again on a thread of its own, so that the realtime thread waits for neither.
    """

    def __init__(self, inputs: Ring, bell: int, board: Board, hold: Hold, echo_window_ns: int):
        self._inputs = inputs
        self._bell = bell
        self._cells = board.cells
        self._hold = hold
        self._echo = EchoFilter(echo_window_ns) if echo_window_ns > 0 else None
        self._departed: deque[tuple[int, bytes]] = deque(maxlen=_MOST_DEPARTED)
        self._down = Hands()
        self._pattern = ""
        self._line = ports.InputLine(self._receive)
        self._seen = 0
        self._noticed = 0
        self._changed = threading.Event()
        self._stop = False
        self._keeper: threading.Thread | None = None
        self.bad = 0
        """How many messages were too long, or empty."""
        self.echoed = 0
        self.news = False
        """Whether either number has risen; for the owner to take back."""

    @property
    def filters(self) -> bool:
        """Whether `departed` is of any use."""
        return self._echo is not None

    def open(self, pattern: str, wait: bool) -> str | None:
        """Open the port and begin to keep it; None when it does not open and `wait` allows that."""
        self._pattern = pattern
        self._seen = self._noticed = self._cells[Line.INPUT + SIGHT]
        name = None
        try:
            name = self._line.open(pattern)
        except FirmwareError:
            if not wait:
                raise
            self._seen = 0
        self._cells[Line.INPUT + CONNECTED] = name is not None
        before = threading.stack_size(_STACK_SIZE)
        self._keeper = threading.Thread(target=self._keep, name="input keeper", daemon=True)
        self._keeper.start()
        threading.stack_size(before)
        return name

    def heed(self) -> None:
        """See whether the parent saw the port go or come; for the realtime thread, and brief."""
        sight = self._cells[Line.INPUT + SIGHT]
        if sight != self._noticed:
            self._noticed = sight
            self._changed.set()

    def departed(self, ns: int, data: bytes) -> None:
        """A note is about to leave for the instrument; for the realtime thread, and brief.

        Both ends of the queue are safe without a lock: it is read by the driver's thread, which
        alone asks the filter.
        """
        self._departed.append((ns, data))

    def close(self) -> None:
        """Hear no more. Takes some hundredths of a second."""
        self._stop = True
        self._changed.set()
        if self._keeper is not None:
            self._keeper.join(_CLOSE_LIMIT_S)
        self._line.close()
        self._cells[Line.INPUT + CONNECTED] = 0

    # On the keeper's thread

    def _keep(self) -> None:
        while not self._stop:
            sight = self._cells[Line.INPUT + SIGHT]
            if sight == self._seen:
                self._changed.wait()
                self._changed.clear()
                continue
            self._lose()
            if sight & 1 and not self._find():
                self._changed.wait(TRY_AGAIN_S)
                self._changed.clear()
                continue
            self._seen = sight
            os.eventfd_write(self._bell, 1)

    def _lose(self) -> None:
        if not self._line.is_open:
            return
        self._line.close_port()
        self._cells[Line.INPUT + CONNECTED] = 0
        # With the driver's thread gone, its part falls to us: nobody else will say that the hands
        # let go.
        for data in self._down.releases():
            self._take(time.monotonic_ns(), data)

    def _find(self) -> bool:
        try:
            self._line.open(self._pattern, own=False)
        except FirmwareError:
            return False
        self._cells[Line.INPUT + CONNECTED] = 1
        return True

    # On the driver's thread

    def _receive(self, ns: int, data: bytes) -> None:
        if self._echo is not None and self._is_echo(self._echo, ns, data):
            self.echoed += 1
            self.news = True
            return
        self._take(ns, data)

    def _is_echo(self, echo: EchoFilter, ns: int, data: bytes) -> bool:
        with suppress(IndexError):
            while True:
                echo.sent(*self._departed.popleft())
        return echo.is_echo(ns, data)

    def _take(self, ns: int, data: bytes) -> None:
        self._down.heard(data)
        if is_note_on(data) or is_note_off(data):
            self._hold(data[1], is_note_on(data))
        if self._hand_over(ns, data):
            os.eventfd_write(self._bell, 1)

    def _hand_over(self, ns: int, data: bytes) -> bool:
        if not 0 < len(data) <= _LONGEST_INPUT:
            self.bad += 1
            self.news = True
            return False
        for start in range(0, len(data), DATA_SIZE):
            part = data[start : start + DATA_SIZE]
            flags = (FIRST if start == 0 else 0) | (LAST if start + DATA_SIZE >= len(data) else 0)
            if not self._inputs.put(flags, ns, data=part):
                return False
        return True
